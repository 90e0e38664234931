import { dual } from './core/dual.js'
import { asFunction, asPath, type Patience } from './core/input.js'
import { fs, type Steps } from './core/steps.js'
import { achieve, noEvidence } from './parts/achieve.js'
import { parseJson } from './parts/json.js'
import { decode } from './parts/text.js'

/** The second argument of `JSON.parse`. */
export type Reviver = (this: unknown, key: string, value: unknown) => unknown

export interface ReadJsonOptions extends Patience {
  /** What `JSON.parse` calls with each value. @default none */
  readonly reviver?: Reviver | undefined
}

export interface ReadJson {
  <T = unknown>(file: string | URL, options?: ReadJsonOptions): Promise<T>
  /** The same, without a promise. */
  sync<T = unknown>(file: string | URL, options?: ReadJsonOptions): T
  /** The same, as steps of a larger algorithm. */
  steps<T = unknown>(file: string | URL, options?: ReadJsonOptions): Steps<T>
}

/**
 * Reads a file of JSON.
 *
 * Holds afterwards: at an instant during the call the file had exactly the content that was parsed, if it is written with
 * `writeJson`, `writeFile` or `updateFile`. A byte order mark is left out.
 *
 * Not promised: a whole content, if a program writes the file in place at that moment. That the value has the type `T`:
 * nothing checks it. To change the file, use `updateFile`, which reads and writes it under a lock.
 *
 * @param file A path, or a `file:` URL.
 * @returns The value.
 * @throws `ERR_INVALID_JSON` (`position` from 0, `line` and `column` from 1): also of an empty file.
 *   `ERR_ENCODING_INVALID_ENCODED_DATA`: the bytes are not UTF-8. What `reviver` throws, unchanged. Errors of the system,
 *   unchanged: ENOENT, EISDIR, EACCES ...
 *
 * @example
 * const { name } = await readJson<{ name: string }>('package.json')
 */
export const readJson = dual(function* readJson(file: string | URL, options: ReadJsonOptions = {}): Steps<unknown> {
  const path = asPath(file, 'file')
  const reviver = asFunction(options.reviver, 'options.reviver')
  const trial = { as: 'readJson', path, retryFor: options.retryFor }
  const bytes = yield* achieve(() => fs.readFile(path), noEvidence, trial)
  return parseJson(decode(bytes, 'utf8', path, 'JSON is UTF-8'), path, reviver)
}) as ReadJson
