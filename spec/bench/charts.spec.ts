// The pictures of the bench show its results.

import { benchTest, load } from '../support/bench.js'
import { races, speed } from '../support/bench-results.js'
import { assert } from '../support/kit.js'
import { fillsOf, sizeOf, textsOf } from '../support/picture.js'

const drawn = async () => {
  const [{ drawRaces }, { drawSpeed }] = [await load('charts/races'), await load('charts/speed')]
  return { races: drawRaces as (results: unknown) => Promise<string>, speed: (await drawSpeed(speed)) as string }
}

benchTest('the picture of the races has each package, ours in front, and the sum of all filesystems', async () => {
  const texts = textsOf(await (await drawn()).races(races(65)))
  const at = (says: string) => texts.find(text => text.says === says)?.from.x ?? assert.unreachable(says)
  assert.ok(at('holdfast') < at('fs-extra') && at('fs-extra') < at('steno') && at('steno') < at('by hand'))
  const middle = ({ from, to }: (typeof texts)[number]) => Math.round((from.x + to.x) / 2)
  /** The other lines of a cell, found by the one line that only this cell has. */
  const cellOf = (says: string) => {
    const column = texts.find(text => text.says === says)
    return texts.filter(text => column && middle(text) === middle(column) && text !== column).map(text => text.says)
  }
  assert.equal(cellOf('of 222'), ['0'])
  assert.equal(cellOf('of 260'), ['130', 'rejected'])
  assert.equal(cellOf('2'), ['of 240', 'rejected'])
  // Ten calls of fs-extra went wrong too, in grey, because it does not promise otherwise: there is no more red than that.
  assert.equal(cellOf('10'), ['of 240', 'rejected'])
})

benchTest('the picture of the races is the redder the more went wrong', async () => {
  const { races: draw } = await drawn()
  const [calm, bad] = [fillsOf(await draw(races(0))), fillsOf(await draw(races(130)))]
  const more = [...bad].filter(([colour, count]) => /^#([c-f].)([0-4].)([0-4].)$/.test(colour) && count > 0)
  assert.is(more.length, 1, 'there is one red')
  const [[red, count]] = more as [[string, number]]
  assert.is(count, (calm.get(red) ?? 0) + 1)
})

benchTest(
  'the picture of the speed has ours for a line, and the others by their ratio, on a scale of factors',
  async () => {
    const svg = (await drawn()).speed
    const line = Number(/<line transform="translate\(([^,]+),0\)" [^>]*stroke="#1f883d"/.exec(svg)?.[1])
    const [, marks = ''] = /mark-symbol role-mark [^>]*>(.*?)<\/g>/.exec(svg) ?? []
    const all = [...marks.matchAll(/<path transform="translate\(([^,]+),/g)].map(([, x]) => Number(x) - line)
    const [steno = 0, fsExtra = 0, floor = 1] = all
    assert.is(all.length, 3)
    assert.ok(steno > 10 && Math.abs(steno + fsExtra) < 0.01, `four times and a quarter: ${steno} and ${fsExtra}`)
    assert.ok(Math.abs(floor) < 0.01, 'as long as ours')
    const says = textsOf(svg).map(text => text.says)
    for (const name of ['fs-extra', 'steno', 'floor: callbacks', 'link']) assert.ok(says.includes(name), name)
  },
)

benchTest(
  'both pictures say what was measured on what, cut no text off, and hold nothing but lines and letters',
  async () => {
    const both = await drawn()
    for (const svg of [both.speed, await both.races(races(1))]) {
      const texts = textsOf(svg)
      const all = texts.map(text => text.says).join('\n')
      for (const part of ['2026-11-21, Node 20.19.0, Linux 6.8.0, 2 CPUs', 'ext4 and tmpfs', 'seed 42', 'steno 4.0.2'])
        assert.match(all, part)
      const { x: right, y: bottom } = sizeOf(svg)
      assert.ok(right > 600 && right < 850, `a README has some 830 pixels, and not ${right}`)
      for (const { says, from, to } of texts)
        for (const { x, y } of [from, to])
          assert.ok(x >= 0 && x <= right && y >= 0 && y <= bottom, `${says} is cut off`)
      assert.not.match(svg, /<(script|image|foreignObject|style|a)\b|href=|url\(|@font-face/)
      assert.match(svg, /<rect [^>]*fill="white"/)
    }
    assert.is((await drawn()).speed, both.speed)
  },
)
