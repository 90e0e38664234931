// What write-file-atomic and atomically have in common: the work of `writeFile`, with their hooks around the private file.

import type { Publication } from '../core/publication.js'
import type { Steps } from '../core/steps.js'
import { syncName } from '../parts/durable.js'
import type { StageHooks } from '../write-file/job.js'
import { write } from '../write-file/write.js'
import { asWriting, type WriteFileOptions } from '../write-file.js'

/**
 * Writes the file. A mode that is named and that the system refuses an ordinary user is no error, as in these packages.
 *
 * @param as The name of the function, for the diagnostics channels.
 */
export function* writeAtomically(
  publication: Publication,
  as: string,
  file: string,
  data: unknown,
  options: WriteFileOptions,
  hooks: StageHooks | undefined,
): Steps<void> {
  const job = asWriting(file, data, options, as, publication)
  const { mode, owner } = job.permissions
  // A spread would take as long as a call.
  job.permissions = { mode, owner, isLenient: process.getuid?.() !== 0 }
  job.hooks = hooks
  const at = yield* write(job)
  if (at !== undefined) yield* syncName(at, job.durability, job.parents)
}

/** Mode and owner as these packages take them: null and what is absent keep the old file's, false leaves them. */
export const asKept = <T>(value: T | false | null | undefined): T | false | undefined => value ?? undefined
