// Ways to append a record that people usually write.

import { dual, fs, type Steps } from 'holdfast/steps'

function* writeOn(fd: number, text: string): Steps<void> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) at += yield* fs.write(fd, bytes.subarray(at))
}

/** As `fs.appendFile`: goes on where a write has ended early, whatever came behind meanwhile. */
export function* appendOn(file: string, record: string): Steps<void> {
  const fd = yield* fs.open(file, 'a+ nofollow')
  try {
    yield* writeOn(fd, `${record}\n`)
  } finally {
    yield* fs.close(fd)
  }
}

/** The line end is a write of its own. */
export const appendApart = dual(function* steps(file: string, record: string): Steps<void> {
  const fd = yield* fs.open(file, 'a+ nofollow')
  try {
    yield* writeOn(fd, record)
    yield* writeOn(fd, '\n')
  } finally {
    yield* fs.close(fd)
  }
})

/** One write, and a look at the end before it: as loggers heal a torn tail when they start. */
export function* lookThenAppend(file: string, record: string): Steps<void> {
  const fd = yield* fs.open(file, 'a+ nofollow')
  try {
    const size = Number((yield* fs.fstat(fd)).size)
    const last = Buffer.alloc(1)
    if (size > 0) yield* fs.read(fd, last, size - 1)
    const text = size > 0 && last[0] !== 0x0a ? `\x18\n${record}\n` : `${record}\n`
    const got = yield* fs.write(fd, Buffer.from(text))
    if (got < text.length) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', errno: -28, syscall: 'write' })
  } finally {
    yield* fs.close(fd)
  }
}

/**
 * The same steps, as they are where a disk is full for a moment: each write ends at `cut`, and is continued by what Node
 * writes with, which says only how many bytes both writes have written. `between` are the steps of another process.
 */
export function* continued<T>(steps: Steps<T>, cut: (bytes: number) => number, between?: () => void): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      const { op, args } = next.value
      const [fd, data, position] = args as [number, Uint8Array, number | undefined]
      const at = op === 'write' && position === undefined ? cut(data.length) : 0
      if (at > 0 && at < data.length) {
        const first = yield* fs.write(fd, data.subarray(0, at))
        between?.()
        value = first + (first < at ? 0 : yield* orNothing(fs.write(fd, data.subarray(at))))
      } else value = yield next.value
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

/** The error of a write that continues another one is not reported. */
function* orNothing(write: Steps<number>): Steps<number> {
  try {
    return yield* write
  } catch {
    return 0
  }
}
