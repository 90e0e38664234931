// The fast path of the promise form: it makes some calls inline, in the calling thread, instead of in the pool.
//
// What it is for. A trip to the pool and back costs about 20 us. On a local filesystem, a call that needs only what the
// kernel already has in memory takes a few microseconds.
//
// How precise it is. What the kernel has in memory is a guess: what this process used within the last second
// (./kernel-cache.ts). A wrong guess never changes a result, because the call itself is made either way. It costs time,
// in which the event loop waits. Two bounds limit that time: when a call took longer than 20 ms, its device is left to
// the pool for 10 s; and one call in 32 goes to the pool in any case, so that the event loop turns.
//
// When not to use it. On a filesystem behind a network or another process (NFS, FUSE) any call may wait for a reply. To
// know the filesystem, some are made inline even there: `fstat` after each open, `stat` after each readdir of a small
// directory, and `statfs` once for each device. Outside Linux the kinds of filesystems have other numbers, so there is
// no fast path.

import type { Call, Outcome } from './alphabet.js'
import { type Cached, type Devices, KernelCache } from './kernel-cache.js'
import { outcomeOf } from './together.js'

const momentMs = 1000
const slowMs = 20
const restMs = 10_000
const poolEvery = 32

export class FastPath {
  readonly #cache: KernelCache
  readonly #performSync: (call: Call) => unknown
  /** By device: when its rest in the pool ends. A call there was slow (its journal was full, say). */
  readonly #restUntilMs = new Map<number, number>()
  #inlineCalls = 0

  constructor(devices: Devices, performSync: (call: Call) => unknown) {
    this.#cache = new KernelCache(devices)
    this.#performSync = performSync
  }

  /** Makes the call inline, and returns its outcome. Returns undefined if the pool must make the call. */
  make(call: Call): Outcome<unknown> | undefined {
    const { op, args } = call
    // An open descriptor needs nothing from the disk, so these two need no bounds.
    if (op === 'close') return this.#cache.dropDescriptor(args[0] as number) ? this.#outcomeOf(call) : undefined
    if (op === 'fstat') return this.#cache.hasDescriptor(args[0] as number) ? this.#outcomeOf(call) : undefined
    const cached = this.#cache.find(call)
    return cached && this.#makeInBounds(call, cached)
  }

  /** Notes a call that succeeded in the pool. */
  note(call: Call, value: unknown): void {
    this.#cache.note(call, value)
  }

  /** Notes a directory that was read in either form. */
  noteReaddir(dir: string, entries: number): void {
    this.#cache.noteReaddir(dir, entries)
  }

  #makeInBounds(call: Call, cached: Cached): Outcome<unknown> | undefined {
    const beganMs = performance.now()
    const isStale = beganMs - cached.usedAtMs > momentMs
    // Even if the pool makes the call now, the kernel has the thing in memory afterwards.
    cached.usedAtMs = beganMs
    if (isStale || beganMs < (this.#restUntilMs.get(cached.dev) ?? 0)) return undefined
    if (++this.#inlineCalls % poolEvery === 0) return undefined
    const outcome = this.#outcomeOf(call)
    const endedMs = performance.now()
    if (endedMs - beganMs > slowMs) this.#restUntilMs.set(cached.dev, endedMs + restMs)
    if (call.op === 'mkdir' && 'value' in outcome) this.note(call, outcome.value)
    return outcome
  }

  #outcomeOf(call: Call): Outcome<unknown> {
    return outcomeOf(() => this.#performSync(call))
  }
}
