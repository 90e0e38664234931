// A directory below the root that was reached, and is open until nothing needs it any more.

import type { Steps } from '../core/steps.js'
import { close, type OpenDirectory } from '../parts/directory-handle.js'

export interface Reached {
  readonly dir: OpenDirectory
  /** Its names, with all links resolved. */
  names: readonly string[]
  /** Where directories are found by path: those on the way, each of which may be swapped. */
  readonly way: readonly OpenDirectory[]
  /** It is closed when the last of them lets it go. The root's own is not. */
  users: number
}

/** One of its users needs the directory no more. */
export function* letGo(reached: Reached): Steps<void> {
  if (--reached.users === 0) yield* close(reached.dir)
}
