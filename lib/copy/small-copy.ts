// A file that is copied in one piece, together with others: which calls that takes, step by step.

import type { Stats } from '../core/stats.js'
import type { Call, Outcome, Path } from '../core/steps.js'
import { keptMode } from '../parts/duplicate.js'
import type { Item } from './job.js'

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

  constructor(
    readonly item: Item,
    readonly stage: Path,
    readonly modes: Modes,
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

const lookAtSource: Wave = {
  calls: ({ source }) => [{ op: 'fstat', args: [source] }],
  take(copy, [looked]) {
    const was = resultOf<Stats>(looked)
    copy.was = was
    // With set-ID bits, the copy could run as the caller.
    return was?.isFile() === true && (was.mode & 0o6000n) === 0n && was.size < mostBytes
  },
}

const createdWith = ({ was }: SmallCopy): bigint => (was as Stats).mode & 0o777n

/** With room for one byte more, so that a read which returns as many bytes as there should be has seen the end. */
const readAndStage: Wave = {
  calls(copy) {
    const { source, stage, was } = copy as SmallCopy & { was: Stats }
    copy.bytes = Buffer.allocUnsafe(Number(was.size) + 1)
    copy.isStaged = true
    return [
      { op: 'read', args: [source, copy.bytes, 0] },
      { op: 'open', args: [stage, 'wx', Number(createdWith(copy))] },
    ]
  },
  take(copy, [read, opened]) {
    const got = resultOf<number>(read)
    copy.target = resultOf(opened)
    copy.bytes = copy.bytes?.subarray(0, got)
    return copy.target !== undefined && got !== undefined && BigInt(got) === copy.was?.size
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
    const wanted = keptMode(copy.was as Stats)
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

const publish: Wave = {
  calls: ({ item, stage }) => [{ op: 'rename', args: [stage, item.to] }],
  take(copy, outcomes) {
    copy.isDone = isFine(outcomes)
    return copy.isDone
  },
}

/** In the order in which they are made. */
export const waves: readonly Wave[] = [openSource, lookAtSource, readAndStage, fill, setMode, closeBoth, publish]
