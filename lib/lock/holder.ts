// Who holds a lock (./hold.ts), for a caller that did not get it.

import { hostname } from 'node:os'
import type { State } from '../cell/state.js'
import { readState } from '../cell/transition.js'
import { pidOf, shareClock, shareSystem, threadIdOf } from '../core/owner-words.js'
import { fs, type Steps } from '../core/steps.js'
import { type Note, readNote } from './holder/note.js'
import type { Holder } from './holder/seen.js'
import type { Locking } from './job.js'
import { byAnother, isForeign, statEmpty } from './place/foreign.js'
import { settlePlace } from './place.js'
import { parseLock, type Token } from './token.js'

export type { Holder } from './holder/seen.js'

export function* holderOf(locking: Locking): Steps<Holder | undefined> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const { dir, trial } = locking
  let before: string | undefined
  for (;;) {
    const now = yield* readState(dir, trial)
    if (now === 'void') return yield* foreignAt(dir)
    if (now === 'absent') return undefined
    // A note goes after the token that names it. If that is there all the same, something else has removed the note.
    const isLast = now.payload !== undefined && before === now.payload.nonce
    const holder = yield* describeState(dir, now, isLast)
    if (holder !== 'moved') return holder
    before = now.payload?.nonce
  }
}

/** What a state says. `moved`: its note is gone, and so is probably the state. */
export function* describeState(dir: string, state: State, isLast = true): Steps<Holder | 'moved' | undefined> {
  const token = parseLock(dir, state)
  if (token.owner === undefined) return undefined
  const note = state.payload && (yield* readNote(dir, state.payload))
  if (note === 'gone' && !isLast) return 'moved'
  return yield* describe(token.owner, token, note === 'gone' ? undefined : note)
}

function* describe(owner: string, token: Token, note: Note | undefined): Steps<Holder> {
  const [me, alive] = [yield* fs.thread(), yield* fs.alive(owner)]
  const { fence, sinceMs = Number.NaN } = token
  // In one pid namespace, the clock is one as well; unless the machine has no boot id, and this is an earlier boot.
  const epochMs = shareClock(owner, me) || alive ? Date.now() - (yield* fs.now()) : note?.epochMs
  const since = epochMs === undefined || Number.isNaN(sinceMs) ? undefined : Math.round(epochMs + sinceMs)
  const host = note?.host ?? (shareSystem(owner, me) ? hostname() : undefined)
  const { label, data } = note ?? { label: undefined, data: undefined }
  return { owner, pid: pidOf(owner), thread: threadIdOf(owner), host, fence, since, alive, label, data }
}

export const foreignHolder: Holder = {
  owner: byAnother,
  pid: undefined,
  thread: undefined,
  host: undefined,
  fence: 0,
  since: undefined,
  alive: undefined,
  label: undefined,
  data: undefined,
  foreign: true,
}

/** An empty directory without our mark is another package's lock. */
export function* foreignAt(dir: string): Steps<Holder | undefined> {
  const there = yield* statEmpty(dir)
  return there && isForeign(there) ? foreignHolder : undefined
}

/** The error of a caller that did not get the lock. */
export const lockHeld = (locking: Locking, holder: Holder | undefined, cause: unknown): Error =>
  heldBy(holder ? describeHolder(holder, locking.dir) : 'others in turn', locking, holder, cause)

function heldBy(who: string, { path }: Pick<Locking, 'path'>, holder: Holder | undefined, cause: unknown): Error {
  return Object.assign(new Error(`The lock is held by ${who}: ${path}`, { cause }), {
    code: 'ERR_LOCK_HELD',
    path,
    holder,
  })
}

/**
 * After a time-out in the wait for a lock, to read who holds it may take longer than the caller waits, as on a frozen disk.
 * Then the caller gets the same error without a name in it.
 */
export const unnamedIfLeft = (locking: Pick<Locking, 'path'>): Steps<void> =>
  fs.ifLeft(timeout => heldBy('another, or cannot be taken (no time was left to see)', locking, undefined, timeout))

/** What a caller throws whose wait for a lock the time-out has ended: the error names the holder, if there is one. */
export function* outOfTime(locking: Locking, timeout: unknown): Steps<unknown> {
  yield* unnamedIfLeft(locking)
  const holder = yield* holderOf(locking)
  return holder ? lockHeld(locking, holder, timeout) : timeout
}

/** In words. `dir`: where the lock is. */
export function describeHolder(holder: Holder, dir?: string): string {
  if (holder.foreign) return `another package${dir === undefined ? '' : `, whose empty directory '${dir}' it is`}`
  const { pid, host, fence, label } = holder
  const on = host === undefined || host === hostname() ? '' : ` on ${host}`
  const name = label === undefined ? '' : `${JSON.stringify(label)}, `
  return `process ${pid}${on}, ${describeLife(holder)} (${name}fence ${fence})`
}

function describeLife({ alive }: Holder): string {
  if (alive === undefined) return 'which may or may not be alive'
  return alive ? 'which is alive' : 'which is dead'
}
