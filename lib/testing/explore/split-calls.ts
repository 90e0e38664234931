// Calls that hide several system calls, taken apart, so that another process can come in between.

import { type Call, fs, type Outcome, type Steps } from '../../core/steps.js'
import { tidy } from '../../parts/cleanup.js'
import { sideBySide } from '../../parts/concurrently.js'

/** The same steps, with `readFile` and `copyFile` as what they are made of. */
export function* inParts<T>(steps: Steps<T>): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    // What is no call passes as it is: the explorer says so.
    const call = next.value as Call | undefined
    let value: unknown
    try {
      value = call && isComposed(call) ? yield* partsOf(call) : yield next.value
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

function* partsOf(call: Call): Steps<unknown> {
  if (call.op === 'readFile') return yield* readFile(call.args[0] as string)
  if (call.op === 'copyFile') return yield* copyFile(call.args[0] as string, call.args[1] as string)
  return call.op === 'together' ? yield* partsOfAll(call.args[0] as Call[]) : yield call
}

const isComposed = ({ op, args }: Call): boolean =>
  op === 'readFile' || op === 'copyFile' || (op === 'together' && (args[0] as Call[]).some(isComposed))

/** Those that are made together go on together, part by part. */
function* partsOfAll(calls: readonly Call[]): Steps<Outcome<unknown>[]> {
  const outcomes: Outcome<unknown>[] = []
  const tasks = calls.map((call, at) => () => noted(call, outcomes, at))
  yield* sideBySide(tasks.reverse(), calls.length)
  return outcomes
}

function* noted(call: Call, outcomes: Outcome<unknown>[], at: number): Steps<void> {
  try {
    outcomes[at] = { value: yield* partsOf(call) }
  } catch (error) {
    outcomes[at] = { error }
  }
}

function* opened<T>(path: string, use: (fd: number) => Steps<T>): Steps<T> {
  const fd = yield* fs.open(path, 'r')
  try {
    return yield* use(fd)
  } finally {
    yield* tidy(fs.close(fd))
  }
}

function* readFile(path: string): Steps<Buffer> {
  return yield* opened(path, readAll)
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
