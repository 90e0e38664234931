// What the contests of stores have in common: a keyed store that several processes have open at once, and what they do
// with it in a round.

import type { Turn } from '../turn.js'

/** A store, as one process has it open. */
export interface Shared {
  get(key: string): Promise<unknown>
  /** Whether there is a value or not. */
  set(key: string, value: unknown): Promise<unknown>
  remove(key: string): Promise<unknown>
  /** Changes the value that is there. Absent: the store has no such function, so it is read and then set. */
  update?(key: string, change: Change): Promise<unknown>
  /** Returns the value that is there, or makes one. Absent: the store has no such function. */
  getOrSet?(key: string, compute: () => Promise<unknown>): Promise<unknown>
  close?(): Promise<unknown>
}

export type Change = (old: unknown) => unknown

/** Opens a store that is kept in a directory. */
export type Way = (dir: string) => Promise<Shared>

/** Opens a store for a round, and closes it afterwards. */
export async function withStore<T>(open: Way, turn: Turn, work: (store: Shared) => Promise<T>): Promise<T> {
  const store = await open(turn.dir)
  try {
    return await work(store)
  } finally {
    await store.close?.()
  }
}

/** Waits until all processes of these roles have come as far as this one. */
export async function together(turn: Turn, where: string, cast: Readonly<Record<string, number>>, role: string) {
  turn.mark(`${where}-${role}-${turn.number}`)
  for (const [each, processes] of Object.entries(cast))
    for await (const _ of turn.until(`${where}-${each}`, processes));
}

/** Lets one process open the store, and lay something in it, before the others open it. */
export async function afterFirst(turn: Turn, open: Way, lay: (store: Shared) => Promise<unknown>): Promise<void> {
  if (turn.number === 0) {
    await withStore(open, turn, lay)
    turn.mark('laid-0')
  }
  for await (const _ of turn.until('laid', 1));
}

/** A read, then a write, where the store has nothing better. */
export async function update(store: Shared, key: string, change: Change): Promise<unknown> {
  if (store.update) return store.update(key, change)
  const old = await store.get(key)
  // Nothing is there: there is nothing to change.
  if (old === undefined || old === null) return undefined
  return store.set(key, await change(old))
}

/** Some contests are for stores that have such a function. */
export function getOrSet(store: Shared, key: string, compute: () => Promise<unknown>): Promise<unknown> {
  if (!store.getOrSet) throw new Error('The store has no getOrSet')
  return store.getOrSet(key, compute)
}
