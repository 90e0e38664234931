// How the states of a rule are spelled as the value of a key: for each part a letter and its numbers, in base 36, with `-`
// between two numbers and `--` between two parts. So it is short, has only letters, digits and `-`, and in a store of
// files is a part of the token.

import type { State } from './algorithm.js'
import type { States } from './plan.js'
import type { Part } from './rule.js'

const between = '--'

export function spell(parts: readonly Part[], states: States): string {
  let text = ''
  for (let at = 0; at < parts.length; at++)
    text += (at > 0 ? between : '') + (parts[at] as Part).letter + spellState(states[at])
  return text
}

function spellState(state: State | undefined): string {
  let text = ''
  if (state) for (let at = 0; at < state.length; at++) text += (at > 0 ? '-' : '') + (state[at] as number).toString(36)
  return text
}

/**
 * Returns the states that a text spells; none of a rule of another kind. undefined: the text is not that of a limiter.
 */
export function parse(parts: readonly Part[], text: string): States | undefined {
  const words = text.split(between)
  const states: (State | undefined)[] = []
  for (const word of words) {
    if (!isState.test(word)) return undefined
    const numbers = word.length > 1 ? word.slice(1).split('-').map(fromBase36) : undefined
    if (numbers && numbers.length % 2 > 0) return undefined
    states.push(numbers)
  }
  const isSame = words.length === parts.length && parts.every((part, at) => words[at]?.[0] === part.letter)
  return isSame ? states : []
}

const isState = /^[wasb](?:[0-9a-z]{1,11}(?:-[0-9a-z]{1,11})*)?$/

const fromBase36 = (digits: string): number => Number.parseInt(digits, 36)
