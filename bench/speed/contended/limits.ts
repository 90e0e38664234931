// Hits of one key of a limit that allows them all, and not one more: so each that is counted twice is one that is refused.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as stores from 'holdfast/store'
import { type Limit, oneProcess, ways } from '../../races/limits/ways.js'
import type { Contest, Side } from './contest.js'

export const hits = (processes: number): Contest => {
  // So many that to open takes little of the time.
  const turns = 1000
  const limit: Limit = { limit: processes * turns, per: 3_600_000 }
  const shared = Object.entries(ways).filter(([name]) => !oneProcess.includes(name) && name !== 'by hand')
  const others = shared.map(([name, open]): [string, Side] => [
    name,
    async place => {
      const { hit, close } = await opened(() => open(place, limit))
      return { turn: async () => allowedOf(await hit()), close }
    },
  ])
  return {
    ...{ name: 'limit', turns },
    sides: { ...Object.fromEntries(others), 'holdfast.sync': place => atOnce(place, limit) },
    lay: place => mkdirSync(place, { recursive: true }),
  }
}

/** SQLite lets one of those that come at once make the database, and refuses the others. */
async function opened<T>(open: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await open()
    } catch (error) {
      if (tries === 100) throw error
      await pause(10)
    }
}

function atOnce(place: string, limit: Limit) {
  const limits = stores.limiter(join(place, 'limits'), limit)
  return { turn: () => allowedOf(limits.hit.sync('key').allowed), close: () => limits.close() }
}

function allowedOf(isAllowed: boolean): void {
  if (!isAllowed) throw new Error('a hit was counted twice')
}
