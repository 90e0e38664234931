// The runner of all specs: which files and tests it chooses, and what it finds out about them. Its files are made here,
// in a directory that stands for spec/.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { assert, holds, scratch } from '../support/kit.js'
import { BadArguments, choose } from './choice.js'
import { matching } from './names.js'
import { Tally } from './tally.js'

const runner = fileURLToPath(new URL('../run.js', import.meta.url))
const kit = new URL('../support/kit.js', import.meta.url)

/** Makes spec files of these texts, in which the kit is imported. */
function specs(texts: Readonly<Record<string, string>>): string {
  const dir = scratch()
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(texts)) {
    const path = join(dir, `${name}.spec.js`)
    mkdirSync(dirname(path), { recursive: true })
    const imports = `import { assert, explored, holds, raced } from ${JSON.stringify(kit)}
      import fs from 'node:fs'
      const dir = ${JSON.stringify(dir)}`
    writeFileSync(path, `${imports}\n${text}`)
  }
  return dir
}

const envOf = (dir: string): NodeJS.ProcessEnv => ({ ...process.env, HOLDFAST_SPECS: dir })

function run(dir: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], {
    env: envOf(dir),
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr, last: stdout.trimEnd().split('\n').at(-1) }
}

const all = [
  'lock',
  'lock/apart',
  'lock/race',
  'copy/race',
  'core/fast-path',
  'update-file',
  'bench/charts',
  'bench/floor',
]

holds(
  'a spec is found by its exact name first, then by its folder, by its last name, and by a part of its path',
  () => {
    const table: readonly (readonly [wanted: string, found: readonly string[]])[] = [
      ['lock', ['lock']],
      ['lock/', ['lock/apart', 'lock/race']],
      ['lock/race', ['lock/race']],
      ['race', ['lock/race', 'copy/race']],
      ['fast-path', ['core/fast-path']],
      ['bench', ['bench/charts', 'bench/floor']],
      ['update', ['update-file']],
      ['spec/lock.spec.ts', ['lock']],
      ['./spec/lock/race.spec.ts', ['lock/race']],
      ['dist/spec/lock/race.spec.js', ['lock/race']],
      ['spec/bench/', ['bench/charts', 'bench/floor']],
      ['nothing', []],
    ]
    for (const [wanted, found] of table) assert.equal(matching(wanted, all), found, wanted)
  },
)

holds('arguments that cannot be understood are refused, with the reason and the usage', () => {
  const bad = [['--onyl'], ['--only', 'hold'], ['--only'], ['--test', ''], [''], ['--full=yes']]
  for (const args of bad) {
    let error: unknown
    try {
      choose(args)
    } catch (thrown) {
      error = thrown
    }
    assert.instance(error, BadArguments, args.join(' '))
  }
  const dir = specs({ one: `holds('passes', () => {})` })
  const { status, said } = run(dir, '--only', 'hold')
  assert.is(status, 2)
  assert.match(said, /--only takes holds, explored, raced, not 'hold'/)
  assert.match(said, /Usage: npm test/)
})

holds('it counts what passed, failed and was skipped, names what failed and why, and prints the time of each', () => {
  const dir = specs({
    good: `holds('passes', () => {}); raced('races', () => {}); explored.skip('cannot', 'it takes more')`,
    'in/bad': `holds('passes', () => {}); holds('fails', () => { throw new Error('on purpose') });
      holds('compares', () => assert.is(1, 2))`,
  })
  const { status, said, last } = run(dir)
  assert.equal([status, last], [1, '3 passed, 2 failed, 1 skipped'])
  assert.match(said, /^failed: in\/bad: fails: on purpose$/m)
  assert.match(said, /^failed: in\/bad: compares: Expected .*: 1 is there, 2 was expected$/m)
  assert.match(said, /on purpose/)
  assert.match(said, /^skipped: cannot \(it takes more\)$/m)
  assert.match(said, /^ +\d+\.\d s {2}good$/m)
  assert.equal([run(dir, 'good').status, run(dir, 'good').last], [0, '2 passed, 0 failed, 1 skipped'])
})

holds('a file that dies, never ends, or has no test at all, has failed', () => {
  const dir = specs({
    dies: `holds('ends its process', () => process.exit(0)); holds('never runs', () => {})`,
    killed: `holds('kills its process', () => process.kill(process.pid, 'SIGKILL'))`,
    broken: `throw new Error('at its top')`,
    empty: '',
    stuck: `holds('waits for nothing', () => new Promise(() => setInterval(() => {}, 1000)), { timeout: 50 })`,
  })
  const { status, said, last } = run(dir)
  assert.equal([status, last], [1, '0 passed, 5 failed'])
  for (const name of ['dies', 'killed', 'broken', 'empty'])
    assert.match(said, new RegExp(`^failed: ${name} reported no test$`, 'm'))
  assert.match(said, /^failed: stuck: waits for nothing: not done after 50 ms$/m)
})

