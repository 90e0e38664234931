// The path functions, bound to a root. Each is the function itself: it gets the paths below the root's own, and its calls
// are made from there.

import { type Dual, dual } from '../core/dual.js'
import { asPath, refusal } from '../core/input.js'
import { alsoPublishes } from '../core/publication.js'
import type { Steps } from '../core/steps.js'
import { contained } from './contained.js'
import type { Counted } from './limits.js'
import { asParts, joined } from './paths.js'
import { overLimit } from './refusals.js'
import { assertOpen, type Root } from './root.js'

/** What an argument names: a file that must have a name of its own, or anything. */
export type Kind = 'file' | 'any'

export interface Binding<A extends unknown[], T> {
  readonly name: string
  /** At which place the options are. */
  readonly optionsAt: number
  /** The arguments as the function itself gets them. */
  readonly arguments: (bound: Bound, ...args: A) => A
  readonly result?: (value: T, bound: Bound) => T
  readonly counted?: Counted
  /** The queues of the function itself, by its first argument and its options. */
  readonly turns?: (bound: Bound, first: A[0], options: unknown) => string[]
  /** As for `dual`: what a call does while it waits for its turn, by its arguments as the function itself gets them. */
  readonly whileQueued?: (turn: Promise<unknown>, ...args: A) => Steps<unknown> | undefined
  readonly publishes?: boolean
}

/** What is the same for all functions of a root. */
export class Bound {
  constructor(readonly root: Root) {}

  /** The absolute path of what a caller names. */
  path(given: unknown, argument: string, kind: Kind = 'any'): string {
    const { path: top, limits } = this.root
    const names = asParts(given, argument)
    if (kind === 'file' && (names.length === 0 || /[\\/]\.?$/.test(given as string)))
      throw refusal('ERR_INVALID_ARG_VALUE', argument, 'a path that ends with a name', given)
    if (names.length > limits.maxDepth) throw overLimit('maxDepth', limits.maxDepth, given as string)
    return asPath(joined(top, names), argument)
  }

  bind<A extends unknown[], T>(original: Dual<A, T>, binding: Binding<A, T>): Dual<A, T> {
    const { name, optionsAt, counted, result, turns, publishes } = binding
    const whileQueued = (turn: Promise<unknown>, ...args: A) => {
      const steps = binding.whileQueued?.(turn, ...binding.arguments(this, ...args))
      return steps && contained(this.root, steps)
    }
    const algorithm = (...args: A) => {
      assertOpen(this.root)
      const steps = original.steps(...binding.arguments(this, ...args))
      return contained(this.root, steps, { counted, result: result && (value => result(value, this)) })
    }
    Object.defineProperties(algorithm, { name: { value: name }, length: { value: optionsAt } })
    if (publishes) alsoPublishes(algorithm)
    return dual(
      algorithm,
      turns ? { turns: (first, ...rest) => turns(this, first, rest[optionsAt - 1]), whileQueued } : {},
    )
  }
}
