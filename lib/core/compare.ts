import { hasCode } from './achieve.js'
import { closing } from './stage.js'
import { fs, orNothing, type Steps } from './steps.js'

const chunkBytes = 64 * 1024

/** Is what is at `there` like `here`: two files with the same bytes, or two links with the same text? */
export function* compare(here: string, there: string): Steps<'alike' | 'another' | 'nothing'> {
  try {
    return (yield* isAlike(here, there)) ? 'alike' : 'another'
  } catch (error) {
    if (hasCode(error, 'ENOENT') && !(yield* fs.lstat(there, orNothing))) return 'nothing'
    throw error
  }
}

function* isAlike(here: string, there: string): Steps<boolean> {
  const [one, other] = [yield* fs.lstat(here), yield* fs.lstat(there)]
  if (one.isSymbolicLink() && other.isSymbolicLink())
    return (yield* fs.readlink(here)).equals(yield* fs.readlink(there))
  if (!one.isFile() || !other.isFile() || one.size !== other.size) return false
  return yield* opened(here, left => opened(there, right => haveSameBytes(left, right)))
}

function* opened<T>(path: string, use: (fd: number) => Steps<T>): Steps<T> {
  const fd = yield* fs.open(path, 'r')
  return yield* closing(fd, () => use(fd))
}

function* haveSameBytes(a: number, b: number): Steps<boolean> {
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
