// A file that is copied in one piece, together with others: which calls that takes, step by step.

import type { Stats } from '../core/stats.js'
import type { Call, Outcome, Path } from '../core/steps.js'
import { hasHoles, hasRunOfZeros } from '../parts/holes.js'
import type { Item } from './item.js'

/**
 * By the mode with which a file is created: the mode that it gets. The umask and the directory decide that, so it is the
 * same for all files of a batch, and one of them is asked. Undefined: that is not known (yet).
 */
export type Modes = Map<bigint, bigint | undefined>

export class SmallCopy {
  /** No call for it has failed, and it needs no special care. */
  isGoing = true
  isDone = false
  /** No descriptor was free for it. */
  isStarved = false
  /** The private file may be there. */
  isStaged = false
  source: number | undefined = undefined
  target: number | undefined = undefined
  was: Stats | undefined = undefined
  bytes: Buffer | undefined = undefined
  rest: Buffer | undefined = undefined

  constructor(
    readonly item: Item,
    readonly stage: Path,
    readonly modes: Modes,
    /** For the first of its bytes. */
    readonly room: Buffer,
  ) {}
}

/** The calls that remove what is left of the copy. */
export function givingBack({ stage, source, target, isDone, isStaged }: SmallCopy): Call[] {
  const open = [source, target].filter(fd => fd !== undefined)
  const closes = open.map((fd): Call => ({ op: 'close', args: [fd] }))
  return isStaged && !isDone ? [...closes, { op: 'unlink', args: [stage] }] : closes
}

/** One step of all copies, whose calls are made together. */
export interface Wave {
  calls(copy: SmallCopy): readonly Call[]
  /** Keeps what the calls returned. Returns whether the copy can go on. */
  take(copy: SmallCopy, outcomes: readonly Outcome<unknown>[]): boolean
}

/** Undefined if the call failed. */
const resultOf = <T>(outcome: Outcome<unknown> | undefined): T | undefined =>
  outcome && 'value' in outcome ? (outcome.value as T) : undefined

const isFine = (outcomes: readonly Outcome<unknown>[]): boolean => outcomes.every(outcome => 'value' in outcome)

/** A file with more bytes is copied by itself, in pieces or as a clone (../parts/duplicate.ts). */
const mostBytes = 64n * 1024n

const openSource: Wave = {
  calls: ({ item }) => [{ op: 'open', args: [item.from, 'r nofollow'] }],
  take(copy, [opened]) {
    copy.source = resultOf(opened)
    return copy.source !== undefined
  },
}

/** How much of each file is read before its size is known. Most files are smaller. */
export const firstBytes = 16 * 1024

const lookAndRead: Wave = {
  calls: ({ source, room }) => [
    { op: 'fstat', args: [source] },
    { op: 'read', args: [source, room, 0] },
  ],
  take(copy, [looked, read]) {
    const was = resultOf<Stats>(looked)
    const got = resultOf<number>(read)
    if (!was?.isFile() || got === undefined) return false
    copy.was = was
    copy.bytes = copy.room.subarray(0, got)
    // Other names of it are to be links.
    if (was.nlink > 1n) copy.item.was = was
    // With set-ID bits, the copy could run as the caller. What says another size than it has needs care.
    const isPlain = was.nlink <= 1n && (was.mode & 0o6000n) === 0n && was.size < mostBytes
    return isPlain && isAsSaid(copy, firstBytes) && !isSparse(copy)
  },
}

/** Has a read that may return so many bytes returned those that there should be? */
const isAsSaid = ({ bytes, was }: SmallCopy, most: number): boolean =>
  bytes?.length === Math.min(Number(was?.size), most)

/** Are there zeros where the source, which has fewer blocks than bytes, may have a hole? */
const isSparse = ({ bytes, was }: SmallCopy): boolean => hasHoles(was as Stats) && hasRunOfZeros(bytes as Buffer)

const createdWith = ({ was }: SmallCopy): bigint => (was as Stats).mode & 0o777n

/** What is left of a file, and room for one byte more: only a read that does not fill its room has seen the end. */
const readRestAndStage: Wave = {
  calls(copy) {
    const { source, stage, was, bytes } = copy as SmallCopy & { was: Stats; bytes: Buffer }
    copy.isStaged = true
    const opens: Call = { op: 'open', args: [stage, 'wx', Number(createdWith(copy))] }
    if (bytes.length < firstBytes) return [opens]
    copy.rest = Buffer.allocUnsafe(Number(was.size) + 1 - firstBytes)
    return [opens, { op: 'read', args: [source, copy.rest, firstBytes] }]
  },
  take(copy, [opened, read]) {
    copy.target = resultOf(opened)
    if (copy.target === undefined) return false
    if (!copy.rest) return true
    const got = resultOf<number>(read)
    if (got === undefined) return false
    copy.bytes = Buffer.concat([copy.bytes as Buffer, copy.rest.subarray(0, got)])
    return isAsSaid(copy, Number.POSITIVE_INFINITY) && !isSparse(copy)
  },
}

const fill: Wave = {
  calls(copy) {
    const { target, bytes, modes } = copy
    const writes: Call[] = bytes?.length ? [{ op: 'write', args: [target, bytes] }] : []
    if (modes.has(createdWith(copy))) return writes
    modes.set(createdWith(copy), undefined)
    return [...writes, { op: 'fstat', args: [target] }]
  },
  take(copy, outcomes) {
    const [written, looked] = copy.bytes?.length ? outcomes : [{ value: 0 }, ...outcomes]
    if (looked) copy.modes.set(createdWith(copy), resultOf<Stats>(looked)?.mode)
    return resultOf<number>(written) === copy.bytes?.length
  },
}

const setMode: Wave = {
  calls(copy) {
    const wanted = (copy.was as Stats).mode & 0o7777n
    const mode = copy.modes.get(createdWith(copy))
    const isRight = mode !== undefined && (mode & 0o7777n) === wanted
    return isRight ? [] : [{ op: 'fchmod', args: [copy.target, Number(wanted)] }]
  },
  take: (_, outcomes) => isFine(outcomes),
}

/** Before the copy gets its name: an error of `close` may say that what was written is lost. */
const closeBoth: Wave = {
  calls(copy) {
    const { source, target } = copy
    copy.source = copy.target = undefined
    return [
      { op: 'close', args: [target] },
      { op: 'close', args: [source] },
    ]
  },
  take: (_, [closed]) => closed !== undefined && 'value' in closed,
}

export const publish: Wave = {
  calls: ({ item, stage }) => [{ op: 'rename', args: [stage, item.to] }],
  take(copy, outcomes) {
    copy.isDone = isFine(outcomes)
    return copy.isDone
  },
}

/** In the order in which they are made; the last is `publish`. */
export const preparing: readonly Wave[] = [openSource, lookAndRead, readRestAndStage, fill, setMode, closeBoth]
