// Two processes set one value, 64 KiB that show by themselves whether they are whole, while six read it.

import { contest } from '../contest.js'
import { ownerOf, payload } from '../payload.js'
import { ours } from './ours.js'
import { oneProcess, peers } from './peers.js'
import { afterFirst, together, type Way, withStore } from './shared.js'

const cast = { writer: 2, reader: 6 }
const key = 'value'

/** An object, because some stores take a text for JSON. */
const bodyBy = (writer: number) => ({ text: payload(writer, 64 * 1024).toString('latin1') })

function isWhole(value: unknown): boolean {
  const text = (value as { text?: unknown } | null | undefined)?.text
  return typeof text === 'string' && ownerOf(Buffer.from(text, 'latin1')) !== undefined
}

export const tornValues = contest<Way, void>({
  name: 'store: one value, with readers',
  file: import.meta.url,
  ways: { ...ours, ...peers },
  verdicts: {
    rejected: { of: 'calls', unpromised: oneProcess },
    'torn or absent': { of: 'reads', unpromised: oneProcess },
  },
  cast,
  rounds: 6,
  plays: {
    writer: async (open, turn) => {
      await afterFirst(turn, open, store => store.set(key, bodyBy(0)))
      await withStore(open, turn, async store => {
        await together(turn, 'open', cast, 'writer')
        for (const at of turn.times(1000)) {
          await turn.score.call(() => store.set(key, bodyBy(turn.number * 10_000 + at)))
          // Readers have a turn, too.
          await new Promise(setImmediate)
        }
      })
    },
    reader: async (open, turn) => {
      for await (const _ of turn.until('laid', 1));
      await withStore(open, turn, async store => {
        await together(turn, 'open', cast, 'reader')
        for await (const _ of turn.until('writer-over', cast.writer)) {
          const got = await turn.score.call(() => store.get(key))
          // The value is never removed, so one that is not there is as wrong as half a value.
          if (got.status === 'fulfilled') turn.score.count('torn or absent', !isWhole(got.value))
        }
      })
    },
  },
})
