import type { Stats } from '../core/stats.js'
import { fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { copyBytes } from '../parts/duplicate.js'
import { closing } from '../parts/stage.js'
import type { Writing } from './job.js'

/**
 * Copies a private file into one that cannot be replaced: the weaker promise that `inPlace` names. All the data is on
 * this filesystem already, so little can fail here: no stream, and usually no full disk.
 */
export function* writeInPlace(from: string, to: string, { durability, permissions, trial }: Writing): Steps<void> {
  const source = yield* fs.open(from, 'r')
  yield* closing(source, () => achieve(() => overwriteFile(source, to, durability !== 'none'), noEvidence, trial))
  if (typeof permissions.mode === 'number') yield* fs.chmod(to, permissions.mode)
  if (permissions.owner) yield* fs.chown(to, permissions.owner.uid, permissions.owner.gid)
}

function* overwriteFile(source: number, to: string, synced: boolean): Steps<Stats> {
  const target = yield* fs.open(to, 'r+')
  return yield* closing(target, () => overwriteBytes(source, target, synced))
}

function* overwriteBytes(source: number, target: number, synced: boolean): Steps<Stats> {
  yield* fs.ftruncate(target, yield* copyBytes(source, target))
  if (synced) yield* fs.fsync(target)
  return yield* fs.fstat(target)
}
