// The names of all options. One options object may serve several calls, so each function takes the options of every
// other function, too; but a name that none of them knows is an error: `{ flag: 'a' }` must not replace a log that was
// to be appended to.

import { refusal } from './input.js'

/**
 * The names, as the option types of all functions have them. The types are gone when a call is checked, so the names are
 * written down once more; spec/core/input.spec.ts does not compile if they differ.
 */
export const optionNames = [
  ...(['signal', 'timeout', 'retryFor', 'durability', 'parents', 'concurrency', 'onProgress'] as const),
  ...(['mode', 'chown', 'encoding', 'symlinks', 'hardLinks', 'inPlace'] as const),
  ...(['overwrite', 'errorOnExist', 'filter', 'dereference', 'preserveTimestamps', 'ifAbsent'] as const),
  ...(['tries', 'backoff', 'replace', 'fallback', 'type'] as const),
  ...(['parse', 'stringify', 'maxAge', 'read'] as const),
  ...(['lockPath', 'lockDir', 'foreign', 'fence'] as const),
  ...(['stale', 'heartbeat', 'label', 'onWait', 'shared', 'holders', 'data', 'start'] as const),
  ...(['json', 'kind', 'validate', 'refresh', 'wait'] as const),
  ...(['grace', 'recursive', 'dryRun', 'locks', 'through', 'links', 'require'] as const),
  ...(['ttl', 'touch', 'ifVersion', 'tombstone', 'maxCount'] as const),
  ...(['staleOnError', 'conflict', 'late', 'claim', 'lease'] as const),
  ...(['maxBytes', 'maxEntries', 'maxDepth', 'mounts'] as const),
  ...(['digest', 'executable', 'end'] as const),
  ...(['cost', 'countDenied'] as const),
  ...(['spaces', 'EOL', 'replacer', 'reviver', 'keep', 'dir', 'prefix'] as const),
] as const

const known: ReadonlySet<string> = new Set(optionNames)

/** Refuses options that are not an object, and any whose name no function knows. */
export function checkOptionNames(options: unknown): void {
  checkNames(options, known, 'options')
}

/** Refuses an argument that is not an object, and any property of it that is not among the known ones. */
export function checkNames(given: unknown, names: ReadonlySet<string>, argument: string): void {
  if (typeof given !== 'object' || given === null)
    throw refusal('ERR_INVALID_ARG_TYPE', argument, 'of type object', given)
  for (const name of Object.keys(given)) if (!names.has(name)) throw unknownName(`${argument}.${name}`, name, names)
}

function unknownName(property: string, name: string, names: Iterable<string>): TypeError {
  const message = `The property "${property}" is unknown. The nearest one that exists is "${nearest(name, names)}"`
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** Returns the name that the fewest changes of single letters lead to; capitals do not count. */
export function nearest(name: string, names: Iterable<string>): string {
  const distances = [...names].map(one => ({ one, distance: distance(name.toLowerCase(), one.toLowerCase()) }))
  return distances.reduce((best, next) => (next.distance < best.distance ? next : best)).one
}

/** How many letters must be added, left out or replaced (Levenshtein): each row is that of one more letter of `a`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [above, letter] of [...a].entries()) {
    const next = [above + 1]
    for (let at = 1; at <= b.length; at++) {
      const replaced = (row[at - 1] as number) + (letter === b[at - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[at] as number) + 1, (next[at - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
