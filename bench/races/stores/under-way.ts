// While a process is making a value, or changing one, another removes it or sets it. What was done last must be what is
// there: a value that was removed does not come back, and an older value does not replace a newer one.

import { setTimeout as wait } from 'node:timers/promises'
import { contest } from '../contest.js'
import { type By, rowsOf } from '../parts.js'
import type { Turn } from '../turn.js'
import { caches } from './caches.js'
import { ours } from './ours.js'
import { peers } from './peers.js'
import { afterFirst, getOrSet, type Shared, together, update, type Way, withStore } from './shared.js'

const cast = { maker: 4, other: 4 }
const times = 12

/** Waits until one of these marks is set. Not for ever, because in some stores one of the two calls waits for the other. */
async function marked(turn: Turn, ...some: readonly string[]): Promise<void> {
  const late = performance.now() + 400
  while (!some.some(what => turn.isMarked(what)) && performance.now() < late) await wait(1)
}

interface Beside {
  readonly title: string
  readonly stores: Readonly<Record<string, Way>>
  /** There is a value before. */
  readonly isLaid: boolean
  /** Makes or changes the value; `meanwhile` ends when the other process has done its part. */
  begin(store: Shared, key: string, meanwhile: () => Promise<unknown>): Promise<unknown>
  /** What the other process does. */
  interfere(store: Shared, key: string): Promise<unknown>
  /** Is what is there afterwards what was done last? */
  isRight(found: unknown): boolean
}

const isNothing = (value: unknown): boolean => value === undefined || value === null

const load = (store: Shared, key: string, meanwhile: () => Promise<unknown>) =>
  getOrSet(store, key, () => meanwhile().then(() => 'loaded'))

const loads = { ...ours, ...caches }
const { 'async-cache-dedupe': _unsettable, ...settable } = loads
const besides: readonly Beside[] = [
  {
    title: 'store: removed during a load',
    stores: loads,
    isLaid: false,
    begin: load,
    interfere: (store, key) => store.remove(key),
    isRight: isNothing,
  },
  {
    title: 'store: set during a load',
    stores: settable,
    isLaid: false,
    begin: load,
    interfere: (store, key) => store.set(key, 'set'),
    isRight: found => found === 'set',
  },
  {
    title: 'store: removed during an update',
    stores: { ...ours, ...peers },
    isLaid: true,
    begin: (store, key, meanwhile) => update(store, key, () => meanwhile().then(() => 'updated')),
    interfere: (store, key) => store.remove(key),
    isRight: isNothing,
  },
]

const { ways, titleOf } = rowsOf(besides, ({ stores }) => stores)

export const changedUnderWay = contest<By<Beside, Way>, void>({
  name: 'store: changed under way',
  file: import.meta.url,
  ...{ ways, titleOf },
  verdicts: {
    'brought back': {
      of: 'values',
      // These have no function that changes what is there, so the value is read, and then set.
      unpromised: Object.keys(ways).filter(row => ways[row]?.isLaid && (ways[row]?.by ?? '') in peers),
    },
  },
  cast,
  rounds: 3,
  plays: {
    maker: async ({ open, isLaid, begin }, turn) => {
      await afterFirst(turn, open, async () => {})
      await withStore(open, turn, async store => {
        await together(turn, 'open', cast, 'maker')
        for (const at of turn.times(times)) {
          const key = keyOf(turn, at)
          if (isLaid) await turn.score.call(() => store.set(key, 'laid'))
          await turn.score.call(() =>
            begin(store, key, () => {
              turn.mark(`begun-${key}`)
              return marked(turn, `interfered-${key}`)
            }),
          )
          turn.mark(`over-${key}`)
        }
      })
    },
    other: async ({ open, interfere, isRight }, turn) => {
      for await (const _ of turn.until('laid', 1));
      const over = `maker-over-${turn.number}`
      const keys: string[] = []
      await withStore(open, turn, async store => {
        await together(turn, 'open', cast, 'other')
        for (let key = keyOf(turn, 0); ; key = keyOf(turn, keys.length)) {
          while (!turn.isMarked(`begun-${key}`) && !turn.isMarked(over)) await wait(1)
          if (!turn.isMarked(`begun-${key}`)) break
          await turn.score.call(() => interfere(store, key))
          turn.mark(`interfered-${key}`)
          await marked(turn, `over-${key}`, over)
          keys.push(key)
        }
      })
      for await (const _ of turn.until('maker-over', cast.maker));
      // A store that is opened now has nothing in mind of before.
      await withStore(open, turn, async store => {
        for (const key of keys) turn.score.count('brought back', !isRight(await store.get(key)))
      })
    },
  },
})

const keyOf = (turn: Turn, at: number): string => `key-${turn.number}-${at}`
