// The short pictures of the bench, which pages show: for wide and narrow pages, on light and dark grounds.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { benchTest, load } from '../support/bench.js'
import { races, speed } from '../support/bench-results.js'
import { assert } from '../support/kit.js'
import { fillsOf, sizeOf, textsOf } from '../support/picture.js'

type Draw = (results: unknown, look: unknown) => string

async function drawn() {
  const [{ looks }, { drawRacesShort }, { drawSpeedShort }] = await Promise.all(
    ['charts/sketch', 'charts/races-short', 'charts/speed-short'].map(load),
  )
  return {
    looks: looks as Record<string, { width: number }>,
    races: drawRacesShort as Draw,
    speed: drawSpeedShort as Draw,
  }
}

/** The cells of one contest that has a place in the short picture. */
const named = (badOfSteno: number) => {
  const { about, cells } = races(badOfSteno)
  return { about, cells: cells.map(cell => ({ ...cell, contest: 'link, by several' })) }
}

const saysOf = (svg: string): string[] => textsOf(svg).map(({ says }) => says)

benchTest('a row has one unit, and per cent of each package; what is written by hand is left out', async () => {
  const { looks, races: draw } = await drawn()
  const says = saysOf(draw(named(13), looks['']))
  assert.ok(says.includes('calls rejected'))
  assert.equal(
    says.filter(one => one.endsWith(' %')),
    ['0 %', '4.2 %', '10 %'],
    'holdfast, fs-extra, steno',
  )
  assert.not.ok(says.includes('by hand'))
})

benchTest('each colour has a mark of its own: a tick, a cross, and a dash for what is not promised', async () => {
  const { looks, races: draw } = await drawn()
  const marksOf = (svg: string) =>
    [...svg.matchAll(/d="(M[^"]*)" fill="none"/g)].map(([, path]) => path).slice(3) as string[]
  const [ours, fsExtra, steno] = marksOf(draw(named(13), looks['']))
  assert.is(new Set([ours, fsExtra, steno]).size, 3)
  assert.equal(marksOf(draw(named(0), looks[''])), [ours, fsExtra, ours], 'steno has a tick when nothing went wrong')
  const red = (bad: number) => fillsOf(draw(named(bad), looks[''])).get('#cf222e') ?? 0
  assert.equal([red(0), red(130)], [0, 1])
})

benchTest('the speed has two bars a function, as long as the times are', async () => {
  const { looks, speed: draw } = await drawn()
  const cells = speed.cells.map(cell => ({ ...cell, weaker: cell.side === 'fs-extra' }))
  const svg = draw({ ...speed, cells }, looks[''])
  const bars = [...svg.matchAll(/width="(\d+)" height="14"/g)].map(([, width]) => Number(width))
  assert.is(bars.length, 2)
  const [ours = 0, theirs = 0] = bars
  assert.ok(Math.abs(theirs / ours - 4) < 0.1, `steno takes four times as long: ${ours} and ${theirs}`)
  assert.ok(saysOf(svg).includes('4.0 × faster'))
})

benchTest(
  'the kept results have 13 contests and 12 functions, and the pictures beside them are those of today',
  async () => {
    const { looks, races: drawRaces, speed: drawSpeed } = await drawn()
    const kept = (name: string) =>
      readFileSync(fileURLToPath(new URL(`../../../bench/results/${name}`, import.meta.url)), 'utf8')
    for (const [name, draw] of Object.entries({ races: drawRaces, speed: drawSpeed }))
      for (const [ending, look] of Object.entries(looks)) {
        const svg = draw(JSON.parse(kept(`${name}.json`)), look)
        assert.is(kept(`${name}-short${ending}.svg`), `${svg}\n`, `npm run bench:charts: ${name}${ending}`)
        const holdfasts = saysOf(svg).filter(
          says => says.startsWith('holdfast') && !/^holdfast \d+\.\d+\.\d/.test(says),
        )
        assert.is(holdfasts.length, name === 'races' ? 13 : 12)
      }
  },
)

benchTest('each fits its width, is drawn for two grounds, and holds nothing but shapes and letters', async () => {
  const { looks, races: drawRaces, speed: drawSpeed } = await drawn()
  const kept = (name: string) =>
    JSON.parse(readFileSync(fileURLToPath(new URL(`../../../bench/results/${name}.json`, import.meta.url)), 'utf8'))
  const grounds = new Set<string>()
  for (const [ending, look] of Object.entries(looks))
    for (const svg of [drawRaces(kept('races'), look), drawSpeed(kept('speed'), look)]) {
      const { x: right, y: bottom } = sizeOf(svg)
      assert.is(right, look.width)
      for (const { says, from, to } of textsOf(svg))
        for (const { x, y } of [from, to])
          assert.ok(x >= 0 && x <= right && y >= 0 && y <= bottom, `${ending}: ${says}`)
      const smallest = Math.min(...[...svg.matchAll(/font-size="([\d.]+)px"/g)].map(([, size]) => Number(size)))
      // On a page of 375 pixels, 343 are left.
      const scale = Math.min(1, (ending.includes('narrow') ? 343 : 736) / right)
      assert.ok(smallest * scale >= 8.5, `${ending}: letters of ${smallest * scale} pixels`)
      assert.not.match(svg, /<(script|image|foreignObject|style|a)\b|href=|url\(|@font-face/)
      grounds.add(/<rect [^>]*fill="(#\w+)"/.exec(svg)?.[1] ?? '')
    }
  assert.is(grounds.size, 2)
})

const pageOf = (name: string) => readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8')

benchTest(
  'the table of where holdfast is slower is that of the results, and each function in it is explained',
  async () => {
    const { slowerTable, withTable } = await load('charts/slower')
    const results = JSON.parse(
      readFileSync(fileURLToPath(new URL('../../../bench/results/speed.json', import.meta.url)), 'utf8'),
    )
    const page = pageOf('performance.md')
    const table: string = slowerTable(results)
    assert.is(page, withTable(page, table), 'npm run bench:charts')
    const functions = new Set([...table.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name))
    assert.ok(functions.size > 8)
    for (const name of functions) assert.match(page, new RegExp(`^- [^:]*\`${name}\``, 'm'), name)
  },
)

benchTest('a call that is slower anywhere has a row, and no other', async () => {
  const { slowerTable } = await load('charts/slower')
  const rowsOf = (cells: unknown) =>
    slowerTable({ ...speed, cells })
      .split('\n')
      .slice(2)
  assert.equal(rowsOf(speed.cells), ['| `link` | fs-extra 4.00 / - | - | - |'])
  assert.equal(rowsOf(speed.cells.map(cell => ({ ...cell, median: 10 }))), [])
  const growing = (side: string, size: number, median: number) => {
    return { filesystem: 'tmpfs', work: 'link', side, growing: 'calls at a time', size, median }
  }
  const growth = [growing('holdfast', 1, 2), growing('steno', 1, 2), growing('holdfast', 9, 3), growing('steno', 9, 2)]
  assert.match(slowerTable({ ...speed, growth }), '| `link`, 1 to 9 calls at a time | steno - / 1.50 | - | - |')
})
