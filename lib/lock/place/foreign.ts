// Another package's lock at the name of ours. Those that `mkdir` that name make an empty directory, which has no mark of
// ours. It is waited for; and it is taken over only if `foreign` says after how long without a change.

import { join } from 'node:path'
import { notACell } from '../../cell/transition.js'
import { asNumber } from '../../core/input.js'
import { epochMs } from '../../core/moment.js'
import { checkNames } from '../../core/option-names.js'
import type { Stats } from '../../core/stats.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { cleaningUp, discard } from '../../parts/cleanup.js'
import { msSinceRename } from '../../parts/filesystem-clock.js'
import { stageName } from '../../parts/stage-names.js'
import { noteLook, noteState, type Sighting } from '../evidence/sighting.js'
import { marginMs, orUnknown } from '../evidence.js'
import type { Foreign, Locking } from '../job.js'
import { isMarked } from './own-directory.js'

/** What of other packages is no lock of ours. */
export const byAnother = 'another package'

export function asForeign(value: unknown): Foreign | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null)
    return { unchangedMs: asNumber(value, 'options.foreign', 0, 1), oldestMs: Number.POSITIVE_INFINITY }
  checkNames(value, ruleNames, 'options.foreign')
  const { stale } = value as { readonly stale?: unknown }
  const staleMs = asNumber(stale ?? null, 'options.foreign.stale', 0, 1)
  return { unchangedMs: staleMs, oldestMs: staleMs }
}

const ruleNames: ReadonlySet<string> = new Set(['stale'])

/**
 * The sticky bit, with which a directory is made that is to be filled in place: no other package makes it so, and on Linux
 * it is there from the first moment on.
 */
export const birthMark = 0o1000

/** What has the name of the lock, and is empty: undefined if nothing has it any more. A link leads to another. */
export function* statEmpty(dir: string): Steps<Stats | undefined> {
  const there = yield* fs.lstat(dir, orNothing)
  if (there?.isSymbolicLink()) throw notACell(dir, 'it is a link, which is not followed')
  return there?.isDirectory() ? there : undefined
}

const hasBirthMark = (there: Stats): boolean => (there.mode & BigInt(birthMark)) !== 0n

/** Do directories in `dir` keep the bit with which they are made? Not on Windows, in Deno, or where files have no modes. */
export function* keepsBirthMark(dir: string): Steps<boolean> {
  const name = yield* stageName(join(dir, 'mark'))
  yield* fs.mkdir(name, 0o700 | birthMark)
  try {
    return hasBirthMark(yield* fs.lstat(name))
  } finally {
    yield* cleaningUp(() => discard(() => fs.rmdir(name)))
  }
}

/** Has a call of ours made the directory, which is empty, and not come further yet? */
export const isUnborn = (there: Stats): boolean => !isMarked(there) && hasBirthMark(there)

/** Has another package made the directory, which is empty? */
export const isForeign = (there: Stats): boolean => !isMarked(there) && !hasBirthMark(there)

/**
 * Does its mtime say that its holder is dead, as those packages read it? It is the clock of the machine that has set it, so
 * only `foreign` can say that this is enough.
 */
export const isStale = (there: Stats, oldestMs: number): boolean => Number(there.mtimeMs) < epochMs() - oldestMs

/**
 * Was it unchanged for as long as `foreign` says, or is it stale by their rule? Those packages show that the holder lives by
 * setting its times, and each time the filesystem notes when it was set: nothing else sets that.
 */
export function* isLeft(there: Stats, { dir, foreign }: Locking, sighting: Sighting): Steps<boolean> {
  const { watch } = sighting
  const beat = `${byAnother} ${there.ino} ${there.ctimeNs}`
  noteState(sighting, beat, undefined)
  Object.assign(sighting, { token: undefined, isForeign: true })
  if (foreign === undefined) return false
  const { unchangedMs, oldestMs } = foreign
  if (isStale(there, oldestMs)) return true
  if (unchangedMs === Number.POSITIVE_INFINITY) return false
  noteLook(watch, beat, yield* fs.now())
  if (watch.forMs >= unchangedMs) return true
  if (watch.forMs < watch.askAtMs) return false
  const enoughMs = unchangedMs + marginMs
  const ageMs = yield* orUnknown(msSinceRename(dir, dir, enoughMs))
  if (ageMs !== undefined && ageMs >= enoughMs) return true
  watch.askAtMs = watch.forMs + Math.min(unchangedMs, ageMs === undefined ? unchangedMs : enoughMs - ageMs)
  return false
}
