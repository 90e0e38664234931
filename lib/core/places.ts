// Where a process is: which clock it reads, and among which pids it is found. Whatever two processes know of each other
// depends on that.

import { createHash } from 'node:crypto'
import { hostname, uptime } from 'node:os'
import type { Records } from './process-records.js'

export interface Places {
  /** One boot of one machine, and one time namespace of it: all there read one monotonic clock. */
  readonly clock: string
  /** The same, and one pid namespace: there, an id names one process at a time. */
  readonly pids: string
}

export function placesOf(platform: NodeJS.Platform, records: Records): Places {
  const boot = records.text('/proc/sys/kernel/random/boot_id')?.trim()
  const namespaces = ['time', 'pid'].map(kind => records.link(`/proc/self/ns/${kind}`))
  const [time, pids] = namespaces
  // Kernels before 5.6 have no time namespaces.
  if (boot && pids) return { clock: digest([platform, boot, time]), pids: digest([platform, boot, time, pids]) }
  if (platform === 'linux') {
    const doubtful = digest([platform, hostname(), ...namespaces])
    return { clock: doubt + doubtful, pids: doubt + doubtful }
  }
  // The minute of the boot stands in for its id; there are no namespaces. Two readings of it may differ by one minute.
  // Then another process seems to be elsewhere and cannot be judged, which is safe.
  const place = digest([platform, hostname(), Math.round((Date.now() / 1000 - uptime()) / 60)])
  return { clock: place, pids: place }
}

/** Containers of one host name may look alike without a boot id: such a place shows that a process lives, never its death. */
const doubt = 'z'
const digits = 10

export const isCertain = (place: string): boolean => place.length === digits || !place.startsWith(doubt)

/** 50 bits of a hash: two of a thousand places are alike once in two thousand million times. */
const digest = (evidence: readonly unknown[]): string =>
  (createHash('sha256').update(JSON.stringify(evidence)).digest().readBigUInt64BE() >> 14n)
    .toString(36)
    .padStart(digits, '0')
