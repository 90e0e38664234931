// JSON, as the package jsonfile reads and writes it for fs-extra; but a file is written as a whole.

import { isAbsolute } from 'node:path'
import { openDual } from '../../core/dual.js'
import { type Publication, publishing } from '../../core/publication.js'
import { fs, type Steps } from '../../core/steps.js'
import { achieve, noEvidence } from '../../parts/achieve.js'
import { textOf } from '../node/paths.js'
import { type Forms, through, throughNode } from '../node/through-node.js'
import { asOptions, writeText } from './output.js'

interface Reading {
  readonly throws?: unknown
  readonly reviver?: ((this: unknown, key: string, value: unknown) => unknown) | null
  /** A filesystem of the caller's own. */
  readonly fs?: Forms
}

function* read(file: string, given?: Reading | string | null): Steps<unknown> {
  const options: Reading = asOptions(given)
  const throws = 'throws' in options ? options.throws : true
  const fail = (error: unknown): null => {
    if (!throws) return null
    if (error instanceof Error) error.message = `${file}: ${error.message}`
    throw error
  }
  let text: string
  try {
    text = yield* readText(file, options)
  } catch (error) {
    // Only the sync form of jsonfile takes a file that cannot be read for one that cannot be parsed.
    if (yield* fs.blocking()) return fail(error)
    throw error
  }
  try {
    return JSON.parse(text, options.reviver ?? undefined)
  } catch (error) {
    return fail(error)
  }
}

function* readText(file: string, options: Reading): Steps<string> {
  // While no descriptor is free, it waits for one.
  const data = options.fs
    ? yield* through(options.fs, 'readFile', file, options)
    : yield* achieve(() => readBy(file, options), noEvidence, { as: 'readJson', path: file })
  const text = String(data)
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

/** What Node alone can do is rare: an encoding, a descriptor, bytes as a path; and a relative path in its errors. */
const readBy = (file: string, options: Reading): Steps<NonNullable<unknown>> =>
  typeof file !== 'string' || forNode.some(name => name in options) || textOf(file) !== file || !isAbsolute(file)
    ? (throughNode('readFile', file, options) as Steps<NonNullable<unknown>>)
    : fs.readFile(file)

const forNode = ['encoding', 'flag', 'signal']

export const readJson = openDual(read)

interface Writing {
  readonly EOL?: string
  readonly finalEOL?: boolean
  readonly replacer?: ((key: string, value: unknown) => unknown) | null
  readonly spaces?: string | number
  /** A filesystem of the caller's own. */
  readonly fs?: Forms
}

function write(publication: Publication, file: string, value: unknown, options: Writing = {}): Steps<unknown> {
  const text = stringify(value, options)
  if (options.fs) return through(options.fs, 'writeFile', file, text, options)
  return writeText(publication, file, text, options, false)
}

export const writeJson = openDual(publishing(write))

function output(publication: Publication, file: string, value: unknown, options: Writing = {}): Steps<void> {
  return writeText(publication, file, stringify(value, options), options, true)
}

export const outputJson = openDual(publishing(output))

function stringify(value: unknown, { EOL = '\n', finalEOL = true, replacer = null, spaces }: Writing): string {
  const text = JSON.stringify(value, replacer as (key: string, value: unknown) => unknown, spaces)
  if (text === undefined) throw new TypeError(`Converting ${typeof value} value to JSON is not supported`)
  return text.replace(/\n/g, EOL) + (finalEOL ? EOL : '')
}
