// Two calls of the sync form that take more than one function of Node's.

import type { StatSyncOptions } from 'node:fs'
import type { Path } from './alphabet.js'
import { hasCode } from './errors.js'
import type { Stats } from './stats.js'
import type { orNothing } from './steps.js'

type StatSync = (path: Path, options: StatSyncOptions & { bigint: true }) => Stats | undefined

const missingAllowed = { bigint: true, throwIfNoEntry: false } as const

/** Node throws ENOTDIR even if it may return undefined, though nothing has that name either. */
export function statSync(stat: StatSync, path: Path, options?: typeof orNothing): Stats | undefined {
  if (options === undefined) return stat(path, { bigint: true })
  try {
    return stat(path, missingAllowed)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

interface Reading {
  openSync(path: string, flags: 'r'): number
  readFileSync(fd: number): Buffer
  closeSync(fd: number): void
}

/** By its descriptor: by its path, Node leaves the file open if it cannot be looked at. */
export function readFileSync(path: string, fs: Reading): Buffer {
  const fd = fs.openSync(path, 'r')
  try {
    return fs.readFileSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
