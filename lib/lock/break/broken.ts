// What a token says of a hold that was ended by force (../break.ts), so that its holder gets to know that: a field behind
// those of ../token.ts and that of the call that waits, `b<its fence>-<the fence then>`. The next holder carries it on.

import type { Token } from '../token.js'

const pattern = /^b([0-9a-z]+)-([0-9a-z]+)$/
const noWant = '0'

/** Was the hold with this fence ended so? `more`: all fields of a token, or those behind its own. */
export const isBroken = (more: readonly string[], fence: number): boolean =>
  more.some(field => pattern.exec(field)?.[1] === fence.toString(36))

/** The fields without that. */
export function withoutBreak(more: readonly string[]): readonly string[] {
  const others = more.filter(field => !pattern.test(field))
  return others.length === 1 && others[0] === noWant ? [] : others
}

/** The fields of a lock whose hold with such a fence was ended when it got the next one. */
export function withBreak(more: readonly string[], fence: number, next: number): readonly string[] {
  const [want = noWant, ...others] = withoutBreak(more)
  return [want, ...others, `b${fence.toString(36)}-${next.toString(36)}`]
}

/** What the next holder carries on: only the first one after the break says more of it. */
export const carryBreak = ({ fence, more }: Token): readonly string[] =>
  more.some(field => pattern.exec(field)?.[2] === fence.toString(36)) ? more : withoutBreak(more)
