// A scope is dropped beside eight writers, on files: each of nine processes has objects of its own.

import { join } from 'node:path'
import { fileStore, getOrSet, memo, type Scope, scope } from 'holdfast/store'
import { contender, overlaps } from 'holdfast/testing'
import { memoisedGeneration } from '../broken/scopes.js'
import { innerOf } from '../../lib/store/inner.js'
import { assert, catchInRace, holds, note, places, race, raced, scratch, sized } from '../support/kit.js'

const keys = ['a', 'b', 'c']

/** One object for each process and round: what is remembered between rounds is a part of the race. */
const scopes = new Map<string, Scope<string>>()
function scopeIn(dir: string): Scope<string> {
  const known = scopes.get(dir)
  if (known) return known
  const store = fileStore<string>(join(dir, 'store'), { durability: 'none' })
  const made = scope(memo(store, { max: 100 }), 'raced')
  scopes.set(dir, made)
  return made
}

/** What is written before the drop has returned, as far as this process knows, says the number of the round. */
async function write(one: Pick<Scope<string>, 'create' | 'update' | 'get'>, round: number, number: number) {
  const label = `${round}`
  let [stored, met] = [0, 0]
  for (let turn = 0; turn < 4; turn++) {
    const key = keys[(number + turn) % keys.length] as string
    if ((await one.create(key, label)).ok) stored++
    else met++
    await one.update(key, label)
  }
  return { stored, met }
}

const plays = {
  writer: async (dir: string, round: number, number: number) => {
    const one = scopeIn(dir)
    const wrote = await write(one, round, number)
    // Computed while the scope may be dropped: stored as of before, or not at all.
    await getOrSet(one, keys[number % keys.length] as string, () => `${round}`, { claim: number % 2 === 0 })
    return wrote
  },
  dropper: async (dir: string) => {
    const one = scopeIn(dir)
    const dropped = [await one.drop()]
    // Whatever is found from now on was written after this.
    dropped.push(await one.drop())
    return dropped
  },
  reader: async (dir: string) => [...(await scopeIn(dir).getMany(keys)).values()].map(({ value }) => value),
  memoised: async (dir: string) => {
    const store = fileStore<string>(join(dir, 'store'), { durability: 'none' })
    const { members } = memoisedOnes.get(dir) ?? memoisedGeneration(innerOf<string>(store).backing)
    memoisedOnes.set(dir, { members })
    return [...(await members.getMany(keys)).values()].map(({ value }) => value)
  },
}
const memoisedOnes = new Map<string, Pick<ReturnType<typeof memoisedGeneration>, 'members'>>()

void [plays, contender, overlaps, assert, catchInRace, holds, note, places, race, raced, scratch, sized]
