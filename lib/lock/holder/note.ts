// What a holder says of itself that does not fit into the token: its label, the data that it has published, and the name
// of its machine. That is the data of the lock's cell (../../cell/payload.ts): a file beside the lock, which is never changed.
// It is written before the token that names it, and removed by the call that consumes the last token that does. A lock
// without label and data has no such file.

import { hostname } from 'node:os'
import { hasLongName, payloadOf, removePayload, writePayload } from '../../cell/payload.js'
import { isNaming, type PayloadId, type State } from '../../cell/state.js'
import { hasCode, isSystemError } from '../../core/errors.js'
import { refusal } from '../../core/input.js'
import { fs, orNothing, type Steps } from '../../core/steps.js'
import { isPlanted } from '../../parts/follow-links.js'
import { nonces } from '../../parts/stage-names.js'
import type { Locking } from '../job.js'

/** What is known of a holder besides its token. */
export interface Note {
  readonly host: string
  readonly label: string | undefined
  /** JSON that the holder has published. */
  readonly data: unknown
  /** What time it was when the clock of the holder began, in ms since 1970, on the filesystem's clock. */
  readonly epochMs: number
}

const mostLabel = 200
const mostDataBytes = 2 ** 20
/** The first line of the file is about the holder. */
const mostFileBytes = mostDataBytes + 4096

export function asLabel(label: unknown, dir: string): string | undefined {
  if (label === undefined) return undefined
  if (typeof label !== 'string') throw refusal('ERR_INVALID_ARG_TYPE', 'options.label', 'of type string', label)
  if (label === '') throw refusal('ERR_INVALID_ARG_VALUE', 'options.label', 'a non-empty string', label)
  if (label.length > mostLabel)
    throw refusal('ERR_OUT_OF_RANGE', 'options.label', `at most ${mostLabel} characters`, label)
  checkName(dir, 'it has a label')
  return label
}

/** Returns the JSON of what is to be published. What `JSON.stringify` throws comes out. */
export function asPublished(data: unknown, dir: string): string {
  checkName(dir, 'it is to have data')
  const json = JSON.stringify(data) as string | undefined
  if (json === undefined) throw refusal('ERR_INVALID_ARG_VALUE', 'data', 'a value that JSON can hold', data)
  const bytes = Buffer.byteLength(json)
  if (bytes > mostDataBytes)
    throw refusal('ERR_OUT_OF_RANGE', 'data', `at most ${mostDataBytes} bytes as JSON, which has ${bytes}`, data)
  return json
}

function checkName(dir: string, why: string): void {
  if (hasLongName(dir)) throw refusal('ERR_OUT_OF_RANGE', 'path', `a shorter name if ${why}`, dir)
}

/** The same state, with this note if there is one. */
export const naming = (state: State, note: PayloadId | undefined): State => (note ? { ...state, payload: note } : state)

/** Writes a note. It outlives no power cut, and neither does its holder. */
export function* writeNote({ dir, label }: Locking, json = ''): Steps<PayloadId> {
  // Without its size: tokens of locks are long enough, and a note is looked at before it is read.
  const note = { owner: yield* fs.self(), nonce: yield* nonces() }
  const head = JSON.stringify({ host: hostname(), atMs: yield* fs.now(), label })
  try {
    yield* writePayload(dir, note, Buffer.from(`${head}\n${json}`), 'none')
    return note
  } catch (error) {
    yield* removePayload(dir, note)
    throw error
  }
}

/** Best effort: a label that cannot be written is no reason to go without the lock. */
export function* tryWriteNote(locking: Locking): Steps<PayloadId | undefined> {
  try {
    return yield* writeNote(locking)
  } catch (error) {
    if (isSystemError(error)) return undefined
    throw error
  }
}

/** A call has consumed the state: removes its note, unless the state that came after it still names that. */
export function* removeNote(dir: string, { payload }: State, now?: State): Steps<void> {
  if (payload && !(now && isNaming(now, payload))) yield* removePayload(dir, payload)
}

/** `gone`: another call has consumed the state meanwhile. Undefined if the note cannot be read. */
export function* readNote(dir: string, note: PayloadId): Steps<Note | 'gone' | undefined> {
  const path = payloadOf(dir, note)
  try {
    const there = yield* fs.lstat(path, orNothing)
    if (!there) return 'gone'
    // What another user may have planted is not read.
    if (!there.isFile() || there.size > mostFileBytes || (yield* isPlanted(path, there))) return undefined
    const text = (yield* fs.readFile(path, 'r nofollow')).toString()
    return parseNote(text, Number(there.mtimeNs / 1_000_000n))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'gone'
    if (isSystemError(error)) return undefined
    throw error
  }
}

/** After a power cut, a note may be there in part. */
function parseNote(text: string, writtenMs: number): Note | undefined {
  const [head = '', json = ''] = text.split('\n')
  try {
    const { host, label, atMs } = JSON.parse(head)
    return { host, label, data: json === '' ? undefined : JSON.parse(json), epochMs: writtenMs - atMs }
  } catch {
    return undefined
  }
}
