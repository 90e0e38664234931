import { fs, type Steps } from '../core/steps.js'
import { unlessDenied } from '../parts/denied.js'
import type { Writing } from './job.js'

/** Syncs what was written. Only if the caller has asked for it by name must it be possible. */
export function* syncIfMeant(fd: number, { durability, isDurabilityAsked }: Writing): Steps<void> {
  if (durability === 'none') return
  if (isDurabilityAsked) yield* fs.fsync(fd)
  else yield* unlessDenied(fs.fsync(fd))
}