holds('what a file leaves behind, on disk or in memory, is found, laid to that file, and removed', () => {
  const dir = specs({
    clean: `holds('passes', () => {})`,
    leaves: `holds('leaves a file', () => {
      for (const at of [process.env.TMPDIR, process.env.HOLDFAST_SCRATCH]) fs.writeFileSync(at + '/left', '')
      fs.writeFileSync(dir + '/at', process.env.TMPDIR)
    })`,
  })
  const { status, said, last } = run(dir)
  assert.equal([status, last], [1, '2 passed, 1 failed'])
  assert.match(said, /^failed: leaves left behind: \S+left, \S+left$/m)
  assert.not.match(said, /failed: clean/)
  assert.not(existsSync(readFileSync(join(dir, 'at'), 'utf8')))
})

holds(
  'layers and texts choose tests, together and with names; where none is left, those that there are are listed',
  () => {
    const dir = specs({
      one: `holds('reads a file', () => {}); raced('reads while others write', () => {})`,
      two: `holds('reads a directory', () => {}); explored('reads, explored', () => { throw new Error('never') })`,
    })
    const passed = (...args: string[]) => run(dir, ...args).last
    assert.is(passed('--only', 'holds'), '2 passed, 0 failed')
    assert.is(passed('--only', 'raced'), '1 passed, 0 failed')
    assert.is(passed('--only', 'raced', '--only', 'holds'), '3 passed, 0 failed')
    assert.is(passed('--test', 'while others'), '1 passed, 0 failed')
    assert.is(passed('--test', 'a directory', '--test', 'a file'), '2 passed, 0 failed')
    assert.is(passed('one', '--test', 'reads', '--only', 'holds'), '1 passed, 0 failed')

    const none = run(dir, 'two', '--test', 'reads', '--only', 'raced')
    assert.is(none.status, 1)
    assert.match(
      none.said,
      /No test matches[\s\S]*two\n {2}holds {5}reads a directory\n {2}explored {2}reads, explored\n/,
    )
    const unknown = run(dir, 'three')
    assert.is(unknown.status, 1)
    assert.match(unknown.said, /no spec 'three'[\s\S]*\none\ntwo\n/)
  },
)

holds('races have the machine to themselves; the others do not wait for each other', () => {
  const log = `const log = text => fs.appendFileSync(dir + '/log', text + '\\n')
    const wait = ms => new Promise(done => setTimeout(done, ms))`
  const both = (name: string) => `${log}
    holds('holds', async () => { log('begins'); while (fs.readFileSync(dir + '/log', 'utf8').split('begins').length < 3) await wait(5); log('ends') })
    raced('races', async () => { log('races ${name}'); await wait(50); log('raced ${name}') })`
  const texts = { one: both('one'), two: both('two') }
  // On one core they come one after the other.
  if (availableParallelism() < 2) texts.two = `${log}; log('begins')`
  const dir = specs(texts)
  assert.is(run(dir).status, 0)
  const lines = readFileSync(join(dir, 'log'), 'utf8').trimEnd().split('\n')
  assert.equal(lines.slice(0, 4).sort(), ['begins', 'begins', 'ends', 'ends'])
  assert.equal(
    lines.slice(4).map(line => line.split(' ')[1]),
    ['one', 'one', 'two', 'two'],
  )
})

if (process.platform === 'win32') holds.skip('Ctrl-C', 'there are no signals here')
else
  holds('Ctrl-C ends every process that a spec has started, and nothing is left behind', async () => {
    const dir = specs({
      long: `import { spawn } from 'node:child_process'
        holds('takes long', async () => {
          fs.writeFileSync(process.env.TMPDIR + '/half', '')
          const child = spawn('sleep', ['100'])
          fs.writeFileSync(dir + '/started', JSON.stringify([process.env.TMPDIR, process.pid, child.pid]))
          await new Promise(() => {})
        })`,
    })
    const child = spawn(process.execPath, [runner], { env: envOf(dir), stdio: 'ignore' })
    const closed = once(child, 'close')
    const started = join(dir, 'started')
    while (!existsSync(started) || readFileSync(started).length === 0) await wait(10)
    const [temporary, ...pids] = JSON.parse(readFileSync(started, 'utf8')) as [string, number, number]
    child.kill('SIGINT')
    assert.equal(await closed, [130, null])
    assert.not(existsSync(temporary))
    for (const pid of pids) {
      // Its new parent may not have noticed yet.
      for (let tries = 0; lives(pid) && tries < 200; tries++) await wait(10)
      assert.not(lives(pid), `process ${pid} lives`)
    }
  })

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

holds('a file that takes longer than its budget, all its runs together, is named with its longest test', () => {
  const tally = new Tally()
  const passed = (name: string, ms: number) => ({ layer: 'holds', name, how: 'passed', ms }) as const
  tally.add('slow', { ms: 20_000, well: true, reports: [passed('short', 1000), passed('long', 18_000)] }, [])
  tally.add('quick', { ms: 29_000, well: true, reports: [passed('any', 28_000)] }, [])
  assert.equal(
    tally.over(() => 30),
    [],
  )
  tally.add('slow', { ms: 10_500, well: true, reports: [passed('other', 10_000)] }, [])
  assert.equal(
    tally.over(() => 30),
    ['slow took 30.5 s, and its budget is 30 s; the longest test took 18.0 s: long'],
  )
  assert.equal([`${tally}`, tally.failed], ['4 passed, 0 failed', 0])
})
