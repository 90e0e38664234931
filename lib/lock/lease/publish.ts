// What a holder publishes for those that see it.

import { removePayload } from '../../cell/payload.js'
import type { Steps } from '../../core/steps.js'
import { beatOnce, type Hold } from '../hold.js'
import { asPublished, writeNote } from '../holder/note.js'
import { leaseLost } from '../own-state.js'
import { publishersOf } from '../whole.js'

/**
 * Publishes data with the hold, in place of what it had published before: `lock.holder` returns it until the hold is over.
 * It is a heartbeat, too. @throws `ERR_LEASE_LOST`
 */
export function publish(hold: Hold, data: unknown): Steps<void> {
  return publishJson(publishersOf(hold), asPublished(data, hold.locking.dir))
}

function* publishJson(holds: readonly Hold[], json: string): Steps<void> {
  for (const hold of holds) yield* publishBy(hold, json)
}

function* publishBy(hold: Hold, json: string): Steps<void> {
  if (hold.over) throw leaseLost(hold)
  const { dir } = hold.locking
  const note = yield* writeNote(hold.locking, json)
  let isNamed = false
  try {
    isNamed = yield* beatOnce(hold, note)
  } finally {
    if (!isNamed) yield* removePayload(dir, note)
  }
  if (!isNamed) throw leaseLost(hold)
}
