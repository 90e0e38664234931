// The making of a temporary directory, and the removal of those whose owners are dead. Each has a private name, which says
// who its owner is.

import { tmpdir } from 'node:os'
import { hasCode } from '../core/errors.js'
import { asPath, refusal } from '../core/input.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { achieve, noEvidence, type Trial } from '../parts/achieve.js'
import { discard, tidy } from '../parts/cleanup.js'
import { defaultGraceMs, isDebris, type Liveness } from '../parts/debris.js'
import { isOwn } from '../parts/follow-links.js'
import { namingOnly } from '../parts/public-names.js'
import { ownerOf, stageName } from '../parts/stage-names.js'
import type { TempDirOptions } from './options.js'
import { type Made, removeTemp } from './temp.js'

/** A call under way. */
export interface Temp {
  readonly dir: string
  readonly prefix: string
  readonly trial: Trial
}

export function asTemp({ dir = tmpdir(), prefix = 'holdfast', retryFor }: TempDirOptions, as: string): Temp {
  const path = asPath(dir, 'options.dir')
  if (typeof prefix !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.prefix', 'of type string', prefix)
  if (!/^[\w-]{1,50}$/.test(prefix))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.prefix', '1 to 50 letters, digits, "-" and "_"', prefix)
  return { dir: path, prefix, trial: { as, path, retryFor } }
}

export function* makeTemp(job: Temp): Steps<Made> {
  yield* tidy(sweepTemps(job))
  return yield* achieve(() => tryMake(job), noEvidence, job.trial)
}

function* tryMake({ dir, prefix }: Temp): Steps<Made> {
  const path = yield* stageName(`${dir}/${prefix}.temp`)
  try {
    yield* fs.mkdir(path, 0o700)
  } catch (error) {
    // No other call has this name, so the reply to this one was lost.
    if (!hasCode(error, 'EEXIST')) throw namingOnly(error, path, dir)
  }
  try {
    return { path, made: yield* fs.lstat(path) }
  } catch (error) {
    yield* discard(() => fs.rmdir(path))
    throw namingOnly(error, path, dir)
  }
}

const isTemp = (name: string): boolean => /\.temp\.[a-z0-9-]+\.[0-9a-f]{16}\.holdfast$/.test(name)

/** Once a second, because the directory may have many names. */
function* sweepTemps({ dir, trial }: Temp): Steps<void> {
  const key = `tempDir in ${dir}`
  if (yield* fs.recall(key)) return
  yield* fs.remember(key, true)
  const liveness: Liveness = { dir, graceMs: defaultGraceMs }
  for (const name of (yield* fs.readdir(dir)).filter(isTemp))
    yield* tidy(sweepTemp(name, liveness, { retryFor: trial.retryFor }))
}

/** Those of other users stay, also if this process might remove them. */
function* sweepTemp(name: string, liveness: Liveness, patience: { retryFor: number | undefined }): Steps<void> {
  const owner = ownerOf(name)
  if (owner === undefined || !(yield* isDebris(name, owner, liveness))) return
  const path = `${liveness.dir}/${name}`
  const there = yield* fs.lstat(path, orNothing)
  if (there?.isDirectory() && isOwn(there)) yield* removeTemp.steps(path, there, patience)
}
