// The options of proper-lockfile, with its defaults and its limits.

import { resolve } from 'node:path'
import { asFunction, asPath, refusal } from '../../core/input.js'
import { fs, type Steps } from '../../core/steps.js'
import { type Pauses, pausesOf, type Retries } from './pauses.js'

export type { Retries } from './pauses.js'

export interface UnlockingOptions {
  /** Follows links, so that one file has one lock: then it must exist. @default true */
  readonly realpath?: boolean | undefined
  /**
   * An object like Node's `fs`, whose functions make the calls. It must lead to the same disk. @default Node's
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in the types of proper-lockfile, which take any object.
  readonly fs?: any
  /** The directory that is the lock. @default `<file>.lock` */
  readonly lockfilePath?: string | undefined
}

export interface CheckingOptions extends UnlockingOptions {
  /** Milliseconds, at least 2000, without a heartbeat after which the lock of a holder that cannot be judged is stale. @default 10_000 */
  readonly stale?: number | undefined
}

export interface LockingOptions extends CheckingOptions {
  /** Milliseconds between heartbeats, from 1000 to `stale / 2`. @default `stale / 2` */
  readonly update?: number | undefined
  /** How often, and after which pauses, a lock that is held is tried again. @default 0 */
  readonly retries?: Retries | undefined
  /**
   * Called once, with `ECOMPROMISED`, when the lock is lost, or may be because no heartbeat was made for `stale` ms.
   * @default throws the error, which is uncaught
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in the types of proper-lockfile.
  readonly onCompromised?: ((error: Error) => any) | undefined
}

/** A call, and what it was asked for. */
export interface Asked {
  /** As it was given: where it leads is known later. */
  readonly file: string
  readonly realpath: boolean
  /** Undefined: beside the file. */
  readonly lockfilePath: string | undefined
  readonly staleMs: number
}

export interface AskedLock extends Asked {
  readonly updateMs: number
  readonly pauses: Pauses
  /** The caller has given a filesystem. */
  readonly isWatched: boolean
  readonly onCompromised: (error: Error) => unknown
}

const leastStaleMs = 2000
const leastUpdateMs = 1000

const defaults: CheckingOptions = { realpath: true, stale: 10_000 }

/** An option that is there counts, as there, also if it is undefined: without `realpath`, links are not followed. */
export function asked(file: unknown, options: CheckingOptions | undefined): Asked {
  const { realpath, lockfilePath, stale } = options ? { ...defaults, ...options } : defaults
  return {
    file: asPath(file, 'file'),
    realpath: Boolean(realpath),
    lockfilePath: lockfilePath ? asPath(lockfilePath, 'options.lockfilePath') : undefined,
    staleMs: Math.max(asMs(stale), leastStaleMs),
  }
}

export function askedLock(file: unknown, options: LockingOptions | undefined): AskedLock {
  const common = asked(file, options)
  const { update, retries, onCompromised = throwIt } = options ?? {}
  const updateMs = update === undefined || update === null ? common.staleMs / 2 : asMs(update)
  return {
    ...common,
    updateMs: Math.max(Math.min(updateMs, common.staleMs / 2), leastUpdateMs),
    pauses: pausesOf(retries),
    isWatched: (options?.fs ?? undefined) !== undefined,
    onCompromised: asFunction(onCompromised, 'options.onCompromised') as AskedLock['onCompromised'],
  }
}

/** What is no number, or false, is as little as can be. */
const asMs = (value: unknown): number => {
  const ms = Number(value || 0)
  if (Number.isNaN(ms)) throw refusal('ERR_INVALID_ARG_TYPE', 'options.stale', 'a number', value)
  return ms
}

function throwIt(error: Error): never {
  throw error
}

/** The file that is locked: the name of its lock, for this process, and of the directory beside it. */
export const canonical = ({ file, realpath }: Asked): Steps<string> =>
  realpath ? fs.realpath(file) : as(resolve(file))

// biome-ignore lint/correctness/useYield: it makes no call
function* as(file: string): Steps<string> {
  return file
}
