// Disturbs one algorithm at exactly the k-th of its calls: the call fails, the whole is aborted, or the process ends
// there.

import { closeSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Call, drive, driveSync, dual, type Outcome, type Patience, type Steps } from 'holdfast/steps'
import { door as realDoor } from '../../lib/core/disk.js'
import type { SingleCall } from '../../lib/core/door.js'
import { opsThat } from '../../lib/core/traits.js'
import { injecting } from './inject.js'

/** Calls that do not reach the disk and so cannot fail; and `close`, whose failures have ../lost-writes.spec.ts. */
export const inward = opsThat('waits', 'inline', 'unfailing')

/** The same steps. `door` sees each call first; it returns the call that is made instead, or throws. */
export function* through<T>(steps: Steps<T>, door: (call: Call) => Call): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      // In one go, its calls would be made unseen.
      if (next.value.op === 'inOneGo') value = undefined
      else value = next.value.op === 'together' ? yield* throughAll(next.value, door) : yield door(next.value)
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

/** Calls that are made together fail one by one. */
function* throughAll(call: Call, door: (call: Call) => Call): Steps<Outcome<unknown>[]> {
  const outcomes: Outcome<unknown>[] = []
  const passed: Call[] = []
  const slots: number[] = []
  for (const [slot, one] of (call.args[0] as Call[]).entries()) {
    try {
      passed.push(door(one))
      slots.push(slot)
    } catch (error) {
      outcomes[slot] = { error }
    }
  }
  const made: Outcome<unknown>[] = yield { op: 'together', args: [passed] }
  for (const [at, slot] of slots.entries()) outcomes[slot] = made[at] as Outcome<unknown>
  return outcomes
}

/** What became of steps that were disturbed. */
export interface Interfered<T> {
  readonly value?: T
  readonly error?: unknown
  /** The call that was disturbed; undefined if there were fewer calls. */
  readonly call: Call | undefined
  readonly came: boolean
}

export interface Failed<T> extends Interfered<T> {
  /** The error that the call failed with. */
  readonly injected: Error
}

/** Runs the steps. The k-th call, from 0, is not made, and fails with EIO. */
export async function failingAt<T>(k: number, steps: Steps<T>, form: 'sync' | 'promise' = 'sync'): Promise<Failed<T>> {
  let calls = 0
  const injection = injecting('at once', ({ op }) => !inward.has(op) && calls++ === k)
  const { door, error: injected } = injection
  const how = () => ({ injected, call: injection.at, came: injection.at !== undefined })
  try {
    return { value: form === 'sync' ? driveSync(steps, { door }) : await drive(steps, { door }), ...how() }
  } catch (error) {
    return { error, ...how() }
  }
}

/** Runs the steps, and aborts them before the k-th call. Returns when they have ended, however long they clean up. */
export async function abortedAt<T>(k: number, steps: Steps<T>): Promise<Interfered<T>> {
  const stop = new AbortController()
  let calls = 0
  let at: Call | undefined
  const door = (call: Call): Call => {
    if (!inward.has(call.op) && calls++ === k) {
      at = call
      stop.abort()
    }
    return call
  }
  // biome-ignore lint/suspicious/noExplicitAny: `dual` takes the first parameter with a default for the options
  const aborted = function* aborted(_: Patience = {}): Steps<any> {
    return yield* through(steps, door)
  }
  const run = dual(aborted, { patient: true })
  try {
    return { value: await run({ signal: stop.signal }), call: at, came: at !== undefined }
  } catch (error) {
    return { error, call: at, came: at !== undefined }
  }
}

/**
 * Runs the steps as the process `self`, and ends before the k-th call. Nothing is resumed, so no clean-up runs, as
 * after SIGKILL. Returns whether there was a k-th call.
 */
export function endedAt(k: number, steps: Steps<unknown>, self: string): boolean {
  const open = new Set<unknown>()
  let calls = 0
  const over = (call: Call): boolean => !inward.has(call.op) && calls++ === k
  const make = (call: Call): unknown => {
    const value = call.op === 'self' || call.op === 'thread' ? self : realDoor.performSync(call as SingleCall)
    if (call.op === 'open') open.add(value)
    if (call.op === 'close') open.delete(call.args[0])
    return value
  }
  let next = steps.next()
  try {
    while (!next.done) {
      const wave = next.value.op === 'together' ? (next.value.args[0] as Call[]) : [next.value]
      const outcomes: Outcome<unknown>[] = []
      for (const call of wave) {
        if (over(call)) return true
        try {
          outcomes.push({ value: make(call) })
        } catch (error) {
          outcomes.push({ error })
        }
      }
      const [first] = outcomes as [Outcome<unknown>]
      if (next.value.op === 'together') next = steps.next(outcomes)
      else next = 'error' in first ? steps.throw(first.error) : steps.next(first.value)
    }
    return false
  } finally {
    for (const fd of open) closeSync(fd as number)
  }
}

/** The path of a name in an open directory, which begins with its descriptor. */
export const withoutDescriptor = (path: string): string =>
  path.replace(/^\/proc\/self\/fd\/\d+(?=\/)/, start => readlinkSync(start))

/** As in a directory that ignores case and Unicode composition, and keeps the spelling: macOS, Windows. */
export function caseless<T>(dir: string, steps: Steps<T>): Steps<T> {
  const plain = (name: string) => name.normalize('NFD').toUpperCase()
  const known = (given: unknown): unknown => {
    const path = typeof given === 'string' ? withoutDescriptor(given) : undefined
    if (!path?.startsWith(`${dir}/`)) return given
    let at = dir
    for (const part of path.slice(dir.length + 1).split('/')) {
      const names = statSync(at, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(at) : []
      at = join(at, names.find(one => plain(one) === plain(part)) ?? part)
    }
    return at
  }
  return through(steps, ({ op, args: [first, second, ...rest] }) => {
    // A rename of a name to itself changes its spelling.
    const spelt = op === 'rename' && known(first) === known(second) ? second : known(second)
    return { op, args: [op === 'symlink' ? first : known(first), spelt, ...rest] }
  })
}
