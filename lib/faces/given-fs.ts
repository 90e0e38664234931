// A door to a filesystem that a caller gives, as far as a directory is made in it: mkdirp and make-dir take one.

import type { Stats as NodeStats } from 'node:fs'
import { constants } from 'node:os'
import { door } from '../core/disk.js'
import { callBack } from '../core/done.js'
import type { Door, SingleCall } from '../core/door.js'

/** The functions of that filesystem. Those of the promise form, and those of the sync form. */
export interface GivenFs {
  readonly mkdir: (path: string, mode: number, done: (error: unknown) => void) => void
  readonly stat: (path: string, done: (error: unknown, stats?: NodeStats) => void) => void
  readonly mkdirSync: (path: string, mode: number) => unknown
  readonly statSync: (path: string) => NodeStats
}

/**
 * What is no call to a filesystem (the clock, a wait) goes through the real door. A given filesystem need not have lstat,
 * so a link counts as what it leads to.
 */
export const doorTo = (given: GivenFs): Door => ({
  performSync(call) {
    const [path, option] = call.args as [string, unknown]
    try {
      if (call.op === 'mkdir') return given.mkdirSync(path, option as number)
      if (isStat(call)) return given.statSync(path)
    } catch (error) {
      return orNothing(asSystemError(error, call.op), isStat(call) && option !== undefined)
    }
    return performElsewhere(call)
  },
  perform(call, done) {
    const [path, option] = call.args as [string, unknown]
    if (call.op === 'mkdir') given.mkdir(path, option as number, error => done(asSystemError(error, call.op)))
    else if (isStat(call))
      given.stat(path, (error, stats) => {
        if (!error) return done(null, stats)
        callBack(() => orNothing(asSystemError(error, call.op), option !== undefined), done)
      })
    else if (hints.has(call.op)) done(null)
    else return door.perform(call, done)
    return undefined
  },
})

const isStat = ({ op }: SingleCall): boolean => op === 'stat' || op === 'lstat'

/** What this process keeps in mind is about its own disk. */
const hints: ReadonlySet<string> = new Set(['recall', 'remember'])

const performElsewhere = (call: SingleCall): unknown => (hints.has(call.op) ? undefined : door.performSync(call))

function orNothing(error: unknown, mayBeMissing: boolean): undefined {
  const isMissing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
  if (mayBeMissing && isMissing) return undefined
  throw error
}

/** Some filesystems in memory give their errors only a code: then the number and the call are added. */
function asSystemError(error: unknown, syscall: string): unknown {
  const { code, errno } = (error ?? {}) as NodeJS.ErrnoException
  const number = constants.errno[code as keyof typeof constants.errno]
  if (error instanceof Error && errno === undefined && number !== undefined)
    Object.assign(error, { errno: -number, syscall })
  return error
}
