// Node's permission model (`--permission`) refuses some calls on descriptors at once, whatever they are about: fsync,
// fchmod, fchown, futimes. A program that runs under it has chosen so, and can do without what they add to a file.

import type { Steps } from '../core/steps.js'

/** Makes a call, and returns true; or false, if Node's permission model refuses it, which is reported once. */
export function* unlessDenied(call: Steps<unknown>): Steps<boolean> {
  try {
    yield* call
    return true
  } catch (error) {
    const { code, permission } = (error ?? {}) as { code?: unknown; permission?: unknown }
    // With a permission named, it is the path that may not be touched.
    if (code !== 'ERR_ACCESS_DENIED' || permission) throw error
    report(error as Error)
    return false
  }
}

const reported = new Set<string>()

function report({ message }: Error): void {
  if (reported.has(message)) return
  reported.add(message)
  process.emitWarning(`This goes on without a call that Node refuses: ${message}`, { code: 'HOLDFAST_DENIED' })
}
