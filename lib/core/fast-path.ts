// The fast path of the promise form: it makes some calls inline, in the calling thread, instead of in the pool.
//
// What it is for. A trip to the pool and back costs about 20 us. On a local filesystem, a call that needs only what the
// kernel already has in memory takes a few microseconds.
//
// How precise it is. What the kernel has in memory is a guess: what this process used a moment ago
// (./fast-path/kernel-cache.ts). A wrong guess never changes a result, because the call itself is made either way. It
// costs time, in which the event loop waits. That time has bounds (./fast-path/inline-bounds.ts): 2 ms in one turn of
// the event loop, and a device where a call took longer than 20 ms is left to the pool for a second, or longer if it is
// slow there, too. On a disk that stands still, one call is lost in that way, once. Where it is only guessed what is in
// memory (./fast-path/guesses.ts), calls that take longer than 1 ms on average are left to the pool as well.
//
// When not to use it. On a filesystem behind a network or another process (NFS, FUSE) any call may wait for a reply, so
// no call is made inline unless the pool has shown that it concerns a local filesystem (./fast-path/local-places.ts).
// Outside Linux the kinds of filesystems have other numbers, so there is no fast path. Users may want less of it, or
// none (./fast-path/inline-mode.ts).

import type { Call, Op, Outcome } from './alphabet.js'
import type { Done } from './done.js'
import { HeldPaths } from './fast-path/held-paths.js'
import { Distrust, Doubt, TurnBudget } from './fast-path/inline-bounds.js'
import { inlineOps, mayGuess } from './fast-path/inline-mode.js'
import { KernelCache } from './fast-path/kernel-cache.js'
import type { Questions } from './fast-path/local-places.js'
import { directoryOf } from './fast-path/path-text.js'
import { lastReadMs, readClock } from './moment.js'
import type { Path } from './names.js'
import type { Stats } from './stats.js'

export class FastPath {
  readonly #cache: KernelCache
  readonly #held = new HeldPaths()
  readonly #performSync: (call: Call) => unknown
  /** Read at the first call, because the program may set it after the import. */
  #ops: ReadonlySet<Op> | undefined
  readonly #turn = new TurnBudget()
  readonly #distrust = new Distrust()
  readonly #doubt = new Doubt()
  /** The device at rest that has left this call to the pool. */
  readonly #resting = new WeakMap<Call, number>()
  #inPool = 0

  constructor(questions: Questions, performSync: (call: Call) => unknown) {
    this.#cache = new KernelCache(questions)
    this.#performSync = performSync
  }

  /** May the directory be looked at inline? `undefined`: that is not known, and the pool finds it out. */
  isLocal(dir: string): boolean | undefined {
    this.#ops ??= inlineOps()
    readClock()
    return this.#ops.size > 0 && this.#cache.isLocal(dir)
  }

