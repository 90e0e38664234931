// Eight processes want the same hundred values at once, and none is there yet. Each value should be made once, and all
// processes must get the same one: otherwise two of them go on with different secrets, ports or ids.

import { setTimeout as wait } from 'node:timers/promises'
import { contest } from '../contest.js'
import type { Counts } from '../score.js'
import { caches } from './caches.js'
import { ours } from './ours.js'
import { afterFirst, getOrSet, together, type Way, withStore } from './shared.js'

const cast = { asker: 8 }
const keys = 100
/** Milliseconds that it takes to make a value. */
const work = 20
/** How many values a process asks for at a time. */
const lanes = 4

interface Said {
  readonly made: number
  /** What this process was given for each key. */
  readonly answers: readonly unknown[]
}

export const stampede = contest<Way, Said>({
  name: 'store: 100 values, made once',
  file: import.meta.url,
  ways: { ...ours, ...caches },
  verdicts: {
    // Their documentation speaks of one process, or does not say.
    'made again': { of: 'computations', unpromised: Object.keys(caches) },
    // Each of them says that a caller gets the value of the key.
    'different answers': { of: 'keys' },
  },
  cast,
  rounds: 4,
  plays: {
    asker: async (open, turn) => {
      await afterFirst(turn, open, async () => {})
      return withStore(open, turn, async store => {
        let made = 0
        const compute = async () => {
          made++
          await wait(work)
          return `made by ${turn.number}`
        }
        const answers: unknown[] = []
        let next = 0
        const lane = async () => {
          for (let at = next++; at < keys; at = next++) {
            const got = await turn.score.call(() => getOrSet(store, `key${at}`, compute))
            answers[at] = got.status === 'fulfilled' ? got.value : `rejected in ${turn.number}`
          }
        }
        await together(turn, 'open', cast, 'asker')
        await Promise.all(Array.from({ length: lanes }, lane))
        // The values stay until all have them.
        await together(turn, 'served', cast, 'asker')
        return { made, answers }
      })
    },
  },
  judge: (_dir, all): Counts => {
    const made = all.reduce((sum, one) => sum + one.made, 0)
    const differ = Array.from({ length: keys }, (_, at) => new Set(all.map(({ answers }) => answers[at])).size > 1)
    return {
      'made again': { bad: Math.max(0, made - keys), of: made },
      'different answers': { bad: differ.filter(Boolean).length, of: keys },
    }
  },
})
