// Eight processes count in one value of a store: each adds one, fifty times. Every update that was reported done must be
// in it.

import { contest } from '../contest.js'
import type { Counts } from '../score.js'
import { ours } from './ours.js'
import { oneProcess, peers } from './peers.js'
import { afterFirst, together, update, type Way, withStore } from './shared.js'

const cast = { counter: 8 }
const key = 'count'
const addOne = (old: unknown) => Number(old) + 1

interface Said {
  /** How many updates were reported done. */
  readonly done: number
  /** What was in the store at the end. Only one process looks. */
  readonly end: unknown
}

export const lostUpdatesOfStores = contest<Way, Said>({
  name: 'store: one counter, by several',
  file: import.meta.url,
  ways: { ...ours, ...peers },
  verdicts: {
    // What is read while another process writes cannot be parsed, or a file is not there.
    rejected: { of: 'calls', unpromised: oneProcess },
    // None of them has a function for it, so each value is read, and then set.
    lost: { of: 'updates', unpromised: Object.keys(peers) },
  },
  cast,
  rounds: 8,
  plays: {
    counter: async (open, turn) => {
      await afterFirst(turn, open, store => store.set(key, 0))
      const done = await withStore(open, turn, async store => {
        await together(turn, 'open', cast, 'counter')
        let counted = 0
        for (const _ of turn.times(50)) {
          const { status } = await turn.score.call(() => update(store, key, addOne))
          if (status === 'fulfilled') counted++
        }
        return counted
      })
      await together(turn, 'counted', cast, 'counter')
      // A store that is opened now has nothing in mind of before.
      const end = turn.number === 0 ? await withStore(open, turn, store => store.get(key).catch(() => 0)) : undefined
      return { done, end }
    },
  },
  judge: (_dir, all): Counts => {
    const done = all.reduce((sum, one) => sum + one.done, 0)
    const end = all.find(one => one.end !== undefined && one.end !== null)?.end
    return { lost: { bad: Math.max(0, done - (Number(end) || 0)), of: done } }
  },
})
