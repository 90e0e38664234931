// What a directory says of the store in it: `holdfast.json`, made once, before anything else is in there.

import { dirname } from 'node:path'
import { hasCode } from '../../core/errors.js'
import type { Durability } from '../../core/input.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { createExclusive } from '../../create-exclusive.js'
import { makeDirectory } from '../../parts/make-directory.js'

const fileName = 'holdfast.json'
const kind = 'store'
const format = 1
const shards = 256
const text = `${JSON.stringify({ kind, format, shards })}\n`

/** Reads what the directory says. False: it says nothing yet, so there is no store. @throws `ERR_STORE_FORMAT` */
export function* checkFormat(root: string): Steps<boolean> {
  let found: string
  try {
    found = (yield* fs.readFile(`${root}/${fileName}`)).toString()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  if (found !== text) checkText(found, root)
  return true
}

/** Another program may have laid the text out in another way. */
function checkText(found: string, root: string): void {
  let said: { kind?: unknown; format?: unknown; shards?: unknown } | null
  try {
    said = JSON.parse(found)
  } catch {
    throw otherFormat(root, 'no format that can be read')
  }
  if (said?.kind !== kind) throw otherFormat(root, `${JSON.stringify(said?.kind)}, which is no store,`)
  if (said.format !== format) throw otherFormat(root, `format ${JSON.stringify(said.format)}`)
  if (said.shards !== shards) throw otherFormat(root, `${JSON.stringify(said.shards)} shards`)
}

function otherFormat(root: string, what: string): Error {
  const message = `${fileName} says ${what}, and this version of holdfast takes format ${format} with ${shards} shards: ${root}`
  return Object.assign(new Error(message), { code: 'ERR_STORE_FORMAT', path: root })
}

/** Makes the store, unless there is one. */
export function* makeStore(root: string, mode: number, durability: Durability): Steps<void> {
  if (!(yield* fs.stat(root, orNothing))) yield* makeRoot(root, mode)
  const isMade = yield* createExclusive.steps(`${root}/${fileName}`, text, { durability, mode: 0o666 })
  if (!isMade) yield* checkFormat(root)
}

function* makeRoot(root: string, mode: number): Steps<void> {
  const above = dirname(root)
  yield* makeDirectory(above, 0o777, { as: 'fileStore', path: above })
  yield* makeDirectory(root, mode, { as: 'fileStore', path: root })
}
