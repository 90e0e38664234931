// Who holds a lock (./hold.ts), for a caller that did not get it.

import { hostname } from 'node:os'
import { readState } from '../cell/transition.js'
import { pidOf, shareClock, shareSystem, threadIdOf } from '../core/owner.js'
import { fs, type Steps } from '../core/steps.js'
import { byAnother, isForeign, statEmpty } from './foreign.js'
import type { Locking } from './hold.js'
import { type Note, readNote } from './note.js'
import { settlePlace } from './place.js'
import { parseLock, type Token } from './token.js'

/** Who holds a lock. */
export interface Holder {
  /** The thread, as locks spell it: where it is, and the ids and births of its process and itself. */
  readonly owner: string
  /** Its pid, on its own machine and in its own pid namespace; undefined if another package holds the lock. */
  readonly pid: number | undefined
  /** The id of its thread, as the system numbers it; undefined if it is the main thread, or if that does not show. */
  readonly thread: number | undefined
  /**
   * The name of its machine or container: that of this one if it runs here, or what it has left with a label or data;
   * undefined if neither is known.
   */
  readonly host: string | undefined
  /** The fencing token of its hold. */
  readonly fence: number
  /**
   * When it took the lock, in milliseconds since 1970: by this machine's clock if it is on the same boot (time in which the
   * machine sleeps may be missing), or by the filesystem's if it has left a label or data; undefined if neither is known.
   */
  readonly since: number | undefined
  /** Undefined if unknown: the holder is on another machine, in another container, or from an earlier boot. */
  readonly alive: boolean | undefined
  /** As its option `label` says. */
  readonly label: string | undefined
  /** What it has published with `lease.publish`; undefined if it has published nothing. */
  readonly data: unknown
  /** Set if another package holds the lock: nothing more is known then. */
  readonly foreign?: true
}

export function* holderOf(locking: Locking): Steps<Holder | undefined> {
  if (locking.lockDir !== undefined) yield* settlePlace(locking)
  const { dir, trial } = locking
  let before: string | undefined
  for (;;) {
    const now = yield* readState(dir, trial)
    if (now === 'void') return yield* foreignAt(dir)
    if (now === 'absent') return undefined
    const token = parseLock(dir, now)
    if (token.owner === undefined) return undefined
    const note = now.payload && (yield* readNote(dir, now.payload))
    if (note !== 'gone') return yield* describe(token.owner, token, note)
    // A note goes after the token that names it. If that is there all the same, something else has removed the note.
    if (before === now.payload?.nonce) return yield* describe(token.owner, token, undefined)
    before = now.payload?.nonce
  }
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
export function lockHeld({ path, dir }: Locking, holder: Holder | undefined, cause: unknown): Error {
  const who = holder ? describeHolder(holder, dir) : 'others in turn'
  return Object.assign(new Error(`The lock is held by ${who}: ${path}`, { cause }), {
    code: 'ERR_LOCK_HELD',
    path,
    holder,
  })
}

function describeHolder(holder: Holder, dir: string): string {
  if (holder.foreign) return `another package, whose empty directory '${dir}' it is`
  const { pid, host, fence, label } = holder
  const on = host === undefined || host === hostname() ? '' : ` on ${host}`
  const name = label === undefined ? '' : `${JSON.stringify(label)}, `
  return `process ${pid}${on}, ${describeLife(holder)} (${name}fence ${fence})`
}

function describeLife({ alive }: Holder): string {
  if (alive === undefined) return 'which may or may not be alive'
  return alive ? 'which is alive' : 'which is dead'
}
