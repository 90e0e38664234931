/// <reference lib="esnext.disposable" preserve="true" />

// Leases: hard links in a directory of their own, with private names, so that those of dead processes are debris.

import { dual } from '../core/dual.js'
import { hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { makeLink } from '../link/make-link.js'
import { DroppedLeases } from '../lock/lease/dropped.js'
import { discard, discardAll } from '../parts/cleanup.js'
import { holdFor } from '../parts/life.js'
import { type Blobs, keyOf, miss, type Pin } from './blobs.js'
import type { ContentLease } from './contract.js'
import { finder } from './find.js'
import { leaseName } from './layout.js'
import { linkNow } from './publish.js'

/** How often a blob is looked for that goes while it is taken, and how long (ms) before the next time. */
export const patience = { tries: 3, backoff: 10 } as const

/** Makes a lease of a blob; undefined if it is not there. */
export function* pin(blobs: Blobs, digest: string, executable?: boolean): Steps<Pin | undefined> {
  const path = yield* leaseName(blobs.root, digest)
  const key = keyOf(digest, executable ?? false)
  const known = blobs.known.get(key)
  if (known && (yield* linkNow(known.path, path))) return { path, generation: known.generation }
  blobs.known.delete(key)
  const next = finder(blobs, digest, executable)
  let generation: Pin['generation'] | undefined
  try {
    yield* makeLink({
      *resolve() {
        const found = yield* next()
        generation = found.generation
        return found.path
      },
      from: '',
      to: path,
      ...patience,
      replace: false,
      copies: true,
      parents: { changed: new Set() },
      trial: blobs.trial(path),
      progress: undefined,
      missed: 0,
      taken: false,
    })
  } catch (error) {
    // No other call makes that name: it is the link, whose reply was lost, and its source is gone meanwhile.
    const isMade = hasCode(error, 'EEXIST') && (yield* fs.lstat(path, orNothing)) !== undefined
    if (!isMade) yield* unpin([path])
    if (error === miss) return undefined
    if (!isMade) throw error
  }
  return generation && { path, generation }
}

export function unpin(paths: readonly string[]): Steps<void> {
  const [first, ...others] = paths
  // One call alone takes half the time.
  if (first !== undefined && others.length === 0) return discard(() => fs.unlink(first))
  return discardAll(paths.map(path => fs.unlink(path)))
}

/** What a lease holds. */
export interface ContentHold {
  readonly digests: readonly string[]
  readonly missing: readonly string[]
  readonly pins: readonly Pin[]
  readonly whenOver: (() => void)[]
  readonly blobs: Blobs
  /** Called after the pins are gone, where there are limits. */
  readonly released: (hold: ContentHold) => Steps<void>
  over: 'released' | undefined
}

const releaseHold = dual(function releaseContent(_root: string, hold: ContentHold): Steps<void> {
  return release(hold)
})

function* release(hold: ContentHold): Steps<void> {
  if (hold.over) return
  hold.over = 'released'
  const { blobs, pins } = hold
  for (const one of pins) {
    const { digest } = one.generation
    const others = blobs.pins.get(digest)?.filter(other => other !== one) ?? []
    if (others.length > 0) blobs.pins.set(digest, others)
    else blobs.pins.delete(digest)
  }
  for (const notify of hold.whenOver) notify()
  yield* unpin(pins.map(({ path }) => path))
  if (blobs.limits) yield* hold.released(hold)
}

class Lease implements ContentLease {
  readonly #hold: ContentHold

  constructor(hold: ContentHold) {
    this.#hold = hold
  }

  get digests(): readonly string[] {
    return this.#hold.digests
  }

  get missing(): readonly string[] {
    return this.#hold.missing
  }

  /** It closes over the lease, so a caller that keeps only `release` keeps the lease alive. */
  get release(): ContentLease['release'] {
    const args = [this.#hold.blobs.root, this.#hold] as const
    const run = (): Promise<void> => releaseHold(...args)
    return Object.assign(run, { sync: () => releaseHold.sync(...args), steps: () => releaseHold.steps(...args) })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  [Symbol.dispose](): void {
    this.release.sync()
  }

  static holdOf(lease: Lease): ContentHold {
    return lease.#hold
  }
}

/** For a lease that its caller never got. */
export function* giveBack(lease: ContentLease): Steps<void> {
  if (lease instanceof Lease) yield* release(Lease.holdOf(lease))
}

const dropped = new DroppedLeases<ContentHold>(
  ({ digests }) => digests.join(', '),
  hold => releaseHold(hold.blobs.root, hold),
  '',
)

export type NewLease = Pick<ContentHold, 'digests' | 'missing' | 'pins'>

/** Starts a lease of what is pinned already. It ends with the store object at the latest. */
export function startLease(blobs: Blobs, taken: NewLease, released: ContentHold['released']): ContentLease {
  const { digests, missing, pins } = taken
  // Not spread: objects that are made so never get one shape, and whatever is done with them takes longer.
  const hold: ContentHold = { digests, missing, pins, blobs, released, whenOver: [], over: undefined }
  for (const one of pins) {
    const { digest } = one.generation
    const others = blobs.pins.get(digest)
    blobs.pins.set(digest, others ? [...others, one] : [one])
  }
  hold.whenOver.push(holdFor(blobs.life, () => release(hold)))
  return new Lease(hold)
}

/** One that is garbage-collected before it was released is released then. Steps do without: players stand for processes. */
export function watched(lease: ContentLease): void {
  if (!(lease instanceof Lease)) return
  const hold = Lease.holdOf(lease)
  if (hold.pins.length > 0 && !hold.over) dropped.watch(lease, hold)
}
