// Options that are about paths: functions get them as users know them, and where a lock is, is below the root, too.

import type { Progress } from '../core/progress.js'
import type { PlaceOptions } from '../lock/place.js'
import type { Bound } from './bind.js'
import { relativeTo } from './paths.js'

interface Functions {
  readonly onProgress?: unknown
  readonly filter?: unknown
  readonly validate?: unknown
}

/** The options as the function itself gets them. What is no function comes through, to be refused by that. */
export function asBound<O>(options: O, bound: Bound): O {
  if (typeof options !== 'object' || options === null) return options
  const { onProgress, filter, validate } = options as Functions
  const top = bound.root.path
  const relative = (path: string) => relativeTo(top, path)
  const wrapped: { -readonly [N in keyof Functions]: Functions[N] } = {}
  if (typeof onProgress === 'function')
    wrapped.onProgress = (progress: Progress) => onProgress({ ...progress, path: relative(progress.path) })
  if (typeof filter === 'function')
    wrapped.filter = (source: string, target: string, kind: unknown) => filter(relative(source), relative(target), kind)
  if (typeof validate === 'function') wrapped.validate = (path: string) => validate(relative(path))
  return { ...options, ...wrapped, ...placesBelow(options, bound) }
}

/** Where a lock is, as absolute paths. */
export function placesBelow({ lockPath, lockDir }: PlaceOptions, bound: Bound): PlaceOptions {
  const places: { -readonly [N in 'lockPath' | 'lockDir']?: string } = {}
  if (lockPath !== undefined) places.lockPath = bound.path(lockPath, 'options.lockPath', 'file')
  if (lockDir !== undefined) places.lockDir = bound.path(lockDir, 'options.lockDir')
  return places
}