  /** Makes the call inline, and returns its outcome. Returns undefined if the pool must make the call. */
  make(call: Call): Outcome<unknown> | undefined {
    this.#ops ??= inlineOps()
    const spelt = this.#ops.size === 0 ? undefined : this.#held.spell(call)
    if (!spelt) return undefined
    readClock()
    const known = this.#cache.find(spelt)
    if (call.op === 'close') this.#held.drop(call.args[0] as number)
    if (!this.#ops.has(call.op)) return undefined
    const dev = known ?? (mayGuess(this.#ops) ? this.#guess(spelt) : undefined)
    if (dev === undefined) return undefined
    if (this.#distrust.isResting(dev)) this.#resting.set(call, dev)
    else if (!this.#turn.isSpent && (known !== undefined || this.#isLight(call, spelt, dev)))
      return this.#makeInline(call, spelt, dev, known === undefined)
    return undefined
  }

  /** Is little removed? A look that shows it takes a tenth of a trip to the pool. */
  #isLight({ args: [path] }: Call, spelt: Call, dev: number): boolean {
    if (!this.#cache.guesses.looksBefore(spelt)) return true
    const look = (at: unknown): Call => ({ op: 'lstat', args: [at] })
    const outcome = this.#makeInline(look(path), look(spelt.args[0]), dev, true)
    return 'error' in outcome || this.#cache.isLittle(Number((outcome.value as Stats).size), dev)
  }

  #guess(spelt: Call): number | undefined {
    const dev = this.#cache.guesses.find(spelt)
    const isDoubtful = dev !== undefined && this.#doubt.isIn(dev) && !this.#cache.isInMemory(dev)
    return isDoubtful ? undefined : dev
  }

  /** See `quick` in ./alphabet.ts. */
  quick(paths: readonly Path[], like: Call | undefined, tookMs: number | undefined, done: Done): void {
    this.#ops ??= inlineOps()
    readClock()
    const devs = mayGuess(this.#ops) ? this.#devicesOf(paths) : []
    if (tookMs !== undefined) this.#noteGo(devs, tookMs, like && tookMs / paths.length)
    if (tookMs !== undefined || devs.length === 0 || !this.#areQuick(devs, like)) done(null, false)
    else this.#turn.whenLeft(() => done(null, true))
  }

  /** The device of each directory that the names are in, one after the other. */
  #devicesOf(paths: readonly Path[]): (number | undefined)[] {
    const devs: (number | undefined)[] = []
    let last: string | undefined
    for (const path of paths) {
      const dir = directoryOf(String(path))
      if (dir !== last) devs.push(this.#deviceOf(path))
      else if (!this.#cache.isOwnPlace(String(path))) devs.push(undefined)
      last = dir
    }
    return devs
  }

  #deviceOf(path: Path): number | undefined {
    const spelt = this.#held.spell({ op: 'local', args: [path] })
    return typeof spelt?.args[0] === 'string' ? this.#cache.deviceIn(spelt.args[0]) : undefined
  }

  #areQuick(devs: readonly (number | undefined)[], like: Call | undefined): boolean {
    const spelt = like && this.#held.spell(like)
    const guessed = spelt && this.#cache.unlessLayered(this.#guess(spelt))
    const isReady = (dev: number) => (dev === guessed || this.#cache.isInMemory(dev)) && !this.#distrust.isResting(dev)
    return devs.every(dev => dev !== undefined && isReady(dev))
  }

  #noteGo(devs: readonly (number | undefined)[], tookMs: number, guessMs: number | undefined): void {
    this.#turn.spend(tookMs)
    for (const dev of new Set(devs)) {
      if (dev !== undefined) this.#distrust.noteInline(dev, tookMs)
      if (dev !== undefined && guessMs !== undefined) this.#doubt.note(dev, guessMs)
    }
  }

  /** A caller has called the directory hot. */
  noteHot(dir: string): void {
    this.#cache.guesses.noteHot(dir)
  }

  #makeInline(call: Call, spelt: Call, dev: number, isGuess: boolean): Outcome<unknown> {
    const beganMs = lastReadMs()
    let outcome: Outcome<unknown>
    try {
      outcome = { value: this.#performSync(call) }
    } catch (error) {
      outcome = { error }
    }
    const tookMs = readClock() - beganMs
    this.#turn.spend(tookMs)
    this.#distrust.noteInline(dev, tookMs)
    if (isGuess) this.#doubt.note(dev, tookMs)
    if ('value' in outcome) this.#note(spelt, outcome.value)
    return outcome
  }

  /** Notes a call that succeeded. */
  #note(spelt: Call, value: unknown): void {
    const { op, args } = spelt
    const opened = op === 'open' && args[1] === 'r directory' ? this.#held.add(value as number) : undefined
    if (opened !== undefined && typeof args[0] === 'string') this.#cache.notes.noteOpen(opened, args[0])
    const key = op === 'fstat' ? this.#held.keyOf(args[0]) : undefined
    if (key !== undefined) this.#cache.notes.noteDevice(key, Number((value as Stats).dev))
    this.#cache.notes.note(spelt, value)
  }

  /** The pool is about to make the call. Returns what to call when it has ended: that notes how, and then calls `done`. */
  inPool(call: Call, done: Done): Done {
    if (this.#ops?.size === 0) return done
    this.#inPool++
    const spelt = this.#held.spell(call)
    const dev = this.#resting.get(call)
    const ended = dev === undefined ? undefined : this.#distrust.time(dev, this.#inPool)
    let over = false
    return (error, value) => {
      if (!over) this.#inPool--
      over = true
      ended?.()
      if (!error && spelt) {
        readClock()
        this.#note(spelt, value)
      }
      done(error, value)
    }
  }
}
