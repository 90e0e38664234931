// The samples that readers copy: they run, they are short, and they leave nothing behind.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, explored, holds, raced, scratch } from './support/kit.js'

const top = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const ran = new Map<string, { status: number | null; said: string }>()

/** Runs a sample. The result of the first run is kept, because several tests look at it. */
function example(name: string, ...args: string[]): { status: number | null; said: string } {
  const key = [name, ...args].join('\0')
  const before = ran.get(key)
  if (before) return before
  const script = join(top, 'dist', 'examples', `${name}.js`)
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', cwd: top })
  const now = { status, said: stdout + stderr }
  ran.set(key, now)
  return now
}

// Most start processes that race; one runs the explorer.
const layers = {
  'build-cache': raced,
  'config-file': raced,
  'download-once': raced,
  'job-runner': raced,
  'one-at-a-time': raced,
  'one-dev-server': raced,
  'one-token-refresh': raced,
  'publish-once': raced,
  'rate-limit': raced,
  'readers-and-a-writer': raced,
  sessions: raced,
  'shared-cache': raced,
  uploads: holds,
  'install-once': holds,
  'prove-it': explored,
}
for (const [name, layer] of Object.entries(layers)) {
  layer(`${name} runs, and is under 40 lines`, () => {
    const lines = readFileSync(join(top, 'examples', `${name}.ts`), 'utf8')
      .trimEnd()
      .split('\n').length
    assert.ok(lines < 40, `${lines} lines`)
    const { status, said } = example(name)
    assert.is(status, 0, said)
  })
}

holds('uploads saves what belongs there, and refuses what leads out or is too much', () => {
  const { said } = example('uploads')
  assert.match(said, /^anna\/photos\/cat.jpg: saved\n(\S+: ERR_OUTSIDE_ROOT\n){3}berta\/much: ERR_LIMIT\n/)
  assert.match(said, /The cat is a cat\nWhat was read: ERR_OUTSIDE_ROOT\n.* The secret is of the server\n$/)
})

raced('build-cache has nothing wrong, though it evicts while eight processes build and check out', () => {
  const { said } = example('build-cache')
  const lines = said.trim().split('\n')
  assert.is(lines.length, 8, said)
  for (const line of lines) {
    const [, built = '0', taken = '0'] =
      /^A process built (\d+), took (\d+) .* and got 0 that were wrong$/.exec(line) ?? []
    assert.is(Number(built) + Number(taken), 40, said)
  }
})

holds('install-once stores each file once, and links it three times', () => {
  const { said } = example('install-once')
  assert.is(
    said,
    `${['one', 'two', 'three'].map(name => `${name}: 9 files are links\n`).join('')}The store has 7 files\n`,
  )
})

raced('config-file loses no change, and keeps the indentation', () => {
  const { said } = example('config-file')
  assert.match(said, /\n {4}"starts": 200,\n {4}"plugins": \{\n( {8}"(red|green|blue|grey)": 50,?\n){4} {4}\}\n\}/)
})

raced('download-once asks the server once, and all six processes have the whole of it', () => {
  const { said } = example('download-once')
  assert.is(said.match(/Process \d+ (downloaded it|found it there): 5000000 bytes/g)?.length, 6, said)
  assert.is(said.match(/downloaded it/g)?.length, 1, said)
  assert.match(said, /asked 1 times/)
})

raced('one-at-a-time lets each deploy after the other, also after one that is killed', () => {
  const { said } = example('one-at-a-time')
  const lines = said.trim().split('\n')
  const fences = lines.flatMap(line => /with fence (\d+)$/.exec(line)?.slice(1).map(Number) ?? [])
  const [first = 0] = fences
  assert.equal(fences, [first, first + 1, first + 2, first + 3])
  for (const [at, line] of lines.entries()) {
    const [, name] = /^(\w+) deploys/.exec(line) ?? []
    if (name && name !== 'Unlucky') assert.is(lines[at + 1], `${name} is done`)
  }
  assert.match(said, new RegExp(`3 of 4 deployed; the next one would have fence ${first + 4}`))
})

