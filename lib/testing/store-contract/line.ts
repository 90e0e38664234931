// What a line of the store's contract is tried on, and the words in which the lines are written.

import { deepStrictEqual, fail, ok, strictEqual } from 'node:assert/strict'
import type { Change, Entry, Gone, Store } from '../../store/contract.js'

/** What a line passes when it opens a store. */
export interface OpenOptions {
  readonly codec?: { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown }
  readonly maxValueBytes?: number
}

/** Where a line is tried. */
export interface Site {
  /** Opens the store of this line: each call returns another object over the same values. */
  open(options?: OpenOptions): Promise<Store<unknown>>
  /** Milliseconds: several operations of the store fit in. */
  readonly unit: number
  /** The forms that the store has. */
  readonly forms: readonly ('promise' | 'sync')[]
}

export interface Line {
  readonly name: string
  readonly run: (site: Site) => Promise<void>
}

/** A line on one store. */
export const line = (name: string, run: (store: Store<unknown>, site: Site) => Promise<void>): Line => ({
  name,
  run: async site => run(await site.open(), site),
})

/** Asserts that a change was made, and returns the entry that is there now. */
export function made<T>(change: Change<T>): Entry<T> {
  ok(change.ok, `the change was refused: ${JSON.stringify(change)}`)
  return change.entry ?? fail('the change returned no entry')
}

/** Asserts that a change was refused, and returns what is there instead. */
export function refused<T>(change: Change<T>): Entry<T> | Gone | undefined {
  strictEqual(change.ok, false, `the change was made: ${JSON.stringify(change)}`)
  return change.entry
}

/** Asserts that there is an entry, and returns it. */
export function present<T>(entry: Entry<T> | Gone | undefined): Entry<T> {
  ok(entry && !entry.gone, `there is no entry, but ${JSON.stringify(entry)}`)
  return entry
}

/** Asserts that nothing is known of the key. */
export async function isAbsent(store: Store<unknown>, key: string): Promise<void> {
  strictEqual(await store.get(key), undefined)
}

export async function hasValue(store: Store<unknown>, key: string, value: unknown): Promise<void> {
  deepStrictEqual(present(await store.get(key)).value, value)
}

/** Asserts that the call is refused with this code. */
export async function fails(promise: Promise<unknown>, code: string): Promise<Error & Record<string, unknown>> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    const got = error as Error & { code?: string }
    strictEqual(got?.code, code, `it failed with ${got?.stack}`)
    return got as Error & Record<string, unknown>
  }
  return fail(`it should have failed with ${code}, but returned ${JSON.stringify(value)}`)
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Waits until an entry with this end must be over; not for as long as a store may say that lasts. */
export const sleepUntil = (atMs: number | undefined, unit: number): Promise<void> =>
  sleep(Math.min((atMs ?? Date.now()) - Date.now(), 10 * unit) + unit / 4)

/** Runs so many calls at once. */
export const atOnce = <T>(count: number, call: (number: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, number) => call(number)))
