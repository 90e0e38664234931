import type { Steps } from '../../core/steps.js'
import type { Backing, Page } from '../backing.js'

/**
 * Removes what is under generations that are not current, and returns how many entries that were. `root`: with which all
 * keys of the scope begin, whatever their generation. `current`: with which they begin under the current one.
 */
export function* sweepDropped(below: Backing, root: string, current: () => Steps<string | undefined>): Steps<number> {
  let removed = 0
  let page: Page = { entries: [], cursor: undefined }
  do {
    page = yield* below.list(root, page.cursor)
    if (page.entries.length === 0) continue
    // Read after the page: a generation is made before what is under it, so what was seen is not under a later one.
    const before = yield* current()
    for (const [key, kept] of page.entries)
      if (before === undefined || !key.startsWith(before))
        if ((yield* below.commit(key, kept, undefined)) === 'removed') removed++
  } while (page.cursor !== undefined)
  return removed
}
