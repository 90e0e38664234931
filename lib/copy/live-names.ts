import { type Entry, fs, type Steps } from '../core/steps.js'
import { ownerOf } from '../parts/stage-names.js'

/** Without what living processes make ready there under private names: it is theirs, and may be gone at any moment. */
export function* withoutStages(entries: readonly Entry[]): Steps<readonly Entry[]> {
  const left: Entry[] = []
  for (const entry of entries) {
    const owner = ownerOf(entry.name)
    if (owner === undefined || (yield* fs.alive(owner)) === false) left.push(entry)
  }
  return left
}
