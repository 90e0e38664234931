// Every call of every public function, failing (./calls/): a process that is not changed in any way runs one function,
// and one of its filesystem calls fails once or for ever, is said to be done, or is where the process is killed, or
// stands still. `npm run prove -- calls` tries all of them; here it is a part, chosen anew each time.

import { type Act, forms } from './calls/act.js'
import { acts as allActs } from './calls/acts.js'
import { brokenActs } from './calls/broken-acts.js'
import { newSeed, shuffled } from './calls/chance.js'
import { findOut } from './calls/find-out.js'
import { Lab } from './calls/lab.js'
import { parsePoint, pointsOf, spellPoint } from './calls/point.js'
import { compileShim } from './calls/shim.js'
import { note as count, emptyRow, type Row, tableOf } from './calls/table.js'
import { assert, holds, memory, note, raced, scratch, sized } from './support/kit.js'

/** How long points are tried. To find out which points an act has takes as long as to try a few of them. */
const seconds = sized(40, 600)

/** How many points of one act and form are tried. */
const pointsOfEach = sized(6, 40)

/** On a busy machine the time may be over before many functions had their turn. */
const leastActs = 8

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
      const until = performance.now() + seconds * 1000
      const rows = new Map<Act, Row>()
      const wrong: string[] = []
      for (const [act, form] of shuffled(
        acts.flatMap(act => forms.map(form => [act, form] as const)),
        seed,
      )) {
        if (performance.now() > until && rows.size >= leastActs) break
        const points = shuffled(pointsOf(act, form, await lab.traceOf(act, form)), seed).slice(0, pointsOfEach)
        const row = rows.get(act) ?? emptyRow(act.name)
        rows.set(act, row)
        for (const point of points) {
          const verdict = await lab.try(point)
          count(row, point, verdict)
          if (verdict.wrong !== undefined)
            wrong.push(`${verdict.wrong}\n    again: npm run prove -- calls ${spellPoint(point)}`)
        }
      }
      const tried = [...rows.values()].reduce((sum, { points }) => sum + points, 0)
      note(`seed ${seed}: ${tried} points of ${rows.size} of ${acts.length} acts\n${tableOf([...rows.values()])}`)
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
