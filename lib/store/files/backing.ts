// The engine over cells (../../cell.ts): each key has a cell, `<root>/<shard>/<name>`, whose token says all but a long value.

import { readState } from '../../cell/transition.js'
import { epochMs } from '../../core/moment.js'
import { fs, type Steps } from '../../core/steps.js'
import { checkFormat, type Home, makeStore } from '../../create-exclusive/format.js'
import { cleaningUp } from '../../parts/cleanup.js'
import type { Backing, Draft, Kept, Page } from '../backing.js'
import { just } from '../just.js'
import { isUnknownOutcome, unknownOutcome } from '../unknown-outcome.js'
import { fileFormat, put, takeAway } from './change.js'
import { asFileKept, type Cells, type FileKept, keptOf, tokenOf } from './kept.js'
import { listShard, shardsOf } from './listing.js'
import { Made } from './made.js'
import { type Place, Places } from './places.js'
import { sweepNeighbours, sweepStore } from './sweep.js'

export interface FileEngine extends Home {
  readonly gc: 'amortised' | 'manual'
}

export class FileBacking implements Backing, Cells {
  readonly #engine: FileEngine
  readonly #places: Places
  readonly #made = new Made()
  #isOpen = false
  #isLocal: boolean | undefined

  readonly claims = {
    self: (): Steps<string> => fs.thread(),
    alive: (owner: string): Steps<boolean | undefined> => fs.alive(owner),
  }

  constructor(engine: FileEngine) {
    this.#engine = engine
    this.#places = new Places(engine.root)
  }

  get root(): string {
    return this.#engine.root
  }

  read(key: string): Steps<FileKept | undefined> {
    return this.#isOpen ? this.readPlace(this.#places.of(key)) : this.#openAndRead(key)
  }

  *#openAndRead(key: string): Steps<FileKept | undefined> {
    this.#isOpen = yield* checkFormat(this.root, fileFormat)
    return yield* this.readPlace(this.#places.of(key))
  }

  *readPlace(place: Place): Steps<FileKept | undefined> {
    // That nothing is there, one look shows.
    if (!place.isChecked && !(yield* this.#places.check(place))) return undefined
    const now = yield* readState(place.path, place.trial)
    return typeof now === 'string' ? undefined : keptOf(place, now)
  }

  recall(key: string): Steps<FileKept | undefined> {
    return just(() => this.#made.recall(this.#places.of(key)))
  }

  *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    if (!this.#isOpen) yield* this.#open()
    const place = this.#places.of(key)
    const was = from && asFileKept(from)
    let result: FileKept | 'removed' | 'moved' = 'moved'
    try {
      const hasShard = was !== undefined || (yield* this.#places.checkShard(place))
      result = yield* to ? put(this.#engine, place, was, to, hasShard) : this.#remove(place, was)
      // A link would have been in the way of a new directory.
      if (!was && typeof result === 'object') place.isChecked = true
    } catch (error) {
      throw isUnknownOutcome(error) ? unknownOutcome(key, from, to, error) : error
    } finally {
      this.#made.remember(place, typeof result === 'string' ? undefined : result)
    }
    const isTurn = to && !was && this.#engine.gc === 'amortised' && isOneOf64(to)
    if (isTurn) yield* cleaningUp(() => sweepNeighbours(this, place))
    return result
  }

  *#open(): Steps<void> {
    if (!(yield* checkFormat(this.root, fileFormat))) yield* makeStore(this.#engine, fileFormat, 'fileStore')
    this.#isOpen = true
  }

  *#remove(place: Place, was: FileKept | undefined): Steps<'removed' | 'moved'> {
    if (was) return yield* takeAway(this.#engine, place, was)
    return (yield* this.readPlace(place)) ? 'moved' : 'removed'
  }

  /** Only where no other machine renames: there the kernel knows all names. A hit of a memo is this call, and little more. */
  stillThere(key: string, kept: Kept): Steps<boolean> {
    return this.#isLocal ? fs.exists(tokenOf(this.#places.of(key), asFileKept(kept))) : this.#isThereIfLocal(key, kept)
  }

  *#isThereIfLocal(key: string, kept: Kept): Steps<boolean> {
    this.#isLocal ??= yield* fs.local(this.root)
    return this.#isLocal && (yield* fs.exists(tokenOf(this.#places.of(key), asFileKept(kept))))
  }

  /** A page is a shard; the cursor has those that are left. */
  *list(prefix: string, cursor: unknown): Steps<Page> {
    if (!this.#isOpen) this.#isOpen = yield* checkFormat(this.root, fileFormat)
    const [shard, ...left] = (cursor as readonly string[] | undefined) ?? (yield* shardsOf(this.root))
    const entries = shard === undefined ? [] : yield* listShard(this, shard, prefix)
    return { entries, cursor: left.length > 0 ? left : undefined }
  }

  *changed(key: string, ms: number): Steps<void> {
    yield* fs.changed(this.#places.of(key).path, ms)
  }

  now(): Steps<number> {
    return just(epochMs)
  }

  *sweep(): Steps<number> {
    return yield* sweepStore(this)
  }
}

/** An id is random. */
const isOneOf64 = ({ id }: Draft): boolean => (Number.parseInt(id.slice(-2), 16) & 63) === 0
