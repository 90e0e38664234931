// How an experiment is judged: what its failure says about the filesystem, and how often it is made.

import { cannotLink, type Errno, hasCode } from '../core/errors.js'
import type { Outcome, Steps } from '../core/steps.js'

/** How many times an experiment is made that may succeed by chance. */
export const rounds = 20

/**
 * The codes for "no links here" mean "not here" of other calls, too. The loser of a race gets EEXIST, or EPERM on
 * sshfs.
 */
export const isRefusal = (error: unknown): boolean => cannotLink(error) || hasCode(error, 'EEXIST', 'EACCES')

/**
 * Runs an experiment; a refusal counts as false. EEXIST may be the echo of our own call, because no other process has
 * these names, so it counts only when it comes twice; and so do the codes in `odd`.
 */
export function* isKept(experiment: (nth: string) => Steps<boolean>, ...odd: readonly Errno[]): Steps<boolean> {
  for (const nth of ['first', 'second']) {
    try {
      return yield* experiment(nth)
    } catch (error) {
      if (hasCode(error, 'EEXIST', ...odd)) continue
      if (!isRefusal(error)) throw error
      return false
    }
  }
  return false
}

export const hasFailed = (outcome: Outcome<unknown>): outcome is { readonly error: unknown } => 'error' in outcome
