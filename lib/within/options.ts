// Functions among the options get paths, and get them as users know them.

import type { Progress } from '../core/progress.js'
import { relativeTo } from './paths.js'

interface Functions {
  readonly onProgress?: unknown
  readonly filter?: unknown
  readonly validate?: unknown
}

/** `top` is the root's path. What is no function comes through, to be refused by the function that gets it. */
export function withRelativePaths<O>(options: O, top: string): O {
  if (typeof options !== 'object' || options === null) return options
  const { onProgress, filter, validate } = options as Functions
  const relative = (path: string) => relativeTo(top, path)
  const wrapped: { -readonly [N in keyof Functions]: Functions[N] } = {}
  if (typeof onProgress === 'function')
    wrapped.onProgress = (progress: Progress) => onProgress({ ...progress, path: relative(progress.path) })
  if (typeof filter === 'function')
    wrapped.filter = (source: string, target: string, kind: unknown) => filter(relative(source), relative(target), kind)
  if (typeof validate === 'function') wrapped.validate = (path: string) => validate(relative(path))
  return { ...options, ...wrapped }
}
