// What a store has made of its keys a moment ago. It saves a look, and decides nothing: a change that begins with it is a
// rename of exactly that token.

import { epochMs } from '../../core/moment.js'
import { RecentMap } from '../../core/recent-map.js'
import type { FileKept } from './kept.js'
import type { Place } from './places.js'

/** A value in it takes up to 4 KiB. */
const mostKept = 1000
const momentMs = 1000

export class Made {
  readonly #states = new RecentMap<{ readonly kept: FileKept; readonly atMs: number }>(mostKept)

  /** Undefined: nothing was made of it, or others have had time to change it since. */
  recall(place: Place): FileKept | undefined {
    const made = place.isChecked ? this.#states.get(place.path) : undefined
    const nowMs = epochMs()
    if (!made || Math.abs(nowMs - made.atMs) >= momentMs) return undefined
    made.kept.readAtMs = nowMs
    return made.kept
  }

  remember({ path }: Place, kept: FileKept | undefined): void {
    if (kept) this.#states.set(path, { kept, atMs: kept.readAtMs })
    else this.#states.delete(path)
  }
}
