// What gets in the way of one algorithm: a call that fails, an abort, an end, each at exactly the k-th of its calls.

import { closeSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Call, dual, type Op, type Outcome, type Patience, type Steps } from 'holdfast/steps'
import { performSync } from '../../lib/core/disk.js'

/** Those that ask nobody, so that nothing gets in their way; and a failed close is nobody's. */
const inward: ReadonlySet<Op> = new Set<Op>([
  ...(['now', 'random', 'self', 'alive', 'settle', 'sleep', 'changed', 'close'] as const),
])

/** The same steps; each call is shown to `door` before, which answers the one that is made, or throws instead of it. */
export function* through<T>(steps: Steps<T>, door: (call: Call) => Call): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      value = next.value.op === 'together' ? yield* throughAll(next.value, door) : yield door(next.value)
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    next = steps.next(value)
  }
  return next.value
}

/** Those that are made at once fail one by one. */
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

/** Runs the steps; the k-th call, from 0, fails with EIO, and is not made. Answers what came of it, and whether it came to that call. */
export function failingAt<T>(k: number, steps: Steps<T>): { value?: T; error?: unknown; came: boolean } {
  const seen = { calls: 0 }
  const door = (call: Call): Call => {
    if (inward.has(call.op) || seen.calls++ !== k) return call
    throw Object.assign(new Error(`EIO: injected, ${call.op}`), { code: 'EIO', errno: -5, syscall: call.op })
  }
  try {
    const value = dual(() => through(steps, door)).sync()
    return { value, came: seen.calls > k }
  } catch (error) {
    return { error, came: seen.calls > k }
  }
}

/** The same, and before the k-th call the whole is aborted. */
export async function abortedAt<T>(k: number, steps: Steps<T>): Promise<{ value?: T; error?: unknown; came: boolean }> {
  const stop = new AbortController()
  const seen = { calls: 0 }
  const door = (call: Call): Call => {
    if (!inward.has(call.op) && seen.calls++ === k) stop.abort()
    return call
  }
  // biome-ignore lint/suspicious/noExplicitAny: `dual` takes the first parameter with a default for the options
  const run = dual(function* aborted(_: Patience = {}): Steps<any> {
    return yield* through(steps, door)
  })
  try {
    return { value: await run({ signal: stop.signal }), came: seen.calls > k }
  } catch (error) {
    return { error, came: seen.calls > k }
  }
}

/**
 * Runs the steps as the process `self`, and ends before the k-th call: nothing of it is resumed, so nothing is tidied up,
 * as after SIGKILL. Answers whether it came to that call.
 */
export function endedAt(k: number, steps: Steps<unknown>, self: string): boolean {
  const open = new Set<unknown>()
  let calls = 0
  const over = (call: Call): boolean => !inward.has(call.op) && calls++ === k
  const make = (call: Call): unknown => {
    const value = call.op === 'self' ? self : performSync(call)
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

/** As in a directory in which case does not count, nor how accents are composed, and the spelling is kept: macOS, Windows. */
export function caseless<T>(dir: string, steps: Steps<T>): Steps<T> {
  const plain = (name: string) => name.normalize('NFD').toUpperCase()
  const known = (path: unknown): unknown => {
    if (typeof path !== 'string' || dirname(path) !== dir) return path
    const name = readdirSync(dir).find(one => plain(one) === plain(basename(path)))
    return name === undefined ? path : join(dir, name)
  }
  return through(steps, ({ op, args: [first, second, ...rest] }) => {
    // A rename onto its own name spells it anew.
    const spelt = op === 'rename' && known(first) === known(second) ? second : known(second)
    return { op, args: [op === 'symlink' ? first : known(first), spelt, ...rest] }
  })
}
