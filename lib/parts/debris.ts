// Private names (./stage-names.ts) that dead processes have left behind.

import { fs, orNothing, type Path, type Steps } from '../core/steps.js'
import { discard } from './cleanup.js'
import { namingOnly } from './public-names.js'
import { closing } from './stage.js'
import { stageName } from './stage-names.js'
import { childPath } from './tree.js'

const dayMs = 24 * 60 * 60 * 1000
export const defaultGraceMs = dayMs

/** What judging owners takes, in one directory. */
export interface Liveness {
  readonly dir: Path
  readonly graceMs: number
  /**
   * The time on the filesystem's own clock, which may be another machine's. Read once, when an owner cannot be judged.
   */
  nowMs?: bigint
}

/** Is the owner dead; or, if that cannot be judged from here, has the name not changed for `graceMs`? */
export function* isDebris(name: Path, owner: string, liveness: Liveness): Steps<boolean> {
  const alive = yield* fs.alive(owner)
  if (alive !== undefined) return !alive
  const there = yield* fs.lstat(childPath(liveness.dir, { name, kind: 'other' }), orNothing)
  if (!there || liveness.graceMs === Number.POSITIVE_INFINITY) return false
  liveness.nowMs ??= yield* readClock(liveness.dir)
  // ctime, because mtime can be set, and is, where a copy keeps the times of its source.
  return liveness.nowMs - there.ctimeMs >= BigInt(Math.ceil(liveness.graceMs))
}

function* readClock(dir: Path): Steps<bigint> {
  const path = yield* stageName(childPath(dir, { name: 'clock', kind: 'file' }))
  try {
    const fd = yield* fs.open(path, 'wx', 0o600)
    try {
      return (yield* closing(fd, () => fs.fstat(fd))).ctimeMs
    } finally {
      yield* discard(() => fs.unlink(path))
    }
  } catch (error) {
    throw namingOnly(error, path, dir)
  }
}
