// What the entry of a lock says: its last fence, so that fences rise also over releases; and what its holder has left.

import type { Steps } from '../../core/steps.js'
import type { Kept } from '../backing.js'
import type { Next } from '../kept.js'

export interface Note {
  /** The fence of the last hold. */
  readonly lock: number
  readonly label?: string | undefined
  readonly since?: number | undefined
}

/** Values end when they are removed, and a lock without a holder is one that has been released. */
export const nextOf = (note: Note): Next => ({ kind: 'live', ends: undefined, data: Buffer.from(JSON.stringify(note)) })

/** undefined: there is no entry, or it is damaged. `moved`: it was replaced meanwhile. @throws `ERR_NOT_A_LOCK` */
export function* noteOf(key: string, now: Kept | undefined): Steps<Note | 'moved' | undefined> {
  if (now?.kind !== 'live') return undefined
  const data = yield* now.data()
  if (data === 'moved') return data
  return data === 'damaged' ? undefined : parse(key, data)
}

function parse(key: string, data: Uint8Array): Note {
  try {
    const note = JSON.parse(Buffer.from(data).toString()) as Partial<Note> | null
    if (Number.isSafeInteger(note?.lock)) return note as Note
  } catch {}
  const message = `There is an entry that is no lock, and is not replaced by one: ${JSON.stringify(key)}`
  throw Object.assign(new Error(message), { code: 'ERR_NOT_A_LOCK', key })
}
