// What a root needs besides the path functions: to read and to look. By a path from outside, that would not be contained.

import { type Dual, dual } from '../core/dual.js'
import { asPath, type Patience } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import { type Entry, fs, type Steps } from '../core/steps.js'
import { achieve, noEvidence } from '../parts/achieve.js'
import { asEncoding } from '../parts/source.js'

export interface ReadFileOptions extends Patience {
  /** With an encoding, the content is returned as text. @default none: it is returned as a Buffer */
  readonly encoding?: BufferEncoding | undefined
}

type Encoded = ReadFileOptions & { readonly encoding: BufferEncoding }

export interface ReadFile {
  (path: string, options: Encoded): Promise<string>
  (path: string, options?: ReadFileOptions & { readonly encoding?: undefined }): Promise<Buffer>
  readonly sync: {
    (path: string, options: Encoded): string
    (path: string, options?: ReadFileOptions & { readonly encoding?: undefined }): Buffer
  }
  steps(path: string, options?: ReadFileOptions): Steps<Buffer | string>
}

export const readFile = dual(function* readFile(path: string, options: ReadFileOptions = {}): Steps<Buffer | string> {
  const at = asPath(path, 'path')
  const { encoding, retryFor } = options
  const text = encoding === undefined ? undefined : asEncoding(encoding)
  const bytes = yield* achieve(() => fs.readFile(at), noEvidence, { as: 'readFile', path: at, retryFor })
  return text ? bytes.toString(text) : bytes
})

export const list: Dual<[dir: string, options?: Patience], Entry[]> = dual(function* list(
  dir: string,
  options: Patience = {},
): Steps<Entry[]> {
  const at = asPath(dir, 'dir')
  return yield* achieve(() => fs.list(at), noEvidence, { as: 'list', path: at, retryFor: options.retryFor })
})

export const lstat: Dual<[path: string, options?: Patience], Stats> = dual(function* lstat(
  path: string,
  options: Patience = {},
): Steps<Stats> {
  const at = asPath(path, 'path')
  return yield* achieve(() => fs.lstat(at), noEvidence, { as: 'lstat', path: at, retryFor: options.retryFor })
})
