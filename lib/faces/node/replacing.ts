// A function of Node's that this package does better, in Node's shapes. What Node alone can do goes on to Node.

import type { Dual } from '../../core/dual.js'
import { type Callback, settleInto } from '../callback.js'
import { nodeFs } from '../node-fs.js'
import { promised } from './through-node.js'

type AnyFunction = (...args: readonly unknown[]) => unknown

/** Names of functions that Node has in three forms: in `node:fs` with a callback and as `...Sync`, and as a promise. */
type Name = 'mkdir' | 'rm' | 'cp' | 'rename' | 'writeFile'

/** One function in the forms of `node:fs/promises` and of `node:fs`. */
export interface Replacement {
  readonly promise: (...args: readonly unknown[]) => Promise<unknown>
  readonly sync: AnyFunction
  /** With a callback, if that is the last argument; otherwise it returns a promise. */
  readonly either: AnyFunction
}

/**
 * `takes` returns the arguments for `ours`; or undefined, if the call is for Node: something that only Node can do, or bad
 * input, of which Node makes the error. Node's functions are looked up at each call, because programs replace them.
 */
export function replacing<A extends unknown[], T>(
  name: Name,
  ours: Dual<A, T>,
  takes: (...args: readonly unknown[]) => A | undefined,
): Replacement {
  const promise = (...args: readonly unknown[]) => {
    const taken = takes(...args)
    return taken ? ours(...taken) : ((nodeFs.promises[name] as AnyFunction)(...args) as Promise<unknown>)
  }
  const sync = (...args: readonly unknown[]) => {
    const taken = takes(...args)
    return taken ? ours.sync(...taken) : (nodeFs[`${name}Sync`] as AnyFunction)(...args)
  }
  const either = (...args: readonly unknown[]) => {
    const native = nodeFs[name] as AnyFunction
    const callback = args.at(-1)
    const taken = takes(...(typeof callback === 'function' ? args.slice(0, -1) : args))
    if (typeof callback === 'function')
      return taken ? settleInto(ours(...taken), callback as Callback) : native(...args)
    // Not by `node:fs/promises`, because the functions of `node:fs` take descriptors.
    return taken ? ours(...taken) : promised(native, args)
  }
  for (const form of [promise, either]) Object.defineProperty(form, 'name', { value: name })
  Object.defineProperty(sync, 'name', { value: `${name}Sync` })
  return { promise, sync, either }
}
