import { closing } from './stage.js'
import { fs, orNothing, type Steps } from './steps.js'

const chunkBytes = 64 * 1024

/** Are both files with the same bytes, or both links with the same text? */
export function* sameContent(a: string, b: string): Steps<boolean> {
  const [one, other] = [yield* fs.lstat(a, orNothing), yield* fs.lstat(b, orNothing)]
  if (!one || !other) return false
  if (one.isSymbolicLink() && other.isSymbolicLink()) return (yield* fs.readlink(a)) === (yield* fs.readlink(b))
  if (!one.isFile() || !other.isFile() || one.size !== other.size) return false
  return yield* opened(a, left => opened(b, right => sameBytes(left, right)))
}

function* opened<T>(path: string, use: (fd: number) => Steps<T>): Steps<T> {
  const fd = yield* fs.open(path, 'r')
  return yield* closing(fd, () => use(fd))
}

function* sameBytes(a: number, b: number): Steps<boolean> {
  const [left, right] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)]
  for (let position = 0; ; position += chunkBytes) {
    const [read, other] = [yield* readFull(a, left, position), yield* readFull(b, right, position)]
    if (read !== other || left.compare(right, 0, other, 0, read) !== 0) return false
    if (read < chunkBytes) return true
  }
}

/** Fills the buffer, however little one call answers; answers how much there was. */
function* readFull(fd: number, into: Buffer, position: number): Steps<number> {
  let filled = 0
  while (filled < into.length) {
    const got = yield* fs.read(fd, into.subarray(filled), position + filled)
    if (got === 0) break
    filled += got
  }
  return filled
}
