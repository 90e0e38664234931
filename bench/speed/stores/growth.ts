// The time of a call on a store that has many keys: one is drawn at random for each call.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { remove } from 'holdfast'
import type { Store } from 'holdfast/store'
import { databases } from '../../run/databases.js'
import { median } from '../../run/median.js'
import type { Form, GrowthCell } from '../../run/results.js'
import { stopped } from '../../run/stop.js'
import { type Rotation, shuffled } from '../rotate.js'
import { sampled } from '../sample.js'
import { hasStore, openFiles, overwrite, Table } from './engines.js'
import { body, keyOf } from './rooms.js'

/** What is measured: `key` has a value, `fresh` has none. */
const works = ['store, hit 1 KiB', 'store, set 1 KiB', 'store, create 1 KiB'] as const
type Work = (typeof works)[number]
type Act = (key: string, fresh: string) => unknown

interface Side {
  readonly name: string
  readonly form: Form
  readonly acts: Readonly<Record<Work, Act>>
}

interface Crowd {
  readonly sides: readonly Side[]
  close(): Promise<void>
}

const value = body(1)

const asPromises = (store: Store<typeof value>): Side => ({
  name: 'holdfast',
  form: 'async',
  acts: {
    'store, hit 1 KiB': key => store.get(key),
    'store, set 1 KiB': key => overwrite(store, key, value),
    'store, create 1 KiB': (_, fresh) => store.create(fresh, value),
  },
})

const atOnce = (store: Store<typeof value>): Side => ({
  name: 'holdfast, sync',
  form: 'sync',
  acts: {
    'store, hit 1 KiB': key => store.get.sync(key),
    'store, set 1 KiB': key => overwrite.sync(store, key, value),
    'store, create 1 KiB': (_, fresh) => store.create.sync(fresh, value),
  },
})

const ofTable = (name: string, table: Table): Side => ({
  name: `${name}, sync`,
  form: 'sync',
  acts: {
    'store, hit 1 KiB': key => table.get(key),
    'store, set 1 KiB': key => table.set(key, value),
    'store, create 1 KiB': (_, fresh) => table.create(fresh, value),
  },
})

/** Opens the stores in a directory, each with so many keys. */
async function crowdIn(dir: string, size: number): Promise<Crowd> {
  const store = openFiles(dir)
  const tables = Object.entries(databases).map(([name, open]) => [name, new Table(open(join(dir, name)))] as const)
  for (let nth = 0; nth < size; nth++) {
    store.create.sync(keyOf(nth), value)
    // Lets signals come in, so that the run can be stopped.
    if (nth % 1000 === 0) await new Promise(setImmediate)
    stopped.throwIfAborted()
  }
  for (const [, table] of tables) {
    table.db.exec('BEGIN')
    for (let nth = 0; nth < size; nth++) table.set(keyOf(nth), value)
    table.db.exec('COMMIT')
  }
  return {
    sides: [asPromises(store), atOnce(store), ...tables.map(([name, table]) => ofTable(name, table))],
    async close() {
      for (const [, table] of tables) table.close()
      await store.close()
    },
  }
}

export interface Growing extends Rotation {
  readonly filesystem: string
  readonly sizes: readonly number[]
}

export const storeGrowth = 'growth: keys in the store'
export const storeMeasurements = ({ sizes, rounds, warmUps }: Pick<Growing, 'sizes' | 'rounds' | 'warmUps'>): number =>
  hasStore ? works.length * sizes.length * (warmUps + rounds) * (2 + Object.keys(databases).length) : 0

const callsEach = 100
let fresh = 0

export async function amongKeys({ filesystem, sizes, dir, rounds, warmUps, random, tick }: Growing) {
  const cells: GrowthCell[] = []
  for (const size of hasStore ? sizes : []) {
    const place = join(dir, `${size} keys`)
    mkdirSync(place)
    const crowd = await crowdIn(place, size)
    const drawn = () => keyOf(Math.floor(random() * size))
    const taken = new Map(crowd.sides.flatMap(side => works.map(work => [`${side.name} ${work}`, [] as number[]])))
    for (let round = 0; round < warmUps + rounds; round++)
      for (const { name, form, acts } of shuffled(crowd.sides, random))
        for (const work of works) {
          const us = await sampled(
            form,
            callsEach,
            () => acts[work](drawn(), `new${fresh++}`),
            () => {},
          )
          if (round >= warmUps) taken.get(`${name} ${work}`)?.push(...us)
          tick()
        }
    for (const { name } of crowd.sides)
      for (const work of works) {
        const all = taken.get(`${name} ${work}`) ?? []
        cells.push({ filesystem, work, side: name, growing: 'keys in the store', size, median: median(all) })
      }
    await crowd.close()
    await remove(place)
  }
  return cells
}
