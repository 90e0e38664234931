// The calls that are several system calls, taken apart, so that another process can come in between.

import { type Call, fs, type OpenFlags, type Steps } from '../../core/steps.js'
import { tidy } from '../../parts/cleanup.js'
import { Opening } from './listing.js'

/** The parts of a call; undefined if the call is one step of a schedule. */
export function partsOf({ op, args }: Call, splitListings: boolean): Steps<unknown> | undefined {
  const [first, flags] = args as [string, OpenFlags?]
  if (op === 'readFile') return readFile(first, flags)
  if ((op === 'readdir' || op === 'list') && splitListings) return listing(op, first)
  return undefined
}

/** Without the `close`, which cannot fail, and which no other process can notice. */
function* listing(op: 'readdir' | 'list', path: string): Steps<unknown> {
  const opened = yield { op, args: [new Opening(path)] }
  return yield { op, args: [opened] }
}

function* readFile(path: string, flags: OpenFlags = 'r'): Steps<Buffer> {
  return yield* whileOpen(path, flags, readAll)
}

function* whileOpen<T>(path: string, flags: OpenFlags, use: (fd: number) => Steps<T>): Steps<T> {
  const fd = yield* fs.open(path, flags)
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