raced('one-dev-server starts one server, which the others find, and another one when that is killed', () => {
  const { said } = example('one-dev-server')
  const lines = said.trim().split('\n')
  const [first, , , next] = lines.map(line => /server of process (\d+)$/.exec(line)?.[1])
  assert.is(lines.filter(line => line.endsWith(`started the server of process ${first}`)).length, 1, said)
  assert.is(lines.filter(line => line.endsWith(`found the server of process ${first}`)).length, 2, said)
  assert.match(lines[3] ?? '', `Process ${next} started the server of process ${next}`)
})

raced('one-token-refresh exchanges each token once', () => {
  const { said } = example('one-token-refresh')
  const [, exchanged = ''] = /^(\d+) tokens were exchanged, 0 of them twice\n$/.exec(said) ?? []
  assert.ok(Number(exchanged) >= 10, said)
})

raced('shared-cache computes each answer once, and all six processes have the same', () => {
  const { said } = example('shared-cache')
  assert.match(said, /^6 processes asked for 5 forecasts: 5 were computed\nThere were 5 different answers\n$/)
})

raced('rate-limit allows what one limit allows, whichever process is asked', () => {
  const { said } = example('rate-limit')
  assert.match(
    said,
    /^anna: 20 of 60, by 4 processes; try again in (59|60) s\nberta: 15 of 15, by 4 processes; try again in 0 s\n$/,
  )
})

raced('job-runner does each job, and that of the worker that was killed once more', () => {
  const { said } = example('job-runner')
  const done = ['backup', 'index', 'mail', 'report', 'thumbnails'].map(job => `${job} is done`)
  assert.equal(said.trim().split('\n').sort(), [...done, 'unlucky is done, by another worker'])
})

raced('readers-and-a-writer shows no reader an old file with a new one', () => {
  const { said } = example('readers-and-a-writer')
  assert.equal(said.trim().split('\n'), Array(5).fill('A reader saw 40 pairs, and 0 of which one was old'))
})

raced('sessions keeps ended what was ended while its backends started, on both servers', () => {
  const { said } = example('sessions')
  assert.equal(said.trim().split('\n').sort(), [
    'first: anna is ready',
    'first: berta was ended meanwhile, so its backends are stopped',
    'second: anna has mail and files',
    'second: berta has ended',
    'second: berta was not begun: it is taken, or has ended',
    'second: cleo is unknown',
  ])
})

explored('prove-it shows the schedule that loses a count, and finds none once it is right', () => {
  const { said } = example('prove-it')
  assert.match(said, /the counter is "1", not 2[\s\S]*replay: [A-B ]+\n/)
  assert.match(said, /complete: true/)
})

raced('mirror copies a small tree of odd names, and holdfast’s side has nothing but zeros', () => {
  const dir = scratch()
  for (const part of ['a/b/c', 'empty', 'with space', 'new\nline', '雪/żółć'])
    mkdirSync(join(dir, part), { recursive: true })
  for (const parent of ['a', 'a/b', 'a/b/c', 'with space', 'new\nline', '雪/żółć'])
    for (let i = 0; i < 20; i++)
      writeFileSync(join(dir, parent, `${i} ${'x'.repeat(i)}`), `${parent} ${i}`.repeat(i * 10))
  symlinkSync('nowhere', join(dir, 'dangling'))
  const before = readdirSync(dir, { recursive: true }).length
  const { status, said } = example('mirror', dir)
  assert.is(status, 0, said)
  assert.match(said, /holdfast/)
  assert.is(readdirSync(dir, { recursive: true }).length, before)
})

holds('mirror refuses what is no directory, in one line', () => {
  const { status, said } = example('mirror', join(scratch(), 'none'))
  assert.is(status, 2)
  assert.is(said.trim().split('\n').length, 1, said)
})
