// A function of fs-extra in its three forms: with a callback, as a promise, and `...Sync`.

import type { Dual } from '../../core/dual.js'
import { type Callback, settleInto } from '../callback.js'
import { textOf } from '../node/paths.js'
import type { Replacement } from '../node/replacing.js'
import { nodeFs } from '../node-fs.js'

/** What a function is called with; the rest of the arguments is left out. */
export type Given = readonly unknown[]

/** `take` returns the arguments for the function behind it, of which the first ones are paths. */
export function forms<Either, Sync>(
  name: string,
  behind: Dual<never[], unknown>,
  take: (...args: Given) => Given,
  paths = 1,
): [Either, Sync] {
  const promised = (...args: Given) => {
    try {
      refuseAsNode(args, paths)
      return behind(...(take(...args) as never[]))
    } catch (error) {
      return Promise.reject(error)
    }
  }
  const sync = (...args: Given) => {
    refuseAsNode(args, paths)
    return behind.sync(...(take(...args) as never[]))
  }
  Object.defineProperty(sync, 'name', { value: `${name}Sync` })
  return [withCallback(name, promised), sync as Sync]
}

/** fs-extra has Node look at what is no path, and so the error is Node's. */
function refuseAsNode(args: Given, paths: number): void {
  for (let at = 0; at < paths; at++) if (textOf(args[at]) === undefined) nodeFs.lstatSync(args[at] as string)
}

/** A callback, if there is one, is the last argument. */
function withCallback<Either>(name: string, promised: (...args: Given) => Promise<unknown>): Either {
  const either = (...args: Given) => {
    const callback = args.at(-1)
    if (typeof callback !== 'function') return promised(...args)
    return settleInto(promised(...args.slice(0, -1)), callback as Callback)
  }
  return Object.defineProperty(either, 'name', { value: name }) as Either
}

/** The same for a function that does what one of Node's does: what is no path is refused in Node's words. */
export function ofNode<Either, Sync>(
  name: string,
  behind: Dual<never[], unknown>,
  node: Replacement,
  take: (path: unknown, options: unknown) => Taken,
): [Either, Sync] {
  const promised = (path: unknown, given: unknown) => {
    try {
      const { text, option, asNode } = take(path, given)
      return text === undefined ? node.promise(path, asNode()) : behind(...([text, option] as never[]))
    } catch (error) {
      return Promise.reject(error)
    }
  }
  const sync = (path: unknown, given: unknown) => {
    const { text, option, asNode } = take(path, given)
    return text === undefined ? node.sync(path, asNode()) : behind.sync(...([text, option] as never[]))
  }
  Object.defineProperty(sync, 'name', { value: `${name}Sync` })
  return [withCallback(name, promised), sync as Sync]
}

export interface Taken {
  /** Undefined: the call is for Node. */
  readonly text: string | undefined
  readonly option: unknown
  /** The options for Node. */
  readonly asNode: () => object
}
