// A state as an object: one line that says what it is, and then the value. The state's id makes each object unlike all
// others, so its ETag, a sum of the content, is unlike all others too.

import type { Claim, Draft, Kept } from '../backing.js'
import { storeFormat } from '../format.js'
import { lastFenceOf } from '../kept.js'

const format = 1
const beginning = `holdfast ${format} `

/** What the first line of an object says. */
export interface Head extends Omit<Kept, 'data' | 'readAtMs'> {
  /** The whole key, if the name of the object does not show it. */
  readonly key: string | undefined
  /** The bytes of the value; -1: it was damaged already when it was stored again. */
  readonly bytes: number
}

/** The longest first line: there is a key in it, which JSON may spell with six characters for a byte. */
export const longestHead = 32 * 1024

export function headOf(to: Draft, from: Kept | undefined, key: string | undefined, nowMs: number): Omit<Head, 'bytes'> {
  const { id, lineage, kind, version, staleMs, claim, ends } = to
  const endsAtMs = ends && ('atMs' in ends ? ends.atMs : nowMs + ends.inMs)
  const lastFence = Math.max(claim?.fence ?? 0, lastFenceOf(from))
  const writtenAtMs = to.writtenAtMs ?? nowMs
  return { id, lineage, kind, version, writtenAtMs, staleMs, claim, endsAtMs, lastFence, key }
}

export function spellObject(head: Omit<Head, 'bytes'>, value: Uint8Array | 'damaged' | undefined): Uint8Array {
  const data = value instanceof Uint8Array ? value : new Uint8Array()
  const whole: Head = { ...head, bytes: value === 'damaged' ? -1 : data.length }
  return Buffer.concat([Buffer.from(`${beginning}${JSON.stringify(whole)}\n`), data])
}

export interface ParsedObject {
  readonly head: Head
  /** The value, if all of it was read. */
  readonly value: Uint8Array | 'damaged' | undefined
}

/** `body`: the object, or its beginning. Throws for what is no object of a store, naming it. */
export function parseObject(body: Uint8Array, isWhole: boolean, name: string): ParsedObject {
  const end = body.indexOf(0x0a)
  const line = Buffer.from(body.subarray(0, Math.max(end, 0))).toString()
  if (!line.startsWith(beginning)) throw storeFormat(`the object ${name}`, formatOf(line), format)
  const head = asHead(line.slice(beginning.length), name)
  const value = body.subarray(end + 1)
  if (value.length === head.bytes) return { head, value }
  return { head, value: isWhole || value.length > head.bytes ? 'damaged' : undefined }
}

const formatOf = (line: string): string => /^holdfast (\d+) /.exec(line)?.[1] ?? 'unknown'

function asHead(text: string, name: string): Head {
  try {
    const { id, lineage, kind, version, ...more } = JSON.parse(text) as Head
    const { writtenAtMs, staleMs, claim, endsAtMs, lastFence, key, bytes } = more
    const texts = [id, version, kind, ...lineage]
    const numbers = [writtenAtMs, staleMs, lastFence, bytes, endsAtMs ?? 0]
    if (texts.every(one => typeof one === 'string') && numbers.every(one => typeof one === 'number'))
      return {
        id,
        lineage,
        kind,
        version,
        writtenAtMs,
        staleMs,
        claim: asClaim(claim),
        endsAtMs,
        lastFence,
        key,
        bytes,
      }
  } catch (cause) {
    throw storeFormat(`the object ${name}`, 'unknown', format, cause)
  }
  throw storeFormat(`the object ${name}`, 'unknown', format)
}

const asClaim = (claim: Claim | undefined): Claim | undefined =>
  claim && { owner: String(claim.owner), fence: Number(claim.fence), leaseMs: Number(claim.leaseMs) }
