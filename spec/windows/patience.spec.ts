// What Windows reports of a name that others have open is waited for; `timeout` and `signal` end that, and nothing is left.

// First: they stand before the library.
import './failing.js'
import './own-clock.js'

import { readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { sweep, withLock } from 'holdfast'
import { type Door, door } from 'holdfast/steps'
import { type Case, cases, treeCases } from '../support/cases.js'
import { assert, holds, note, scratch } from '../support/kit.js'
import { eventually } from '../support/left.js'
import { failing } from './failing.js'
import { isWindows } from './flavour.js'
import { onOwnClock } from './own-clock.js'

const timeout = 100
const retryFor = 60_000
const codes = ['EPERM', 'EBUSY', 'EACCES'] as const
const ops = ['rename', 'link', 'unlink', 'rmdir', 'mkdir', 'open'] as const

// The directory of `tempDir` is removed by a method, which has no time-out.
const all = [...cases, ...treeCases].filter(({ name }) => name !== 'tempDir')
const small = cases.filter(({ name }) => name !== 'tempDir')

interface Laid {
  readonly dir: string
  readonly across: string
}

function lay(one: Case): Laid {
  const laid = { dir: scratch(), across: scratch() }
  one.lay?.(laid.dir, laid.across)
  return laid
}

/** From now on all these calls fail. */
const fail = (code: string, op: string): void => {
  Object.assign(failing, { code, op, times: new Map(), retriedAtMs: undefined })
}

/** Returns whether any has failed. */
function stopFailing(): boolean {
  failing.code = undefined
  return failing.times.size > 0
}

const codesOf = (error: unknown): unknown[] =>
  error === undefined ? [] : [(error as NodeJS.ErrnoException).code, ...codesOf((error as Error).cause)]

/** Does the error say what failed? What needs no such call, or ignores how it ends, has none. */
function isOriginal(error: unknown, code: string): boolean {
  const [own, ...causes] = codesOf(error)
  if (own === undefined || own === code) return true
  return (own === 'ERR_TIMEOUT' || own === 'ABORT_ERR' || own === 'ERR_LOCK_HELD') && causes.includes(code)
}

const privateNames = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.holdfast'))

/**
 * Returns the private names that stay. What this process has staged is removed in the background, as soon as that is possible;
 * what dead processes have left, and a stopped `sweep` has not come to, is there for the next one.
 */
async function leftBy({ dir, across }: Laid): Promise<readonly string[]> {
  let left: readonly string[] = []
  await eventually(async () => {
    await sweep(dir, { grace: 0 })
    left = [...privateNames(dir), ...privateNames(across)]
    assert.equal(left, [])
  }).catch(() => {})
  return left
}

const figures = (values: number[]): string => {
  const sorted = values.sort((a, b) => a - b)
  return [0.5, 0.9, 0.99, 1].map(part => Math.round(sorted[Math.ceil(part * sorted.length) - 1] as number)).join(', ')
}

const inWords = (worst: ReadonlyMap<string, number>): string => [...worst].map(one => one.join(' ')).join(', ')

for (const code of codes) {
  // Elsewhere the others are no reason to wait.
  const name = `${code} of each call that changes names: the sync form ends within 100 ms of its time-out`
  if (!isWindows && code !== 'EBUSY') holds.skip(name, 'elsewhere this error is no reason to wait')
  else
    holds(
      name,
      async () => {
        const late: number[] = []
        const worst = new Map<string, number>()
        const wrong: string[] = []
        for (const op of ops)
          for (const one of isWindows ? all : small) {
            const laid = lay(one)
            fail(code, op)
            const { ms, error } = onOwnClock(() => one.sync(laid.dir, laid.across, { timeout, retryFor }))
            if (!stopFailing()) continue
            late.push(ms - timeout)
            worst.set(one.name, Math.max(Math.round(ms - timeout), worst.get(one.name) ?? 0))
            if (ms > timeout + 100 || !isOriginal(error, code))
              wrong.push(
                `${one.name}, ${op}: ${Math.round(ms - timeout)} ms, ${error}, because of ${codesOf(error).slice(1)}`,
              )
            // Elsewhere a name that is busy is a mount point, which is not there for a moment only.
            if (!isWindows) continue
            for (const name of await leftBy(laid)) wrong.push(`${one.name}, ${op}: ${name} is left`)
          }
        note(`${code}: ${late.length} calls; ms after the time-out, median, 90 %, 99 %, longest: ${figures(late)}`)
        note(`${code}: the longest of each: ${inWords(worst)}`)
        assert.equal(wrong, [])
        assert.ok(late.length > 40)
      },
      { timeout: 900_000 },
    )
}

/** Milliseconds of rest after its stop, in which a call must have come to its end. */
const mostRestMs = 100
/** Milliseconds after which it is certain that a call does not end, however slow the machine is. */
const neverMs = 20_000

interface Ended {
  /** How long it rested after the stop: that does not depend on the machine, as the time until the end does. */
  readonly restedMs: number
  readonly ms: number
  readonly error: unknown
  /** The failure is what the call waited for when it was stopped. */
  readonly hasWaited: boolean
}

/** The end of a call that is stopped `timeout` ms after its start. */
async function endOf(start: () => Promise<unknown>): Promise<Ended> {
  const stopsAtMs = performance.now() + timeout
  const { perform } = door
  let restedMs = 0
  const counting: Door['perform'] = (call, done) => {
    const isRest = call.op === 'sleep' || call.op === 'changed'
    if (isRest && performance.now() > stopsAtMs) restedMs += call.args.at(-1) as number
    return perform(call, done)
  }
  Object.assign(door, { perform: counting })
  try {
    const never = wait(neverMs, new Error('it does not end'), { ref: false })
    const thrown = await Promise.race([
      never,
      start().then(
        () => undefined,
        error => error as Error,
      ),
    ])
    const hasWaited = failing.retriedAtMs !== undefined && failing.retriedAtMs < stopsAtMs
    return { restedMs: Math.round(restedMs), ms: Math.round(performance.now() - stopsAtMs), error: thrown, hasWaited }
  } finally {
    Object.assign(door, { perform })
  }
}

/** An abort has a cause of its own; and what a call has not waited for is no cause of its time-out. */
function isKnown({ error, hasWaited }: Ended, code: string): boolean {
  const own = (error as NodeJS.ErrnoException | undefined)?.code
  const isOver = own === 'ERR_TIMEOUT' || own === 'ERR_LOCK_HELD'
  return own === 'ABORT_ERR' || (isOver && !hasWaited) || isOriginal(error, code)
}

for (const code of codes) {
  const name = `${code} of each call that changes names, for as long as the call lasts: the promise ends in time`
  if (!isWindows) holds.skip(name, 'elsewhere these errors are no reason to wait')
  else
    holds(
      name,
      async () => {
        const rests: number[] = []
        const worst = new Map<string, number>()
        const wrong: string[] = []
        for (const one of all)
          for (const [at, op] of ops.entries()) {
            // Each function is stopped by both.
            const by = (codes.indexOf(code) + at) % 2 === 0 ? 'timeout' : 'signal'
            const laid = lay(one)
            fail(code, op)
            const stop = () => (by === 'signal' ? { signal: AbortSignal.timeout(timeout) } : { timeout })
            const end = await endOf(() => one.call(laid.dir, laid.across, { ...stop(), retryFor }))
            if (!stopFailing()) continue
            const what = `${one.name}, ${op}, ${by}`
            rests.push(end.restedMs)
            worst.set(one.name, Math.max(end.ms, worst.get(one.name) ?? 0))
            if (end.restedMs > mostRestMs || !isKnown(end, code))
              wrong.push(`${what}: ${end.restedMs} ms, ${end.error}, because of ${codesOf(end.error).slice(1)}`)
            for (const name of await leftBy(laid)) wrong.push(`${what}: ${name} is left`)
          }
        note(
          `${code}: ${rests.length} calls; ms of rest after the stop, median, 90 %, 99 %, longest: ${figures(rests)}`,
        )
        note(`${code}: ms after the stop, the longest of each: ${inWords(worst)}`)
        assert.equal(wrong, [])
        assert.ok(rests.length > 40)
      },
      { timeout: 900_000 },
    )
}

holds(
  'a lock whose release fails for ever: withLock ends in time, and the lock is free when that is over',
  async () => {
    const path = `${scratch()}/x`
    const refused = { code: 'EBUSY' }
    const options = { timeout, retryFor }
    // The time-out comes while it is released; or while the work goes on, of which it is not the end.
    for (const [workMs, mostMs] of [
      [0, timeout + 100],
      [timeout + 50, timeout + 50 + 1_100],
    ] as const) {
      const work = () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workMs)
        fail('EBUSY', 'rename')
      }
      const { ms, error } = onOwnClock(() => withLock.sync(path, work, options))
      assert.ok(stopFailing())
      assert.is((error as NodeJS.ErrnoException).code, refused.code)
      assert.ok(ms >= timeout && ms <= mostMs, `${ms} ms`)
      await withLock(path, () => {}, { timeout: 10_000 })
    }
    const { restedMs, error } = await endOf(() => withLock(path, () => fail('EBUSY', 'rename'), options))
    assert.ok(stopFailing())
    assert.is((error as NodeJS.ErrnoException).code, refused.code)
    assert.ok(restedMs <= mostRestMs, `${restedMs} ms`)
    await withLock(path, () => {}, { timeout: 10_000 })
  },
)
