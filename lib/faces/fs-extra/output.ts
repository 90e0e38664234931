// `outputFile`, and what it shares with the functions that write JSON.

import { dirname } from 'node:path'
import { openDual } from '../../core/dual.js'
import { asPath } from '../../core/input.js'
import { type Publication, publishing } from '../../core/publication.js'
import { fs, type Steps } from '../../core/steps.js'
import { mkdirp } from '../../mkdirp.js'
import { textOf } from '../node/paths.js'
import { throughNode } from '../node/through-node.js'
import { isWhole, optionsOf, writeAsNode } from '../node/write-file.js'

/** Writes as `writeFile` of the face does, and with `parents` makes the directories above that are missing. */
export function writeText(
  publication: Publication,
  file: string,
  data: string | Uint8Array,
  given: unknown,
  parents: boolean,
): Steps<void> {
  const [path, options] = [textOf(file), optionsOf(given)]
  return path !== undefined && options && isWhole(data)
    ? writeAsNode(publication, path, data, options, parents)
    : writeThroughNode(file, data, given, parents)
}

function* writeThroughNode(file: string, data: string | Uint8Array, given: unknown, parents: boolean): Steps<void> {
  if (parents && !(yield* fs.exists(dirname(asPath(file, 'file'))))) yield* mkdirp.steps(dirname(file))
  yield* throughNode('writeFile', file, data, given)
}

/** `options`: those of `writeFile`. A `signal` in them stops the call. */
function output(publication: Publication, file: string, data: string | Uint8Array, options = {}): Steps<void> {
  return writeText(publication, file, data, options, true)
}

export const outputFile = openDual(publishing(output))

/** Options as an object: an encoding is one of them. */
export const asOptions = (given: unknown): object =>
  typeof given === 'object' && given !== null ? given : given === undefined || given === null ? {} : { encoding: given }
