import { resolve } from 'node:path'
import { dual } from './core/dual.js'
import { asPath, refusal } from './core/input.js'
import { publishing } from './core/publication.js'
import type { Steps } from './core/steps.js'
import { syncName } from './parts/durable.js'
import { write } from './write-file/write.js'
import { asWriting, type WriteFileOptions } from './write-file.js'

/** The second argument of `JSON.stringify`. */
export type Replacer = ((this: unknown, key: string, value: unknown) => unknown) | readonly (string | number)[]

export interface WriteJsonOptions extends Omit<WriteFileOptions, 'encoding'> {
  /** The third argument of `JSON.stringify`: how far a level is indented; 0 for one line. @default 2 */
  readonly spaces?: number | string | undefined
  /** The line end, also after the last line. @default '\n' */
  readonly EOL?: '\n' | '\r\n' | undefined
  /** What `JSON.stringify` calls with each value, or the names that it keeps. @default none */
  readonly replacer?: Replacer | undefined
}

/**
 * Writes a value as JSON, in the place of the old file.
 *
 * Holds afterwards: at an instant during the call `file` had exactly this content, and what else `writeFile` promises. What is
 * written is the value as it was when the call was made.
 *
 * Not promised: the layout of the old file, which `updateFile` keeps. What `writeFile` does not promise.
 *
 * @param file A path, or a `file:` URL.
 * @param value What JSON can hold. `undefined`, a function or a symbol is refused.
 * @param options Those of `writeFile`, but for `encoding`: JSON is UTF-8.
 * @returns Nothing.
 * @throws What `JSON.stringify` throws, unchanged, before anything is done: a TypeError of a value that contains itself, or of
 *   a BigInt. `ERR_INVALID_ARG_VALUE`: JSON cannot hold the value. What `writeFile` throws.
 *   `published` of each error says whether the file has the new content (see `Published`).
 *
 * @example
 * await writeJson('settings.json', settings, { mode: 0o600, durability: 'full' })
 */
export const writeJson = dual(
  publishing(function* writeJson(
    publication,
    file: string | URL,
    value: unknown,
    options: WriteJsonOptions = {},
  ): Steps<void> {
    const job = asWriting(file, textOf(value, options), { ...options, encoding: 'utf8' }, 'writeJson', publication)
    const at = yield* write(job)
    if (at !== undefined) yield* syncName(at, job.durability, job.parents)
  }),
  { turns: file => [resolve(asPath(file, 'file'))] },
)

function textOf(value: unknown, { spaces = 2, EOL = '\n', replacer }: WriteJsonOptions): string {
  if (typeof spaces !== 'number' && typeof spaces !== 'string')
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.spaces', 'a number or a string', spaces)
  // More is cut off by JSON.stringify, and other characters would be no JSON.
  if (typeof spaces === 'string' && !/^[ \t]{0,10}$/.test(spaces))
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.spaces', 'at most 10 spaces and tabs', spaces)
  if (typeof spaces === 'number' && !(spaces >= 0 && spaces <= 10))
    throw refusal('ERR_OUT_OF_RANGE', 'options.spaces', 'from 0 to 10', spaces)
  if (EOL !== '\n' && EOL !== '\r\n') throw refusal('ERR_INVALID_ARG_VALUE', 'options.EOL', "'\\n' or '\\r\\n'", EOL)
  if (replacer !== undefined && typeof replacer !== 'function' && !Array.isArray(replacer))
    throw refusal('ERR_INVALID_ARG_TYPE', 'options.replacer', 'a function or an array', replacer)
  const text = JSON.stringify(value, replacer as never, spaces) as string | undefined
  if (text === undefined) throw refusal('ERR_INVALID_ARG_VALUE', 'value', 'a value that JSON can hold', value)
  // No line end inside a string is affected, because there they are escaped.
  return `${EOL === '\n' ? text : text.replaceAll('\n', EOL)}${EOL}`
}
