import { dual } from './core/dual.js'
import { asNumber, asPath, type Patience } from './core/input.js'
import { checkOptionNames } from './core/option-names.js'
import { fs, type Steps } from './core/steps.js'
import { type Line, Reader } from './lines/reader.js'
import { achieve, done, noEvidence } from './parts/achieve.js'
import { tidy } from './parts/cleanup.js'
import { asEncoding } from './parts/source.js'

export type { Line } from './lines/reader.js'

export interface LinesOptions extends Patience {
  /** The encoding of the text. @default 'utf8' */
  readonly encoding?: BufferEncoding | undefined
  /** The byte at which reading begins: `end` of the last line of an earlier reading. @default 0 */
  readonly start?: number | undefined
}

export interface Lines {
  (file: string | URL, options?: LinesOptions): AsyncIterableIterator<Line>
  /** The same, without promises. */
  sync(file: string | URL, options?: LinesOptions): IterableIterator<Line>
  /** All lines at once, as steps of a larger algorithm. */
  steps(file: string | URL, options?: LinesOptions): Steps<Line[]>
}

/**
 * Reads the lines of a file, as `appendLines` writes it, and says which records are torn.
 *
 * Holds afterwards: each line that the file had when reading began was yielded once, in order, with where it is. `torn` is
 * true of a record that was written only in part, because the disk was full or its process was killed; and of the last line
 * if it has no end: it is torn, or another process is writing it at this moment. Empty lines are left out.
 *
 * Not promised: that lines come which are appended while the file is read. That a line without the mark is what a program
 * meant to write, if it was written without `appendLines`. Bytes that are no text in the encoding become U+FFFD; `latin1`
 * takes any bytes. A file that is shortened meanwhile is read as far as it is there.
 *
 * @param file A path, or a `file:` URL.
 * @param options `signal` and `timeout` are obeyed between two reads, `timeout` for each of them.
 * @returns An iterable of lines: `for await (const line of lines(file))`, `for (const line of lines.sync(file))`. The file is
 *   opened at the first line, and closed at the end, or when the loop is left.
 * @throws Errors of the system, unchanged: ENOENT, EISDIR, EACCES ...
 *
 * @example
 * let seen = 0
 * for await (const { text, torn, end } of lines('events.jsonl', { start: seen }))
 *   if (!torn) [seen] = [end, handle(JSON.parse(text))]
 */
export const lines: Lines = Object.assign(
  (file: string | URL, options: LinesOptions = {}) => iterate(...begin(file, options), options),
  {
    sync: (file: string | URL, options: LinesOptions = {}) => iterateSync(...begin(file, options), options),
    steps: (file: string | URL, options: LinesOptions = {}) => readAll(...begin(file, options), options),
  },
)

/** Refuses bad input at once, not at the first line. */
function begin(file: string | URL, options: LinesOptions): [path: string, reader: Reader] {
  checkOptionNames(options)
  const path = asPath(file, 'file')
  return [path, new Reader(asEncoding(options.encoding), Math.floor(asNumber(options.start, 'options.start', 0)))]
}

const open = dual(function* lines(path: string, reader: Reader, { retryFor }: LinesOptions = {}): Steps<void> {
  reader.fd = yield* achieve(() => fs.open(path, 'r nonblock'), noEvidence, { as: 'lines', path, retryFor })
  yield* fs.keep(reader.fd)
})

const next = dual(function* readLines(path: string, reader: Reader, { retryFor }: LinesOptions = {}) {
  const trial = { as: 'lines', path, retryFor }
  return (yield* achieve(() => some(reader), noEvidence, trial)).lines
})

function* some(reader: Reader): Steps<{ readonly lines: Line[] | undefined }> {
  return { lines: yield* reader.next() }
}

const close = dual(function* closeLines(reader: Reader): Steps<void> {
  const { fd } = reader
  reader.fd = undefined
  if (fd !== undefined) yield* tidy(done(fs.close(fd), true))
})

async function* iterate(path: string, reader: Reader, options: LinesOptions): AsyncGenerator<Line, void, undefined> {
  try {
    await open(path, reader, options)
    for (let some = await next(path, reader, options); some; some = await next(path, reader, options)) yield* some
  } finally {
    await close(reader)
  }
}

function* iterateSync(path: string, reader: Reader, options: LinesOptions): Generator<Line, void, undefined> {
  try {
    open.sync(path, reader, options)
    for (let some = next.sync(path, reader, options); some; some = next.sync(path, reader, options)) yield* some
  } finally {
    close.sync(reader)
  }
}

function* readAll(path: string, reader: Reader, options: LinesOptions): Steps<Line[]> {
  const all: Line[] = []
  try {
    yield* open.steps(path, reader, options)
    for (let some = yield* next.steps(path, reader, options); some; some = yield* next.steps(path, reader, options))
      all.push(...some)
    return all
  } finally {
    yield* close.steps(reader)
  }
}
