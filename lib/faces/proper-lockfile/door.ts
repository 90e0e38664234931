// The door of a face that takes an option `fs`: an object like Node's `fs`, whose functions make the calls. It must lead to
// the same disk (as graceful-fs does, a spy, what puts faults in the way), because algorithms use descriptors and inodes.

import { door } from '../../core/disk.js'
import { callBack, type Done } from '../../core/done.js'
import type { Door } from '../../core/door.js'
import { inThreadOf } from '../../core/in-thread.js'
import { poolOf } from '../../core/pool.js'
import { doorFor } from '../../core/restricted-door.js'
import type { orNothing } from '../../core/steps.js'
import { nodeFs } from '../node-fs.js'

type NodeFs = typeof import('node:fs')
type AnyFunction = (...args: readonly unknown[]) => unknown
type Table = { readonly [op: string]: AnyFunction | undefined }

/** What kind of filesystem it is, the given functions do not show. Nor is it known how long they take. */
const unknown: Table = { local: () => false, clocked: () => false, quick: () => false, hot: () => undefined }

/** Where a call has another name than the function that makes it. */
const named: { readonly [op: string]: string | undefined } = { exists: 'access', list: 'readdir', clone: 'copyFile' }

const nameOf = (op: string): string => named[op] ?? op

/** The door of a call whose caller has given a filesystem. What that has no function for, Node's makes. */
export function doorOf(given: unknown): Door {
  if (given === undefined || given === null) return doorFor(undefined)
  const fs = given as NodeFs
  const [callbacks, inThread] = [
    { ...poolOf(fs), ...asOthersCall(fs) },
    { ...inThreadOf(fs), realpath: realpathIn(fs) },
  ]
  const has = (name: string) => typeof (fs as unknown as Table)[name] === 'function'
  return {
    performSync(call) {
      const { op, args } = call
      const make = unknown[op] ?? (has(`${nameOf(op)}Sync`) ? (inThread as unknown as Table)[op] : undefined)
      return make ? make(...args) : door.performSync(call)
    },
    perform(call, done) {
      const { op, args } = call
      const known = unknown[op]
      if (known) return callBack(known, done)
      const make = has(nameOf(op)) ? (callbacks as unknown as Table)[op] : undefined
      if (!make) return door.perform(call, done)
      make(done, ...args)
      return undefined
    },
  }
}

const pool = poolOf(nodeFs)

const realpathIn = (fs: NodeFs) => (path: string) => fs.realpathSync(path)

/** Packages that take such an object call these with a path alone, and so it may be written. */
const asOthersCall = (fs: NodeFs) => ({
  realpath: (done: Done, path: string) => fs.realpath(path, done),
  stat: (done: Done, path: string, options?: typeof orNothing) =>
    fs.stat.length === 2
      ? (fs.stat as AnyFunction)(path, (error: unknown) => (error ? done(error) : pool.stat(done, path, options)))
      : poolOf(fs).stat(done, path, options),
  mkdir: (done: Done, path: string, mode?: number) =>
    fs.mkdir.length === 2 ? (fs.mkdir as AnyFunction)(path, done) : fs.mkdir(path, mode, done),
})
