// What the fast path knows of calls, one entry for each: what it notes of one, and what one needs (./kernel-cache.ts).

import type { Alphabet, Call, Op } from '../alphabet.js'

/** What is noted of a call that succeeded. */
export type Notes = { readonly [O in Op]?: (value: ReturnType<Alphabet[O]>, ...args: Parameters<Alphabet[O]>) => void }
/** The device that a call concerns, if it is local and the call finds in memory what it needs. */
export type Needs = { readonly [O in Op]?: (...args: Parameters<Alphabet[O]>) => number | undefined }

type AnyFunction<T> = (...args: readonly unknown[]) => T

export const deviceBy = (needs: Needs, { op, args }: Call): number | undefined =>
  (needs[op] as AnyFunction<number | undefined> | undefined)?.(...args)

export function noteBy(notes: Notes, { op, args }: Call, value: unknown): void {
  ;(notes[op] as AnyFunction<void> | undefined)?.(value, ...args)
}
