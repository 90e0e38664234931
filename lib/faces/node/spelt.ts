import { isSystemError } from '../../core/errors.js'

/** An error of the path `at`, in which that is spelt as the caller has it. Returns the same object. */
export function spelt(error: unknown, at: string, given: string): unknown {
  if (at !== given && isSystemError(error) && error.path === at) {
    error.message = error.message.replace(`'${at}'`, () => `'${given}'`)
    Object.assign(error, { path: given })
  }
  return error
}
