// `npm run prove -- calls [WHAT ...]`: every call of every public function, failing in every way. WHAT is a function, an
// act, `broken`, or the beginning of a point's name; of a point that is named in full, its calls are printed, too.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import { type Act, forms } from './act.js'
import { acts } from './acts.js'
import { brokenActs } from './broken-acts.js'
import { findOut } from './find-out.js'
import { Lab } from './lab.js'
import { type Point, parsePoint, pointsOf, spellPoint } from './point.js'
import { compileShim } from './shim.js'
import { emptyRow, note, type Row, tableOf } from './table.js'

const wanted = process.argv.slice(2)
const singles = wanted.flatMap(text => parsePoint(text) ?? [])

/** Does it begin with what is wanted? If so, what is wanted ends where a part of it ends. */
const isWanted = (name: string): boolean =>
  wanted.length === 0 || wanted.some(text => name.startsWith(text) && /^(\W|$)/.test(name.slice(text.length)))
/** Are some of its points wanted? */
const isPartWanted = ({ name }: Act): boolean => isWanted(name) || wanted.some(text => text.startsWith(`${name}.`))

const home = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'holdfast-calls-'))
process.once('exit', () => rmSync(home, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Tries one point, and prints its calls and what came of it. */
async function showPoint(lab: Lab, point: Point): Promise<void> {
  const { wrong, missed, noticed, calls } = await lab.try(point)
  console.log(`${spellPoint(point)}\n  ${calls.join('\n  ')}`)
  if (wrong !== undefined) console.log(`wrong: ${wrong}`)
  else console.log(missed ? 'the call did not come' : noticed === false ? 'a lie that was not noticed' : 'right')
  if (wrong !== undefined) process.exitCode = 1
}

const bar = new SingleBar({
  format: '{act} {bar} {percentage}%',
  stream: process.stderr,
  clearOnComplete: true,
  fps: 4,
})

/** Tries all points of an act that are wanted. Prints at once what is wrong. */
async function tryAct(lab: Lab, act: Act): Promise<Row> {
  const points: Point[] = []
  for (const form of forms) points.push(...pointsOf(act, form, await lab.traceOf(act, form)))
  const chosen = points.filter(point => isWanted(act.name) || isWanted(spellPoint(point)))
  const row = emptyRow(act.name)
  const wrong: string[] = []
  bar.start(chosen.length, 0, { act: act.name.padEnd(25) })
  for (const point of chosen) {
    const verdict = await lab.try(point)
    note(row, point, verdict)
    if (verdict.wrong !== undefined) wrong.push(`${spellPoint(point)}\n    ${verdict.wrong}`)
    bar.increment()
  }
  await lab.endShared()
  const left = lab.left()
  bar.stop()
  for (const text of [...wrong, ...left])
    console.log(`wrong: ${text}\n    again: npm run prove -- calls ${text.split('\n')[0]}`)
  row.wrong += left.length
  // Without a terminal there is no bar, and all of it takes long.
  if (!process.stderr.isTTY) console.log(`${act.name}: ${row.points} points, ${row.wrong} wrong`)
  return row
}

/** Returns whether nothing was wrong that should be right, and all was found out that is wrong. */
async function tryAll(lab: Lab): Promise<boolean> {
  const began = performance.now()
  const rows: Row[] = []
  for (const act of acts.filter(isPartWanted)) rows.push(await tryAct(lab, act))
  if (rows.length > 0) console.log(tableOf(rows))
  const unnoticed = rows.flatMap(row => row.unnoticed)
  if (unnoticed.length > 0) console.log(`lies of link and rename that were not noticed: ${unnoticed.join(', ')}`)
  let missed = 0
  for (const act of brokenActs.filter(isPartWanted)) {
    try {
      console.log(`found out: ${(await findOut(lab, act)).what}`)
    } catch (error) {
      missed++
      console.log(`not found out: ${(error as Error).message}`)
    }
    await lab.endShared()
  }
  const sum = (key: 'points' | 'wrong'): number => rows.reduce((all, row) => all + row[key], 0)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`${sum('points')} points, ${sum('wrong')} wrong, ${missed} broken variants not found out; ${seconds} s`)
  return sum('wrong') + missed === 0
}

const shim = compileShim(home)
if ('why' in shim) console.log(`skipped: every call, failing (${shim.why})`)
else {
  const lab = new Lab(shim.path, home)
  if (singles.length > 0) for (const point of singles) await showPoint(lab, point)
  else if (!(await tryAll(lab))) process.exitCode = 1
  await lab.end()
}
