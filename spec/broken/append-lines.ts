// Ways to append a record that people usually write.

import { fs, type Steps } from 'holdfast/steps'

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
