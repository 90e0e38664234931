// What players do with a lock that they share, or want alone: each shows that it is in, and looks who else is.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lock, type SharingOptions } from 'holdfast'
import { fs, type Hold, release, type Steps, tidy } from 'holdfast/steps'
import type { Ending } from 'holdfast/testing'
import { cleaningUp, uninterruptible } from '../../lib/parts/cleanup.js'

/** The directory in which those that are in show themselves. */
export const layPresence = (dir: string): void => mkdirSync(join(dir, 'in'))

export type Take = (path: string) => Steps<Parameters<typeof release>[0] | undefined>

export const shared: Take = path => lock.shared.steps(path)
export const alone: Take = path => lock.steps(path)
export const trying =
  (options: SharingOptions = {}): Take =>
  path =>
    lock.try.steps(path, options)
export const holding =
  (holders: number): Take =>
  path =>
    lock.steps(path, { holders })

export interface Visit {
  /** The names that it saw besides its own: each begins with the letter of the kind. */
  readonly seen: readonly string[]
  /** It was robbed meanwhile, and knows it. */
  readonly lost: boolean
}

/** Is in once; undefined if it did not get in. It is out again whatever happens. */
export function* visit(dir: string, name: string, take: Take): Steps<Visit | undefined> {
  const hold = yield* take(`${dir}/x`)
  if (!hold) return undefined
  const visited = { seen: [] as string[], lost: false }
  try {
    yield* tidy(fs.mkdir(`${dir}/in/${name}`))
    visited.seen = (yield* fs.readdir(`${dir}/in`)).filter(one => one !== name)
  } catch (error) {
    yield* uninterruptible(() => leave(dir, name, hold, visited))
    throw error
  }
  yield* cleaningUp(() => leave(dir, name, hold, visited))
  return visited
}

function* leave(dir: string, name: string, hold: Hold, visited: { lost: boolean }): Steps<void> {
  yield* tidy(fs.rmdir(`${dir}/in/${name}`))
  try {
    yield* release(hold)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_LEASE_LOST') throw error
    visited.lost = true
  }
}

/** What became of a visit; undefined if the player was not in, or has lost the lock, or its life. */
function visitOf({ outcomes }: Ending, name: string): Visit | undefined {
  const outcome = outcomes[name]
  const value = outcome?.how === 'returned' ? (outcome.value as Visit | undefined) : undefined
  return value?.lost ? undefined : value
}

/** A writer, whose name begins with `w`, is alone; of all others, at most so many are in together. */
export function assertAlone(ending: Ending, most = Number.POSITIVE_INFINITY): void {
  for (const name of Object.keys(ending.outcomes)) {
    const others = visitOf(ending, name)?.seen.filter(other => visitOf(ending, other)) ?? []
    if (others.length > 0 && [name, ...others].some(one => one.startsWith('w')))
      throw new Error(`${name} was in together with ${others}`)
    if (others.length >= most) throw new Error(`${name} was in together with ${others}, and at most ${most} may be`)
  }
}

/** Was one in together with another? */
export const wereTogether = ({ outcomes }: Ending): boolean =>
  Object.values(outcomes).some(
    outcome => outcome.how === 'returned' && (outcome.value as Visit | undefined)?.seen.length,
  )
