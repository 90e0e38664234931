// An engine in memory for the explorer: each of its calls is a step of the schedule, before which a player may be stopped or
// killed. The state is not on the disk, so the explorer must not take two worlds for one: `reduction: 'sleep'`.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fs, orNothing, type Steps } from 'holdfast/steps'
import type { Backing, Draft, Kept } from 'holdfast/store'
import { memoryBacking } from '../../lib/store/memory.js'
import { over } from '../../lib/store/over.js'

/** What stands for the state of an engine: calls on it depend on each other, and are steps. */
export const laySteps = (dir: string, names: readonly string[] = ['store']): void => {
  for (const name of names) writeFileSync(join(dir, name), '')
}

export const aRead = (dir: string, name = 'store'): Steps<unknown> => fs.lstat(join(dir, name), orNothing)
export const aWrite = (dir: string, name = 'store'): Steps<unknown> => fs.utimes(join(dir, name), 1, 1)

/** The same engine, which cannot say that a state is still there: as a server. */
export function unproven(backing: Backing): Backing {
  const { stillThere: _, ...calls } = over(backing, {})
  return calls
}

/** `memory`: what all players share, in which nothing ever ends. */
export function steppedBacking(dir: string, memory = memoryBacking(() => 0), name = 'store'): Backing {
  return {
    // In the explorer each player is a process of its own.
    claims: { self: () => fs.thread(), alive: owner => fs.alive(owner) },
    *read(key: string): Steps<Kept | undefined> {
      yield* aRead(dir, name)
      return yield* memory.read(key)
    },
    *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
      yield* aWrite(dir, name)
      return yield* memory.commit(key, from, to)
    },
    *list(prefix: string, cursor: unknown) {
      yield* aRead(dir, name)
      return yield* memory.list(prefix, cursor)
    },
    *changed(_key: string, ms: number): Steps<void> {
      yield* fs.changed(dir, ms)
    },
    now: () => memory.now(),
    *stillThere(key: string, kept: Kept): Steps<boolean> {
      yield* aRead(dir, name)
      return yield* (memory as Required<Backing>).stillThere(key, kept)
    },
  }
}
