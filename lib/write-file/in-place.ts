import { fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { readPieces, writeBytesAt } from '../parts/bytes.js'
import { closing, closingWritten } from '../parts/stage.js'
import type { Writing } from './job.js'

/**
 * Copies a private file into one that cannot be replaced: the weaker promise that `inPlace` names. All the data is on
 * this filesystem already, so little can fail here: no stream, and usually no full disk.
 */
export function* writeInPlace(from: string, to: string, { durability, permissions, trial }: Writing): Steps<void> {
  // Each try opens both files, so that it holds neither while it waits for the next.
  trial.publication?.begin()
  yield* achieve(() => overwriteFile(from, to, durability !== 'none'), noEvidence, trial)
  // A call that fails before this may have written a part.
  trial.publication?.decide(true)
  if (typeof permissions.mode === 'number') yield* fs.chmod(to, permissions.mode)
  if (permissions.owner) yield* fs.chown(to, permissions.owner.uid, permissions.owner.gid)
}

function* overwriteFile(from: string, to: string, synced: boolean): Steps<true> {
  const source = yield* fs.open(from, 'r')
  yield* closing(source, function* () {
    const target = yield* fs.open(to, 'r+')
    yield* closingWritten(target, synced, () => overwriteBytes(source, target, synced))
  })
  return true
}

function* overwriteBytes(source: number, target: number, synced: boolean): Steps<void> {
  const was = yield* fs.fstat(source)
  const size = yield* readPieces(source, was, (piece, position) => writeBytesAt(target, piece, position))
  yield* fs.ftruncate(target, size)
  if (synced) yield* fs.fsync(target)
}
