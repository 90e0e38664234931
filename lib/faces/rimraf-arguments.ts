// How rimraf takes its arguments, with its errors to the letter.

import type { Dirent, Stats } from 'node:fs'
import { parse } from 'node:path'
import { inspect } from 'node:util'
import type { GlobOptions } from './glob.js'
import { refuseIllegal, refuseNulls, resolvePath } from './path-argument.js'

export interface RimrafAsyncOptions {
  preserveRoot?: boolean
  tmp?: string
  maxRetries?: number
  retryDelay?: number
  backoff?: number
  maxBackoff?: number
  signal?: AbortSignal
  glob?: boolean | GlobOptions
  filter?: ((path: string, ent: Dirent | Stats) => boolean) | ((path: string, ent: Dirent | Stats) => Promise<boolean>)
}

export interface RimrafSyncOptions extends RimrafAsyncOptions {
  filter?: (path: string, ent: Dirent | Stats) => boolean
}

export type RimrafOptions = RimrafSyncOptions | RimrafAsyncOptions

export type Paths = string | string[]

const types = {
  preserveRoot: 'boolean',
  tmp: 'string',
  maxRetries: 'number',
  retryDelay: 'number',
  backoff: 'number',
  maxBackoff: 'number',
  filter: 'function',
} as const

export function isRimrafOptions(o: unknown): o is RimrafOptions {
  if (typeof o !== 'object' || !o) return false
  const given = o as Record<string, unknown>
  const isOf = (name: string, type: string) => given[name] === undefined || typeof given[name] === type
  const hasGlob = isOf('glob', 'boolean') || (typeof given.glob === 'object' && given.glob !== null)
  return hasGlob && Object.entries(types).every(([name, type]) => isOf(name, type))
}

export function assertRimrafOptions(o: unknown): void {
  if (!isRimrafOptions(o)) throw new Error('invalid rimraf options')
}

/** Returns the path as it is after `path.resolve`. */
export function asPath(path: unknown): string {
  if (typeof path !== 'string') {
    const message = `The "path" argument must be of type string. Received ${received(path)}`
    throw Object.assign(new TypeError(message), { path, code: 'ERR_INVALID_ARG_TYPE' })
  }
  refuseNulls(path)
  const at = resolvePath(path)
  if (at === parse(at).root) {
    const message = 'refusing to remove root directory without preserveRoot:false'
    throw Object.assign(new Error(message), { path: at, code: 'ERR_PRESERVE_ROOT' })
  }
  refuseIllegal(at)
  return at
}

function received(value: unknown): string {
  if (typeof value !== 'object') return `type ${typeof value} ${String(value)}`
  const { name } = (value?.constructor ?? {}) as { name?: string }
  return name ? `an instance of ${name}` : inspect(value)
}
