// `appendLines` where a write ends early and is continued by what Node writes with, behind the record of another process.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { appendLines, lines } from 'holdfast'
import { drive, driveSync, type Steps } from 'holdfast/steps'
import type { Ending, World } from 'holdfast/testing'
import { continued, lookThenAppend } from '../broken/append-lines.js'
import { through } from '../broken/interfere.js'
import { assert, caught, explored, holds, nobodyElseThrew, prove, scratch } from '../support/kit.js'

for (const form of ['promise', 'sync'] as const)
  holds(`${form}: wherever a write is cut, with another record inside, each record is there once`, async () => {
    const log = join(scratch(), 'log')
    for (const tail of ['', 'old\n', 'old\ntorn'])
      for (const records of [['abcdef'], ['a'], ['abc', 'de', 'f', 'ghi'], ['xb', 'yb']])
        for (const foreign of ['zz', 'b'])
          for (let at = 1; at < records.join('\n').length + 3; at++) {
            writeFileSync(log, tail)
            let isCut = false
            const cut = () => (isCut ? 0 : at)
            const steps = continued(appendLines.steps(log, records), cut, () => {
              isCut = true
              appendLines.sync(log, foreign)
            })
            if (form === 'sync') driveSync(steps)
            else await drive(steps)
            const all = [...lines.sync(log)]
            assert.equal(
              all.flatMap(({ text, torn }) => (torn ? [] : [text])).sort(),
              [...(tail && ['old']), ...(isCut ? [foreign] : []), ...records].sort(),
              `${records} cut at ${at} behind '${tail}': ${JSON.stringify(all)}`,
            )
          }
  })

holds('an error says how many records are there at least, if one of them was cut', () => {
  const log = join(scratch(), 'log')
  let writes = 0
  const steps = continued(
    appendLines.steps(log, ['one', 'two', 'three']),
    () => (++writes === 1 ? 6 : 0),
    () => appendLines.sync(log, 'foreign'),
  )
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', errno: -28, syscall: 'write' })
  const failing = through(steps, call => {
    if (writes === 2 && call.op === 'write' && call.args[2] === undefined) throw full
    return call
  })
  let thrown: unknown
  try {
    driveSync(failing)
  } catch (error) {
    thrown = error
  }
  assert.is(thrown, full)
  assert.is((thrown as { appended?: number }).appended, 1)
})

/** A's first write is cut in the middle. */
const worldOf = (append: (file: string, record: string) => Steps<unknown>): World => ({
  setup: dir => writeFileSync(join(dir, 'log'), 'old\n'),
  players: dir => {
    let writes = 0
    const A = continued(append(join(dir, 'log'), 'aaaaaaaa'), bytes => (writes++ === 0 ? bytes >> 1 : 0))
    return { A, B: append(join(dir, 'log'), 'bbbbbbbb') }
  },
  check: ending => {
    nobodyElseThrew(ending)
    const all = [...lines.sync(join(ending.dir, 'log'))].map(({ text, torn }) => (torn ? `torn ${text}` : text))
    const whole = all.filter(one => !one.startsWith('torn '))
    const promised = (['A', 'B'] as const).filter(name => ending.outcomes[name]?.how === 'returned')
    for (const one of whole) assert.match(one, /^(old|a{8}|b{8})$/, `spliced: ${all}`)
    for (const name of promised)
      assert.is(whole.filter(one => one === name.toLowerCase().repeat(8)).length, 1, `${name} returned: ${all}`)
  },
})

explored('explore: two append, and a write of one is continued behind the record of the other', () => {
  let torn = 0
  const world = worldOf((file, record) => appendLines.steps(file, record))
  const check = (ending: Ending) => {
    world.check?.(ending)
    if ([...lines.sync(join(ending.dir, 'log'))].some(line => line.torn)) torn++
  }
  assert.ok(prove('2 appendLines, 1 write in two pieces', { ...world, check }, {}, () => torn > 0).complete)
})
explored('the same world catches: a write that is trusted to be in one piece', () => {
  caught('look, then append', /spliced|returned/, worldOf(lookThenAppend))
})
