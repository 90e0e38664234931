// The judge of worlds in which each player moves a thing of its own, `A` with `AA` in it, to one name for all.

import { join } from 'node:path'
import type { Ending } from 'holdfast/testing'
import { assert, nobodyThrew } from '../support/kit.js'
import { read } from '../support/planted.js'

interface Judged {
  /** What the target has in it. */
  readonly there: string | undefined
  /** The players that returned, and those of them that say that it was they. */
  readonly returned: readonly string[]
  readonly winners: readonly string[]
}

/** Nothing is lost, and at most one player says that its thing is at the target, where it is. */
export function judgeRivals(ending: Ending, names: readonly string[]): Judged {
  nobodyThrew(ending)
  const { dir, outcomes } = ending
  const there = read(join(dir, 'target'))
  const returned = names.filter(name => outcomes[name]?.how === 'returned')
  const winners = returned.filter(name => (outcomes[name] as { value?: unknown }).value)
  for (const name of names) {
    const source = read(join(dir, name))
    assert.ok(source === name + name || there === name + name, `${name} is lost`)
    if (winners.includes(name)) assert.ok(source === undefined && there === name + name, `${name} is not there`)
    else if (returned.includes(name)) assert.is(source, name + name, `${name} is not whole`)
  }
  assert.ok(winners.length <= 1, `${winners.length} winners`)
  return { there, returned, winners }
}
