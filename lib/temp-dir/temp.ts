/// <reference lib="esnext.disposable" preserve="true" />

import { dual } from '../core/dual.js'
import type { Patience } from '../core/input.js'
import type { Stats } from '../core/stats.js'
import type { Steps } from '../core/steps.js'
import { silently } from '../parts/delete-job.js'
import { isStill } from '../parts/placed.js'
import { removeAt } from '../parts/set-aside.js'

/** Removes it. False: it was gone already. */
export const removeTemp = dual(function removeTempDir(
  path: string,
  made: Stats,
  { retryFor }: Patience = {},
): Steps<boolean> {
  const trial = { as: 'removeTempDir', path, retryFor }
  return removeAt(path, silently(), trial, { isOurs: isStill(path, made) })
})

interface Remove {
  (): Promise<void>
  /** The same, without a promise. */
  sync(): void
}

/** A directory that was made. */
export interface Made {
  readonly path: string
  readonly made: Stats
}

const stats = new WeakMap<TempDir, Stats>()

/** What it was when it was made. */
export const statsOf = (temp: TempDir): Stats => stats.get(temp) as Stats

/** A temporary directory. */
export class TempDir implements AsyncDisposable, Disposable {
  /** Where it is: an absolute path. */
  readonly path: string

  constructor({ path, made }: Made) {
    this.path = path
    stats.set(this, made)
  }

  /** Removes it with all that is in it, unless that was done before. */
  get remove(): Remove {
    const { path } = this
    const made = statsOf(this)
    return Object.assign(async () => void (await removeTemp(path, made)), {
      sync: () => void removeTemp.sync(path, made),
    })
  }

  /** Removes it at the end of `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.remove()
  }

  /** Removes it at the end of `using`. */
  [Symbol.dispose](): void {
    this.remove.sync()
  }
}
