// What the dead have left: private names (./stage.ts) whose owner will never come back for them.

import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { closing } from './stage.js'
import { stageName } from './stage-names.js'
import { childPath } from './tree.js'

const dayMs = 24 * 60 * 60 * 1000
export const defaultGraceMs = dayMs

/** Tells live from dead in one directory. */
export interface Liveness {
  readonly dir: string
  readonly graceMs: number
  /** What the filesystem's own clock says, which may be another machine's; asked once, if somebody is unknowable. */
  nowMs?: bigint
}

/** May it be taken away: is its owner dead, or if that cannot be known, has nothing changed there for so long? */
export function* isDebris(name: Path, owner: string, liveness: Liveness): Steps<boolean> {
  const alive = yield* fs.alive(owner)
  if (alive !== undefined) return !alive
  const there = yield* fs.lstat(childPath(liveness.dir, { name, kind: 'other' }), orNothing)
  if (!there || liveness.graceMs === Number.POSITIVE_INFINITY) return false
  liveness.nowMs ??= yield* clockOf(liveness.dir)
  // The change of the inode, because that of the data can be set, and is, by whoever keeps a copy's times.
  return liveness.nowMs - there.ctimeMs >= BigInt(Math.ceil(liveness.graceMs))
}

function* clockOf(dir: string): Steps<bigint> {
  const path = yield* stageName(`${dir}/clock`)
  const fd = yield* fs.open(path, 'wx', 0o600)
  try {
    return (yield* closing(fd, () => fs.fstat(fd))).ctimeMs
  } finally {
    yield* fs.unlink(path)
  }
}
