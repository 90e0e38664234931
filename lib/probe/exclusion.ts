// Experiments in which two calls want one thing: exactly one of them may get it.

import { type Errno, hasCode } from '../core/errors.js'
import { fs, type Steps, together } from '../core/steps.js'
import { hasFailed, isRefusal, rounds } from './judgement.js'
import type { ScratchDir } from './scratch.js'
import { touch } from './small-files.js'

/** When two calls create the same file or directory, exactly one succeeds, and later ones fail. */
export function* exclusiveCreate(scratch: ScratchDir): Steps<boolean> {
  for (let round = 0; round < rounds; round++) {
    const files = () => bothWays(scratch, round, path => fs.open(`${path}/file${round}`, 'wx', 0o600))
    const dirs = () => bothWays(scratch, round, path => fs.mkdir(`${path}/dir${round}`, 0o700))
    for (const make of [files, dirs])
      if ((yield* countWinners(make())) !== 1 || (yield* countWinners(make())) !== 0) return false
  }
  return true
}

/** When two calls rename the same file, each to a name of its own, exactly one succeeds. */
export function* exclusiveRename(scratch: ScratchDir): Steps<boolean> {
  for (let round = 0; round < rounds; round++) {
    // It is made by both paths, because a mount that does not know of the file would lose for that reason alone.
    for (const path of [scratch.here, scratch.there]) yield* touch(`${path}/token${round}`)
    const rename = (path: string, at: number) => fs.rename(`${path}/token${round}`, `${path}/token${round}-${at}`)
    if ((yield* countWinners(bothWays(scratch, round, rename), 'ENOENT')) !== 1) return false
  }
  return true
}

/** One call by each path. They take turns at being first, because the sync form makes one after the other. */
function bothWays<T>({ here, there }: ScratchDir, round: number, call: (path: string, at: number) => Steps<T>) {
  return (round % 2 === 0 ? [here, there] : [there, here]).map(call)
}

/** Makes the calls at once, and returns how many succeeded. */
function* countWinners(calls: readonly Steps<unknown>[], ...lost: readonly Errno[]): Steps<number> {
  const outcomes = yield* together(calls)
  const values = outcomes.flatMap(one => (hasFailed(one) ? [] : [one.value]))
  yield* together(values.flatMap(fd => (typeof fd === 'number' ? [fs.close(fd)] : [])))
  // rclone reports EIO to a call that lost to another mount. If no call won, EIO proves no loss, and comes out.
  const isLost = (error: unknown) =>
    isRefusal(error) || hasCode(error, ...lost) || (values.length > 0 && hasCode(error, 'EIO'))
  for (const one of outcomes) if (hasFailed(one) && !isLost(one.error)) throw one.error
  return values.length
}
