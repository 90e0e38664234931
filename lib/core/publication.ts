// Whether a call has published the name that it was to publish. Every error that comes out of such a call says so, because
// what the caller should do next depends on it.

import type { Call } from './alphabet.js'
import type { Steps } from './steps.js'

/**
 * What `published` of an error says, of any function that publishes a name. `true`: at an instant during the call the name
 * was what the call was to make it, and what failed came after that. `false`: it was not, or the call has undone it.
 * `unknown`: neither is certain, for one of three reasons. A filesystem that is not known to be local reported an error of
 * the very call that gives the name, and no evidence is left. Or a file that is written in place may be half written. Or the
 * promise was ended by its signal or its time-out while the call goes on in the background: then the error says `true` or
 * `false` as soon as that call has ended, too.
 *
 * Known to be local are, on Linux, the filesystems that its kernel keeps itself, as ext4; on macOS, disks like that of `/`;
 * on Windows, what is no network share; on other systems, none.
 */
export type Published = boolean | 'unknown'

/** What is known of one call. A call that publishes many names has published as soon as one of them is there. */
export class Publication {
  #given = false
  /** How many calls to the system that give a name are under way, or have failed without a proof that they were not done. */
  #doubts = 0

  get published(): Published {
    return this.#given || (this.#doubts > 0 ? 'unknown' : false)
  }

  /** A call that gives a name is about to be made. */
  begin(): void {
    this.#doubts++
  }

  end(published: Published): void {
    if (published !== 'unknown') this.#doubts--
    if (published === true) this.#given = true
  }

  /** It is certain now, whatever was reported before. False is only for a call that publishes one name. */
  decide(published: boolean): void {
    this.#given = published
    if (!published) this.#doubts = 0
  }

  /** Adds what is known to an error that comes out of the call. Errors of users' callbacks may be of any kind. */
  mark(error: unknown, published = this.published): unknown {
    if (typeof error === 'object' && error !== null) Reflect.set(error, 'published', published)
    return error
  }
}

/**
 * Makes an algorithm of one that publishes a name: its errors say whether it did. The steps are the same, and a driver
 * resumes them without a generator in between, which would cost as much as half a call.
 */
export function publishing<A extends unknown[], T>(
  algorithm: (publication: Publication, ...args: A) => Steps<T>,
): (...args: A) => Steps<T> {
  const published = (...args: A): Steps<T> => {
    const publication = new Publication()
    return new PublishingSteps(publication, algorithm(publication, ...args)) as unknown as Steps<T>
  }
  publishers.add(published)
  Object.defineProperty(published, 'name', { value: algorithm.name })
  return Object.defineProperty(published, 'length', { value: algorithm.length - 1 })
}

const publishers = new WeakSet<object>()

/** An error that came before the first step, as of options that are refused: nothing was published. */
export function markRefusal(algorithm: object, error: unknown): unknown {
  if (publishers.has(algorithm) && error instanceof Error && !('published' in error))
    Reflect.set(error, 'published', false)
  return error
}

/** Steps that run those of an algorithm, `inner`: their errors say whether that has published its name. */
export const publishingAs = <T>(inner: Steps<unknown>, outer: Steps<T>): Steps<T> =>
  inner instanceof PublishingSteps ? (new PublishingSteps(inner.publication, outer) as unknown as Steps<T>) : outer

/** The errors of a function that come before its first step say that nothing was published. */
export function alsoPublishes<F extends object>(algorithm: F): F {
  publishers.add(algorithm)
  return algorithm
}

class PublishingSteps<T> implements Iterator<Call, T> {
  readonly publication: Publication
  readonly #steps: Steps<T>

  constructor(publication: Publication, steps: Steps<T>) {
    this.publication = publication
    this.#steps = steps
  }

  next(result?: unknown): IteratorResult<Call, T> {
    try {
      return this.#steps.next(result)
    } catch (error) {
      throw this.publication.mark(error)
    }
  }

  throw(error: unknown): IteratorResult<Call, T> {
    try {
      return this.#steps.throw(error)
    } catch (another) {
      throw this.publication.mark(another)
    }
  }

  return(value: T): IteratorResult<Call, T> {
    return this.#steps.return(value)
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** The caller goes on with `error`, and the steps end in the background. They may still publish the name. */
export function markLeft(steps: unknown, error: unknown): unknown {
  if (!(steps instanceof PublishingSteps)) return error
  const { publication } = steps
  return publication.mark(error, publication.published || 'unknown')
}

/** Such steps have ended, in whatever way: the error that the caller has says now what came of them. */
export function markEnded(steps: unknown, error: unknown): void {
  if (steps instanceof PublishingSteps) steps.publication.mark(error)
}
