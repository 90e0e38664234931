// The laws that every public function must obey, whatever it does. The spec of each calls them: they hold as well for a
// function that is yet to be written.

import { readdirSync } from 'node:fs'
import { inspect } from 'node:util'
import type { Call, Dual, Steps } from 'holdfast/steps'
import { abortedAt, failingAt } from '../broken/interfere.js'
import { assert, scratch } from './kit.js'
import { eventually } from './left.js'
import { told } from './planted.js'
import { privateNames } from './trees.js'

/** A call of the function, in a directory of its own. */
export interface Trial<A extends unknown[], T = unknown> {
  /** Lays out what the call finds. */
  readonly setup?: (dir: string) => void
  readonly args: (dir: string) => A
  /** Throws if what the call promises does not hold, although the call returned this value. */
  readonly done?: (dir: string, value: T) => void
}

/** What the laws need of a function that is made by `dual`. */
type Act<A extends unknown[], T> = Dual<A, T>

function lay<A extends unknown[], T>({ setup, args }: Trial<A, T>): { dir: string; args: A } {
  const dir = scratch()
  setup?.(dir)
  return { dir, args: args(dir) }
}

/**
 * The original error comes out: whichever call fails, the function throws that very error object, or returns and has
 * done what it promises. Every call of the trial is made to fail once, in one form or the other.
 */
export async function assertOriginalErrorComesOut<A extends unknown[], T>(
  act: Act<A, T>,
  trial: Trial<A, T>,
): Promise<{ threw: number; returned: number }> {
  const seen = { threw: 0, returned: 0 }
  for (let k = 0; ; k++) {
    const { dir, args } = lay(trial)
    const { call, injected, ...end } = await failingAt(k, act.steps(...args), k % 2 ? 'promise' : 'sync')
    const where = `call ${k}, ${call?.op}`
    if ('error' in end) assert.ok(end.error === injected, `${where}: another error came out: ${inspect(end.error)}`)
    else trial.done?.(dir, end.value as T)
    if (!call) break
    seen['error' in end ? 'threw' : 'returned']++
  }
  assert.ok(seen.threw > 0, 'no failure of any call came out')
  return seen
}

/** What a call came to, without the name of its directory, and without what is drawn at random. */
interface Come {
  readonly outcome: string
  readonly there: readonly string[] | undefined
}

async function comeOf<A extends unknown[], T>(trial: Trial<A, T>, run: (...args: A) => T | Promise<T>): Promise<Come> {
  const { dir, args } = lay(trial)
  const plain = (text: string) =>
    text
      .replaceAll(dir, '<dir>')
      // As `inspect` spells the separators of Windows.
      .replaceAll(dir.replaceAll('\\', '\\\\'), '<dir>')
      .replaceAll(dir.replaceAll('\\', '\\'.repeat(4)), '<dir>')
      .replace(/[0-9a-f]{16}/g, '<nonce>')
      .replace(/\bwritten: \d{13}\b/g, 'written: <time>')
      .replace(/(\.[lgn][0-9a-z]*)-[0-9a-z]{8}(?=[/.])/g, '$1-<time>')
      .replace(/\.f\.[0-9a-z]+\./g, '.f.<fence>.')
  let outcome: string
  try {
    outcome = `returned ${inspect(await run(...args), { depth: null })}`
  } catch (error) {
    const { name, message, code, errno, syscall, path } = error as NodeJS.ErrnoException
    outcome = `threw ${inspect({ name, message, code, errno, syscall, path })}`
  }
  // Times differ because there are two calls; times that were set are compared where the function promises them.
  const there = told(dir)?.map(line => plain(line.replace(/ \d{13}(?= |$)/, ' <time>')))
  return { outcome: plain(outcome), there }
}

/** Sync equals async: both forms return the same or throw the same, and leave the same behind. */
export async function assertSyncAndAsyncAgree<A extends unknown[], T>(
  act: Act<A, T>,
  ...trials: readonly Trial<A, T>[]
): Promise<void> {
  for (const trial of trials) {
    const [promised, sync] = [await comeOf(trial, act), await comeOf(trial, act.sync)]
    assert.is(sync.outcome, promised.outcome, 'the forms come to different ends')
    assert.equal(sync.there, promised.there, 'the forms leave different things')
  }
}

/** Open descriptors of this process, where they can be counted. */
export const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)

/** The calls that give back: when such a call fails itself, what it was to remove may stay. */
const givesBack = (call: Call | undefined): boolean => /^(unlink|rmdir|rename)$/.test(call?.op ?? '')

/**
 * Nothing is left behind: no private name and no open descriptor, whether the call returns, fails at any of its calls,
 * or is aborted before any of them. After a failure of a call that would have removed the private name, the name may
 * stay: `sweep` finds it.
 */
export async function assertNothingLeftBehind<A extends unknown[], T>(
  act: Act<A, T>,
  trial: Trial<A, T>,
): Promise<void> {
  const before = descriptors()
  const gets: readonly ((k: number, steps: Steps<T>) => ReturnType<typeof abortedAt<T>>)[] = [failingAt, abortedAt]
  for (const get of gets)
    for (let k = 0; ; k++) {
      const { dir, args } = lay(trial)
      const { call } = await get(k, act.steps(...args))
      const where = `${get.name}, call ${k}, ${call?.op}`
      // A call that was stopped may still be cleaning up when it has rejected.
      const left = () => assert.equal(privateNames(dir), [], `${where} left private names`)
      if (get === abortedAt) await eventually(left)
      else if (!givesBack(call)) left()
      assert.is(descriptors(), before, `${where} left a descriptor open`)
      if (!call) break
    }
}

/** A function with its sync form, whatever the types of both are. */
interface Forms {
  (...args: never[]): Promise<unknown>
  sync(...args: never[]): unknown
}

/** Arguments that must be refused, and the code of the error. */
export type Bad = readonly (readonly [args: readonly unknown[], code: string])[]

/** Bad input is refused by both forms, with the right error, and before anything in the directory is touched. */
export async function assertRefusesBadInput(act: Forms, dir: string, bad: Bad): Promise<void> {
  const before = told(dir)
  for (const [args, code] of bad) {
    const what = inspect(args, { depth: 1 })
    const refused = async (how: string, run: () => unknown) => {
      try {
        await run()
      } catch (error) {
        assert.is((error as NodeJS.ErrnoException).code, code, `${how}: ${what}: ${error}`)
        return
      }
      assert.unreachable(`${how}: ${what} was not refused`)
    }
    // A promise that rejects: an error that is thrown at once would pass by a `catch` of the promise.
    let promise: Promise<unknown> | undefined
    try {
      promise = act(...(args as never[]))
    } catch (error) {
      assert.unreachable(`${what} was thrown at once: ${error}`)
    }
    await refused('promise', () => promise)
    await refused('sync', () => act.sync(...(args as never[])))
  }
  assert.equal(told(dir), before, 'something was done before it was refused')
}
