// A state of a key, as it was seen in its cell.

import { readPayload } from '../../cell/payload.js'
import { type State, spellState } from '../../cell/state.js'
import { readState } from '../../cell/transition.js'
import { hasCode } from '../../core/errors.js'
import { refusal } from '../../core/input.js'
import { epochMs } from '../../core/moment.js'
import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import { just } from '../just.js'
import type { Place } from './places.js'
import { readFields, readShort, type Said } from './token.js'
import { fromFile } from './value.js'

/** What parts of the engine ask of the whole. */
export interface Cells {
  readonly root: string
  readPlace(place: Place): Steps<FileKept | undefined>
}

/** A wrapper may copy it: everything that the engine needs is a property of it. */
export interface FileKept extends Kept {
  /** Set again when a state that was kept in memory is taken for one that is there. */
  readAtMs: number
  readonly state: State
  /** The path of its token, once that was asked for: a memo asks again and again, and a change of what it made. */
  token: string | undefined
  /** The field of a short value. */
  readonly short: string | undefined
}

/** `said`: what the state says, if that is known. `bytes`: the value, if it is at hand. */
export function keptOf(place: Place, state: State, said?: Said, bytes?: Uint8Array, token?: string): FileKept {
  const { nonce, lineage } = state
  const nowMs = epochMs()
  const { kind, version, writtenAtMs, endsAtMs, staleMs, claim, lastFence, short } = said ?? readFields(state)
  return {
    id: nonce,
    lineage,
    kind,
    version,
    writtenAtMs,
    endsAtMs,
    staleMs,
    claim,
    lastFence,
    readAtMs: nowMs,
    state,
    token,
    short,
    counted: undefined,
    data: () => (bytes || short !== undefined ? just(() => inMemory(short, bytes)) : fromDisk(place, state)),
  }
}

export function tokenOf({ path }: Place, kept: FileKept): string {
  kept.token ??= `${path}/${spellState(kept.state)}`
  return kept.token
}

export function asFileKept(kept: Kept): FileKept {
  if (typeof (kept as Partial<FileKept>).state?.nonce === 'string') return kept as FileKept
  throw refusal('ERR_INVALID_ARG_VALUE', 'from', 'a state that this engine has returned', kept)
}

/** A copy, because the caller may change what it gets. */
const inMemory = (short: string | undefined, bytes: Uint8Array | undefined): Uint8Array =>
  bytes ? Buffer.from(bytes) : readShort(short as string)

function* fromDisk(place: Place, state: State): Steps<Uint8Array | 'moved' | 'damaged'> {
  const file = yield* readFile(place, state)
  if (typeof file === 'string') return file
  const value = fromFile(file)
  if (!value) return 'damaged'
  if (place.isHashed && value.key !== place.key) throw keyCollision(place, value.key)
  return value.bytes
}

function* readFile(place: Place, state: State): Steps<Buffer | 'moved' | 'damaged'> {
  if (!state.payload) return 'damaged'
  try {
    return yield* readPayload(place.path, state.payload)
  } catch (error) {
    // A link, which is not followed.
    if (hasCode(error, 'ELOOP', 'EMLINK')) return 'damaged'
    // A file that was replaced is gone; NFS may say so in another way, if it was opened before.
    if (!hasCode(error, 'ENOENT', 'ESTALE')) throw error
  }
  const now = yield* readState(place.path, place.trial)
  return typeof now === 'object' && now.nonce === state.nonce ? 'damaged' : 'moved'
}

/** The key that the file of a state says; undefined if it says none. */
export function* readKey(place: Place, state: State): Steps<string | undefined> {
  const file = yield* readFile(place, state)
  return typeof file === 'string' ? undefined : fromFile(file)?.key
}

const keyCollision = ({ key, path }: Place, other: string | undefined): Error =>
  Object.assign(new Error(`Two keys have one hash: ${JSON.stringify(key)} and ${JSON.stringify(other)}`), {
    code: 'ERR_KEY_COLLISION',
    key,
    path,
  })
