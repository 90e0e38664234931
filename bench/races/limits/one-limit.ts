// Eight processes share one limit, and hit it as often as they can: no more may be allowed than it says, and no less.

import { contest } from '../contest.js'
import type { Counts } from '../score.js'
import { oneProcess, type Way, ways } from './ways.js'

const processes = 8
const limit = { limit: 50, per: 60_000 }

interface Said {
  readonly allowed: number
}

export const oneLimit = contest<Way, Said>({
  name: 'limit: one for several',
  file: import.meta.url,
  ways,
  verdicts: {
    'over the limit': { of: 'hits allowed', unpromised: oneProcess },
  },
  cast: { hitter: processes },
  rounds: 5,
  plays: {
    hitter: async (open, turn) => {
      if (turn.number === 0) {
        // One process makes what the others open.
        const { close } = await open(turn.dir, limit)
        await close()
        turn.mark('made-0')
      }
      for await (const _ of turn.until('made', 1));
      const { hit, close } = await open(turn.dir, limit)
      turn.mark(`open-${turn.number}`)
      for await (const _ of turn.until('open', processes));
      let allowed = 0
      for (const _ of turn.times(60)) {
        const result = await turn.score.call(hit)
        if (result.status === 'fulfilled' && result.value) allowed++
      }
      turn.mark(`hit-${turn.number}`)
      for await (const _ of turn.until('hit', processes));
      await close()
      return { allowed }
    },
  },
  judge: (_dir, all): Counts => {
    const allowed = all.reduce((sum, one) => sum + one.allowed, 0)
    return { 'over the limit': { bad: Math.max(0, allowed - limit.limit), of: allowed } }
  },
})
