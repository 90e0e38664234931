// The door under Node's permission model (`--permission`), which refuses some calls on descriptors at once, whatever they
// are about. A program that runs under it has chosen so. What it has not asked for by name is left out, and reported once.

import { door } from './disk.js'
import type { Done } from './done.js'
import type { Door, SingleCall } from './door.js'

/** The mode that was given at `open` stays, and the owner is left. */
const mayBeLeftOut: readonly string[] = ['fchmod', 'fchown']

/** The options by which a caller asks for a call. */
interface Asked {
  readonly durability?: unknown
  readonly preserveTimestamps?: unknown
}

let isRestricted: boolean | undefined

/** The door for a call with these options. */
export function doorFor(options: unknown): Door {
  // Looked up by the first call, because importing the package looks at nothing. It stays the same from then on.
  isRestricted ??= (process as { permission?: unknown }).permission !== undefined
  if (!isRestricted) return door
  const { durability, preserveTimestamps } = (options ?? {}) as Asked
  const isOptional = ({ op }: SingleCall): boolean =>
    mayBeLeftOut.includes(op) ||
    (op === 'fsync' && durability === undefined) ||
    (op === 'futimes' && !preserveTimestamps)
  return leavingOut(isOptional)
}

const leavingOut = (isOptional: (call: SingleCall) => boolean): Door => ({
  performSync(call) {
    try {
      return door.performSync(call)
    } catch (error) {
      if (!isOptional(call) || !isRefused(error)) throw error
      report(call.op)
      return undefined
    }
  },
  perform(call, done) {
    const ended: Done = (error, value) => {
      if (!isOptional(call) || !isRefused(error)) return done(error, value)
      report(call.op)
      done(null)
    }
    try {
      return door.perform(call, ended)
    } catch (error) {
      ended(error)
      return undefined
    }
  },
})

/** With a permission named, it is a path that may not be touched. */
function isRefused(error: unknown): boolean {
  const { code, permission } = (error ?? {}) as { code?: unknown; permission?: unknown }
  return code === 'ERR_ACCESS_DENIED' && !permission
}

const reported = new Set<string>()

function report(op: string): void {
  if (reported.has(op)) return
  reported.add(op)
  const message = `Node's permission model refuses ${op}. Files are written without it, unless an option asks for it`
  process.emitWarning(message, { code: 'HOLDFAST_DENIED' })
}
