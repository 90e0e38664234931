// What the fast path knows of calls, one entry for each: what it notes of one, and what one needs (./kernel-cache.ts).

import type { Alphabet, Op } from './alphabet.js'

/** What is noted of a call that succeeded. */
export type Notes = { readonly [O in Op]?: (value: ReturnType<Alphabet[O]>, ...args: Parameters<Alphabet[O]>) => void }
/** The device that a call concerns, if it is local and the call finds in memory what it needs. */
export type Needs = { readonly [O in Op]?: (...args: Parameters<Alphabet[O]>) => number | undefined }
