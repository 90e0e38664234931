// Calls that are several system calls, taken apart, so that another process can come in between.

import { type Call, fs, type Outcome, type Steps } from '../../core/steps.js'
import { tidy } from '../../parts/cleanup.js'

/** A call that a player is making, part by part. Most have one part: the call itself. */
export class CallInParts {
  /** The part that is to be made next; undefined when all are made. */
  next: Call | undefined
  /** What came of the parts that were made, in words. */
  history = ''
  /** What came of the call, when all are made. */
  outcome: Outcome<unknown> | undefined
  readonly #parts: Steps<unknown> | undefined

  constructor(call: Call) {
    this.#parts = partsOf(call)
    this.next = this.#parts ? (this.#parts.next().value as Call) : call
  }

  /** The next part was made, and this came of it. */
  made(outcome: Outcome<unknown>, words: string): void {
    this.history += `${this.next?.op}>${words};`
    this.next = undefined
    try {
      if (!this.#parts) this.outcome = outcome
      else {
        const result = 'error' in outcome ? this.#parts.throw(outcome.error) : this.#parts.next(outcome.value)
        if (result.done) this.outcome = { value: result.value }
        else this.next = result.value
      }
    } catch (error) {
      this.outcome = { error }
    }
  }
}

function partsOf({ op, args }: Call): Steps<unknown> | undefined {
  if (op === 'readFile') return readFile(args[0] as string)
  if (op === 'copyFile') return copyFile(args[0] as string, args[1] as string)
  return undefined
}

function* readFile(path: string): Steps<Buffer> {
  return yield* opened(path, readAll)
}

function* copyFile(from: string, to: string): Steps<void> {
  yield* opened(from, function* (source) {
    const { mode } = yield* fs.fstat(source)
    const fd = yield* fs.open(to, 'wx', Number(mode) & 0o777)
    try {
      const bytes = yield* readAll(source)
      for (let at = 0; at < bytes.length; ) at += yield* fs.write(fd, bytes.subarray(at))
    } finally {
      yield* tidy(fs.close(fd))
    }
  })
}

function* opened<T>(path: string, use: (fd: number) => Steps<T>): Steps<T> {
  const fd = yield* fs.open(path, 'r')
  try {
    return yield* use(fd)
  } finally {
    yield* tidy(fs.close(fd))
  }
}

function* readAll(fd: number): Steps<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024)
    const got = yield* fs.read(fd, chunk, null)
    if (got === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, got))
  }
}
