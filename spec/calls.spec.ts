// Every call of every public function, failing (./calls/): a process that is not changed in any way runs one function,
// and one of its filesystem calls fails once or for ever, is said to be done, or is where the process is killed, or
// stands still. `npm run prove -- calls` tries all of them; here it is a part, chosen anew each time.

import { forms } from './calls/act.js'
import { acts as allActs } from './calls/acts.js'
import { brokenActs } from './calls/broken-acts.js'
import { inTurns, newSeed, shuffled } from './calls/chance.js'
import { findOut } from './calls/find-out.js'
import { Lab } from './calls/lab.js'
import { type Point, parsePoint, pointsOf, spellPoint } from './calls/point.js'
import { compileShim } from './calls/shim.js'
import { note as count, emptyRow, tableOf } from './calls/table.js'
import { assert, holds, memory, note, raced, scratch, sized } from './support/kit.js'

/** How long points are tried, once it is known which there are. */
const seconds = sized(20, 600)

const acts = sized(
  allActs.filter(({ onlyAtFullSize }) => !onlyAtFullSize),
  allActs,
)

holds('the name of a point says which one it is', () => {
  const [act] = acts
  if (!act) throw new Error('there is no act')
  const points = pointsOf(act, 'sync', { warm: ['stat', 'mkdir', 'stat'], cold: ['stat', 'mkdir', 'stat', 'stat'] })
  assert.is(new Set(points.map(spellPoint)).size, points.length)
  for (const point of points) assert.equal(parsePoint(spellPoint(point)), point)
  assert.is(parsePoint(act.name), undefined)
})

const home = scratch(memory)
const shim = compileShim(home)

if ('why' in shim) {
  raced.skip('every call, failing', shim.why)
} else {
  /** Runs `body` with a lab, which is empty afterwards: what living processes could not remove, `sweep` takes. */
  const inLab = async (body: (lab: Lab) => Promise<void>): Promise<void> => {
    const lab = new Lab(shim.path, scratch(memory))
    try {
      await body(lab)
    } finally {
      await lab.end()
    }
    assert.equal(lab.left(), [])
  }

  raced('whichever call of a function goes wrong, its promises hold', () =>
    inLab(async lab => {
      const seed = newSeed()
      const lists: Point[][] = []
      for (const act of acts)
        for (const form of forms) {
          lists.push(shuffled(pointsOf(act, form, await lab.traceOf(act, form)), seed))
        }
      const until = performance.now() + seconds * 1000
      const rows = new Map(acts.map(act => [act, emptyRow(act.name)]))
      const wrong: string[] = []
      let turns = 0
      for (const point of inTurns(lists)) {
        // On a busy machine that time is over before each function had its turn.
        if (performance.now() > until && turns >= lists.length) break
        turns++
        const verdict = await lab.try(point)
        const row = rows.get(point.act)
        if (row) count(row, point, verdict)
        if (verdict.wrong !== undefined)
          wrong.push(`${verdict.wrong}\n    again: npm run prove -- calls ${spellPoint(point)}`)
      }
      const tried = [...rows.values()].reduce((sum, { points }) => sum + points, 0)
      note(`seed ${seed}: ${tried} of ${lists.flat().length} points\n${tableOf([...rows.values()])}`)
      if (wrong.length > 0) throw new Error(wrong.join('\n'))
      for (const { act, points } of rows.values()) assert.ok(points > 0, `no point of ${act} was tried`)
      // The calls come in the same order each time, except a few that are made again after a second.
      const steady = [...rows].flatMap(([{ varies }, row]) => (varies ? [] : row))
      const missed = steady.reduce((sum, row) => sum + row.missed, 0)
      assert.ok(missed <= 0.05 * tried, `in ${missed} of ${tried} points the call did not come`)
    }),
  )

  for (const act of brokenActs)
    raced(`${act.name} is found out`, () =>
      inLab(async lab => {
        const { points, what } = await findOut(lab, act)
        note(`${what} (point ${points})`)
      }),
    )
}
