// The programs of the bench: they run, refuse bad input, and leave nothing behind.

import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from 'holdfast/steps'
import { benchTest, entry, started } from '../support/bench.js'
import { races, speed } from '../support/bench-results.js'
import { assert, holds, memory, raced, scratch } from '../support/kit.js'

benchTest('bench:charts draws beside the results, and says where there are none', () => {
  const dir = scratch()
  const none = entry('charts', dir)
  assert.is(none.status, 1)
  assert.match(none.said, 'No results')
  writeFileSync(join(dir, 'races.json'), JSON.stringify(races(3)))
  writeFileSync(join(dir, 'speed.json'), JSON.stringify(speed))
  const { status, said } = entry('charts', dir)
  assert.is(status, 0, said)
  const drawn = readdirSync(dir).filter(name => name.endsWith('.svg'))
  for (const name of ['races', 'speed'])
    for (const ending of ['', '-short', '-short-dark', '-short-narrow', '-short-narrow-dark'])
      assert.ok(drawn.includes(`${name}${ending}.svg`), `${name}${ending}`)
  assert.is(drawn.length, 10)
  for (const name of drawn) assert.match(readFileSync(join(dir, name), 'utf8'), /^<svg .*<\/svg>\n$/s)
})

// Small runs: here it counts that they run, and that our column has zeros where others have none.
const [mkdirps, links] = ['mkdirp, beside a remover', 'link, by several']
const values = 'store: 100 values, made once'
const layers = { races: raced, speed: holds, turns: holds }
const named = { races: 'bench:races', speed: 'bench:speed', turns: 'prove -- turns' }
const small: [program: keyof typeof layers, only: string, says: RegExp[]][] = [
  ['races', mkdirps, [/│ holdfast +│ 0 of \d+ /, /│ by hand +│ [1-9]\d* of \d+ /, /seed 11/, /holdfast 0\.\d/]],
  ['races', links, [/│ holdfast +│ 0 of \d+ +│ 0 of \d+ /, /│ fs\.promises +│ not promised/]],
  [
    'races',
    values,
    [/│ holdfast +│ 0 of 100 +│ 0 of 100 /, /│ by hand +│ not promised: [1-9]\d* of \d+ +│ [1-9]\d* of 100 /],
  ],
  ['races', 'cache: changed', [/│ holdfast +│ 0 of \d+ +│ 0 of \d+ /, /│ p-memoize +│ 0 of \d+ +│ ([1-9]\d*) of \1 /]],
  ['speed', 'store, increment', [/│ +holdfast +│ sync +│ [\d.]+ +│/, /floor: sync/]],
  ['speed', 'mkdirp, leaf', [/│ +make-dir +│ async │ [\d.]+ +│ [\d.]+ +│ [\d.]+ +│/, /floor: callbacks/, /seed 11/]],
  // A call of many trips, and one of few that are made inline.
  ['turns', 'updateFile', [/│ fs\.promises\.writeFile +│ [\d.]+ +│/, /│ updateFile +│ .* (yes|NO) +│/]],
  ['turns', 'lock, release, again', [/│ lock, release, again +│ .* (yes|NO) +│/]],
]
for (const [program, only, says] of small) {
  const shows = () => {
    const dir = program === 'turns' ? scratch(memory) : scratch()
    const { status, said } = entry(program, '--quick', '--only', only, '--seed', '11', '--on', dir)
    // A machine that is busy with something else makes turns longer than their bound, and then the status is 1.
    assert.ok(status === 0 || (program === 'turns' && status === 1 && said.includes(' NO ')), said)
    for (const text of says) assert.match(said, text)
    assert.equal(readdirSync(dir), [])
  }
  const name = `${named[program]} --quick --only '${only}' shows a table, and leaves nothing behind`
  benchTest(name, shows, layers[program])
}

/** A package in the form in which it is published: what `import` gets is not what `require` gets. */
function published(): string {
  const dir = scratch()
  const exports = { '.': { import: { default: './index.mjs' }, require: { default: './index.js' } } }
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'holdfast', exports }))
  writeFileSync(join(dir, 'index.mjs'), `export * from ${JSON.stringify(import.meta.resolve('holdfast'))}`)
  return dir
}

benchTest('bench:speed --before takes another build into the rotation, and refuses what is none', () => {
  const dir = scratch()
  const one = ['--quick', '--only', 'mkdirp, existing', '--on', dir]
  for (const build of ['.', published()]) {
    const { status, said } = entry('speed', ...one, '--before', build)
    assert.is(status, 0, said)
    assert.match(said, /│ +before +│ async │/)
    assert.match(said, /│ mkdirp, existing +│ sync +│ \w+ +│ \d+\.\d+ +│/)
  }
  for (const [program, other] of [
    ['speed', dir],
    ['races', '.'],
  ] as const) {
    const refused = entry(program, ...one, '--before', other)
    assert.is(refused.status, 2)
    assert.match(refused.said, /^--before: .*\n\nUsage: /)
  }
  assert.equal(readdirSync(dir), [])
})

/** Does any process with this number, or of this group, live? */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false
    throw error
  }
}

for (const program of ['races', 'speed', 'turns'] as const) {
  const ends = async () => {
    const dir = scratch()
    const child = started(program, '--on', dir)
    const closed = once(child, 'close')
    // The run is under way when there is something in its scratch directory.
    while (
      !readdirSync(dir, { recursive: true }).some(name => String(name).split('/').length > 2) &&
      child.exitCode === null
    )
      await new Promise(next => setTimeout(next, 20))
    process.kill(-(child.pid ?? 0), 'SIGINT')
    assert.equal(await closed, [130, null])
    assert.equal(readdirSync(dir), [])
    // No process of its group lives. One that has ended counts until the system has taken note of it.
    const until = performance.now() + 10_000
    while (lives(-(child.pid ?? 0)) && performance.now() < until) await new Promise(next => setTimeout(next, 20))
    assert.not.ok(lives(-(child.pid ?? 0)))
  }
  benchTest(
    `${named[program]} that is stopped by Ctrl-C ends at once, and leaves nothing behind`,
    ends,
    layers[program],
  )

  benchTest(`${named[program]} refuses what it does not understand`, () => {
    for (const args of [['--quik'], ['--seed', 'x'], ['--only', 'no such thing', '--quick', '--on', scratch()]]) {
      const { status, said } = entry(program, ...args)
      assert.is(status, 2, said)
      assert.match(said, /--quik|whole number|'no such thing'/)
    }
  })
}
