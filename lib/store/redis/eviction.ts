// A server that is to forget keys when its memory is full forgets claims and entries as well.

import { hasSubscribers } from 'node:diagnostics_channel'
import { happened } from '../../parts/happenings.js'
import type { Connection } from './client.js'

const channel = 'holdfast:evicting'

/** Says so on a diagnostics channel, if anything listens there. Servers that do not let themselves be asked say nothing. */
export function reportEviction({ servers }: Connection, prefix: string): void {
  if (!hasSubscribers(channel)) return
  const ask = async () => {
    for (const send of await servers()) {
      const policy = evictionOf(`${await send(['INFO', 'memory'])}`)
      if (policy) happened(channel, { prefix, policy })
    }
  }
  ask().catch(() => {})
}

/** The policy by which the server forgets keys that have no end; undefined: it forgets none. */
function evictionOf(info: string): string | undefined {
  const { maxmemory = '0', maxmemory_policy: policy = 'noeviction' } = Object.fromEntries(
    info.split(/\r?\n/).map(line => line.split(':') as [string, string | undefined]),
  )
  return maxmemory === '0' || policy === 'noeviction' ? undefined : policy
}
