// Does a call wait for itself? It would wait for ever for a lock that its own thread holds while the call blocks that, and
// for one inside whose work it is. That holds for the slots of a lock, too (../slots.ts): who waits for them is not served
// before this call has ended.

import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { readState } from '../../cell/transition.js'
import { fs, type Steps } from '../../core/steps.js'
import { cut } from '../../parts/stage-names.js'
import type { Locking } from '../job.js'
import { parseLock, type Token } from '../token.js'
import { slotCountOf } from './slot-count.js'

/** Is it held by this call's own thread, which waits for the call, or by what the call is inside of? */
export function* isOwn({ hold, owner }: Token, { around }: Locking): Steps<boolean> {
  if (hold !== undefined && around.includes(hold)) return true
  return owner !== undefined && (yield* fs.blocking()) && owner === (yield* fs.thread())
}

/** The same of what a call that waits has seen, and of the slots. */
export function* waitsForItself(locking: Locking, token: Token | undefined): Steps<boolean> {
  if (!token) return false
  if (yield* isOwn(token, locking)) return true
  return token.more.length > 0 && (yield* hasOwnSlot(locking, token.more))
}

/** The same of what the lock says now. */
export function* isOwnLock(locking: Locking): Steps<boolean> {
  const { dir, trial } = locking
  const now = yield* readState(dir, trial)
  return typeof now === 'object' && (yield* isOwn(parseLock(dir, now), locking))
}

/** The same of the slots of the lock that it needs: one of them, if it is to be one of several holders; otherwise all. */
export function* hasOwnSlot(locking: Locking, more: readonly string[]): Steps<boolean> {
  const { around, dir } = locking
  if (around.length === 0 && !(yield* fs.blocking())) return false
  const count = slotCountOf(more)?.count ?? 0
  const needsOne = typeof locking.passes === 'object'
  for (let number = 1; number <= count; number++) {
    const isOne = yield* isOwnLock({ ...locking, dir: slotDir(dir, number) })
    if (isOne !== needsOne) return isOne
  }
  return needsOne && count > 0
}

/** What common filesystems leave of a name for the number of a slot: it has four digits at most. */
const longestNameBytes = 255 - '.1000'.length
const mostBytesPerUnit = 3
const longestTailBytes = 200

/** Where a slot is: beside the gate. */
export function slotDir(gateDir: string, number: number): string {
  if (gateDir.length * mostBytesPerUnit <= longestNameBytes) return `${gateDir}.${number}`
  const name = basename(gateDir)
  if (Buffer.byteLength(name) <= longestNameBytes) return `${gateDir}.${number}`
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `${dirname(gateDir)}/${cut(name, longestTailBytes)}-${digest}.${number}`
}
