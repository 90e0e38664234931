// When to evict is known from one cell, which all processes share: what the last scan has found, and what was put since
// then. It is at most too high, because bytes are reserved before they are published; the next scan mends that.

import { type State, spellState } from '../cell/state.js'
import { isUnknownOutcome } from '../cell/transition.js'
import { cell } from '../cell.js'
import { hasCode } from '../core/errors.js'
import type { Patience } from '../core/input.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import type { Reserved } from './batch.js'
import type { Blobs } from './blobs.js'
import type { Limits } from './options.js'

/** For how long one step is retried (ms), as the caller of the whole says it. */
export type Retrying = Pick<Patience, 'retryFor'>

const cellOf = ({ root }: Blobs): string => `${root}/usage`

const parse = ({ fields }: State): Reserved => {
  const [bytes = 0, count = 0, newBytes = 0, newCount = 0, scannedAtS = 0] = fields.map(
    field => Number.parseInt(field, 36) || 0,
  )
  return { bytes, count, newBytes, newCount, scannedAtS }
}

const spell = (now: Reserved): string[] =>
  [now.bytes, now.count, now.newBytes, now.newCount, now.scannedAtS].map(one =>
    Math.max(0, Math.ceil(one)).toString(36),
  )

/** Returns what the cell says; undefined if there was no scan yet. */
export function* readReserved(blobs: Blobs, { retryFor }: Retrying = {}): Steps<Reserved | undefined> {
  // Without limits there is none, and to ask that costs less than the error of a reading.
  blobs.cell = undefined
  if (!(yield* fs.lstat(cellOf(blobs), orNothing))) return undefined
  blobs.cell = yield* cell.read.steps(cellOf(blobs), { retryFor })
  return blobs.cell && parse(blobs.cell)
}

/** What this store object saw last, if that is there still: no name of a state is used twice. */
function* unchanged(blobs: Blobs): Steps<Reserved | undefined> {
  const { cell: seen } = blobs
  return seen && (yield* fs.exists(`${cellOf(blobs)}/${spellState(seen)}`)) ? parse(seen) : undefined
}

/** Makes of what the cell says what it is to say. Returns that; undefined if there was no scan yet. */
export function* change(
  blobs: Blobs,
  next: (now: Reserved) => Reserved,
  patience: Retrying = {},
): Steps<Reserved | undefined> {
  const { retryFor } = patience
  for (let tries = 1; ; tries++) {
    // What this store object saw last is usually there still, and saves a look. The swap decides.
    const from = tries === 1 && blobs.cell ? blobs.cell : yield* cell.read.steps(cellOf(blobs), { retryFor })
    if (!from) return undefined
    const to = next(parse(from))
    blobs.cell = yield* swap(blobs, from, to, patience)
    if (blobs.cell) return to
    if (tries > 1) yield* fs.sleep(yield* pause(tries))
  }
}

function* swap(blobs: Blobs, from: State, to: Reserved, { retryFor }: Retrying): Steps<State | undefined> {
  try {
    return yield* cell.swap.steps(cellOf(blobs), from, { fields: spell(to) }, { durability: 'none', retryFor })
  } catch (error) {
    if (!isUnknownOutcome(error)) throw error
    // If it was done, it is done once more: too high, until the next scan.
    return undefined
  }
}

/** Up to 2, 4, 8 ... 64 ms. */
function* pause(tries: number): Steps<number> {
  const [byte = 0] = yield* fs.random(1)
  return Math.min(2 ** (tries - 1), 64) * (byte / 256)
}

/**
 * A process without limits looks for the cell once a second. What it puts in the second in which another one makes the cell
 * is counted by the next scan.
 */
export function isUncounted(blobs: Blobs): boolean {
  const nowMs = Date.now()
  if (blobs.limits || nowMs >= blobs.noCellUntilMs) {
    blobs.noCellUntilMs = nowMs + 1000
    return false
  }
  return true
}

/** Leases were given back: what a scan had to leave can be removed now. */
export function* free(blobs: Blobs, bytes: number, count: number): Steps<Reserved | undefined> {
  const now = (yield* unchanged(blobs)) ?? (yield* readReserved(blobs))
  const { limits } = blobs
  if (!now || !limits || (now.bytes <= limits.maxBytes && now.count <= limits.maxCount)) return now
  return yield* change(blobs, one => ({
    ...one,
    newBytes: one.newBytes + bytes,
    newCount: one.newCount + count,
  }))
}

/**
 * Says what a scan has found. `before`: what the cell said when the scan began; what was reserved since then may be in what
 * was found, or not.
 */
export function* note(
  blobs: Blobs,
  before: Reserved | undefined,
  { bytes, count }: Pick<Reserved, 'bytes' | 'count'>,
  patience: Retrying,
): Steps<void> {
  const { retryFor } = patience
  const scannedAtS = Math.floor(Date.now() / 1000)
  const made = yield* change(
    blobs,
    now => {
      const newBytes = Math.max(0, now.bytes - (before?.bytes ?? 0))
      const newCount = Math.max(0, now.count - (before?.count ?? 0))
      return { bytes: bytes + newBytes, count: count + newCount, newBytes, newCount, scannedAtS }
    },
    patience,
  )
  if (made) return
  const fields = spell({ bytes, count, newBytes: 0, newCount: 0, scannedAtS })
  try {
    blobs.cell = yield* cell.create.steps(cellOf(blobs), { fields }, { durability: 'none', retryFor })
  } catch (error) {
    // The whole store was removed meanwhile, and so what was found.
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  // Another process has made it meanwhile, of a scan of its own.
  if (!blobs.cell)
    yield* change(blobs, now => ({ ...now, bytes: now.bytes + bytes, count: now.count + count }), patience)
}

/**
 * Is it time to evict? Where most of the store is pinned, a scan frees little: then the next one comes when as much was put
 * as an eviction would have left free.
 */
export function isDue(now: Reserved, { maxBytes, evictBytes, maxCount, maxAgeMs }: Limits): boolean {
  if (isOver(now.bytes, now.newBytes, maxBytes, evictBytes)) return true
  if (isOver(now.count, now.newCount, maxCount, maxCount / 10)) return true
  return Date.now() - now.scannedAtS * 1000 > Math.max(maxAgeMs / 10, 1000)
}

const isOver = (all: number, fresh: number, most: number, room: number): boolean =>
  all > most && (all - fresh <= most || (fresh > 0 && fresh >= room))
