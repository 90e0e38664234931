// A public function, called in a directory where every ending can be judged.

import type { Patience } from 'holdfast'
import type { Tree } from './tree.js'

export type Form = 'promise' | 'sync'
export const forms: readonly Form[] = ['promise', 'sync']

export interface Act {
  /** The function, and after a dash how it is called. */
  readonly name: string
  /** Makes what the call finds. */
  plant(dir: string): void
  /** Makes the call. */
  call(dir: string, form: Form): unknown
  /** What is there when the call has succeeded. */
  readonly becomes: Tree
  /** What else may be there meanwhile, and after a failure. @default only what was there before, or `becomes` */
  readonly meanwhile?: readonly Tree[]
  /** What an end without a reply may leave, as is documented, so that the next caller finds the name taken. */
  readonly taken?: readonly Tree[]
  /** It changes one thing after the other: each name, by itself, is what it was or what it will be. */
  readonly piecewise?: boolean
  /** What is there after the next caller, if that adds to what is there. @default `becomes` */
  readonly adds?: (was: Tree) => Tree
  /** What the call may return. @default anything */
  readonly returns?: readonly unknown[]
  /** The errors that the function documents besides the system's own. */
  readonly documented?: readonly string[]
  /** The error of the same call, made again when all is done. @default none */
  readonly again?: string
  /** Private names of the dead are there in the beginning, so after a failure they may be there. */
  readonly plantsDebris?: boolean
  /** What it gives back goes only after a directory was synced. */
  readonly syncsFirst?: boolean
  /** It gives back only what was given to it before: what it cannot release, it keeps open. */
  readonly keepsOpen?: boolean
  /** It makes other calls each time, because it measures times. */
  readonly varies?: boolean
  /** It makes the same calls many times over: the first of each kind, and some of the others, are enough. */
  readonly repeats?: boolean
  /** `npm test` leaves it out: others make nearly the same calls. */
  readonly onlyAtFullSize?: boolean
}

/** What fails for ever ends soon. */
export const patience: Patience = { retryFor: 40, timeout: 1_500 }

interface Both {
  (...args: never[]): unknown
  sync(...args: never[]): unknown
}

/** The form of a function. */
export const inForm = <F extends Both>(both: F, form: Form): F['sync'] => (form === 'sync' ? both.sync : both)
