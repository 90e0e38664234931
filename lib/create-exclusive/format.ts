// What a directory says of the store in it: `holdfast.json`, made once, before anything else is in there.

import { dirname } from 'node:path'
import { hasCode } from '../core/errors.js'
import type { Durability } from '../core/input.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { createExclusive } from '../create-exclusive.js'
import { makeDirectory } from '../parts/make-directory.js'

const fileName = 'holdfast.json'

/** What a kind of store says of itself. */
export interface Format {
  readonly kind: string
  readonly format: number
  /** Into how many directories its things are spread. */
  readonly shards: number
}

/** Where a store is, and how it is kept. */
export interface Home {
  readonly root: string
  readonly durability: Durability
  /** Of the root, if it is made. */
  readonly mode: number
}

const textOf = ({ kind, format, shards }: Format): string => `${JSON.stringify({ kind, format, shards })}\n`

/** Reads what the directory says. False: it says nothing yet, so there is no store. @throws `ERR_STORE_FORMAT` */
export function* checkFormat(root: string, expected: Format): Steps<boolean> {
  let found: string
  try {
    found = (yield* fs.readFile(`${root}/${fileName}`)).toString()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  if (found !== textOf(expected)) checkText(found, root, expected)
  return true
}

/** Another program may have laid the text out in another way. */
function checkText(found: string, root: string, expected: Format): void {
  let said: { kind?: unknown; format?: unknown; shards?: unknown } | null
  try {
    said = JSON.parse(found)
  } catch {
    throw otherFormat(root, expected, 'no format that can be read')
  }
  const { kind, format, shards } = expected
  if (said?.kind !== kind) throw otherFormat(root, expected, `${JSON.stringify(said?.kind)}, which is not "${kind}",`)
  if (said.format !== format) throw otherFormat(root, expected, `format ${JSON.stringify(said.format)}`)
  if (said.shards !== shards) throw otherFormat(root, expected, `${JSON.stringify(said.shards)} shards`)
}

function otherFormat(root: string, { kind, format, shards }: Format, what: string): Error {
  const takes = `"${kind}", format ${format} with ${shards} shards`
  const message = `${fileName} says ${what}, and this version of holdfast takes ${takes}: ${root}`
  return Object.assign(new Error(message), { code: 'ERR_STORE_FORMAT', path: root })
}

/**
 * Makes the directory of a store, unless there is one. `as`: the function that does. What it says is synced in any case: after
 * a power cut an empty file would keep every later call out, also of a store that may lose its values.
 */
export function* makeStore({ root, mode, durability }: Home, format: Format, as: string): Steps<void> {
  const path = `${root}/${fileName}`
  const safely = durability === 'none' ? 'file' : durability
  for (let tries = 1; ; tries++) {
    if (!(yield* fs.stat(root, orNothing))) yield* makeRoot(root, mode, as)
    try {
      const isMade = yield* createExclusive.steps(path, textOf(format), { durability: safely, mode: 0o666 })
      if (!isMade) yield* checkFormat(root, format)
      return
    } catch (error) {
      // Another process has removed the directory meanwhile.
      if (tries === mostTries || !hasCode(error, 'ENOENT')) throw error
    }
  }
}

const mostTries = 3

function* makeRoot(root: string, mode: number, as: string): Steps<void> {
  const above = dirname(root)
  yield* makeDirectory(above, 0o777, { as, path: above })
  yield* makeDirectory(root, mode, { as, path: root })
}
