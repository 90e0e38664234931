// `appendLines` and `lines`: whole records, torn ones that are told, and what is refused.

import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { appendLines, type Line, lines } from 'holdfast'
import { drive, type Steps } from 'holdfast/steps'
import { appendOn, lookThenAppend } from './broken/append-lines.js'
import { assert, caught, explored, holds, prove, scratch } from './support/kit.js'
import * as laws from './support/laws.js'

const logOf = (dir: string): string => join(dir, 'log')
const textOf = (file: string): string => readFileSync(file, 'latin1')
const told = (file: string): string[] => [...lines.sync(file)].map(({ text, torn }) => (torn ? `torn ${text}` : text))

async function collect(from: AsyncIterable<Line>): Promise<Line[]> {
  const all: Line[] = []
  for await (const line of from) all.push(line)
  return all
}

holds('each record is a line, in both forms, in the order of the calls', async () => {
  const log = logOf(scratch())
  await Promise.all([
    appendLines(log, 'one'),
    appendLines(log, ['two', Buffer.from('three')]),
    appendLines(log, 'four'),
  ])
  appendLines.sync(log, ['five', 'six'])
  appendLines.sync(log, [])
  assert.is(textOf(log), 'one\ntwo\nthree\nfour\nfive\nsix\n')
  assert.equal(readdirSync(join(log, '..')), ['log'], 'a lock was left')
})

holds('a torn tail is closed before the next record, and told', async () => {
  for (const form of ['promise', 'sync'] as const) {
    const log = logOf(scratch())
    const append = (record: string) => (form === 'sync' ? appendLines.sync(log, record) : appendLines(log, record))
    await append('whole')
    appendFileSync(log, 'par')
    await append('next')
    await append('last')
    assert.is(textOf(log), 'whole\npar\x18\nnext\nlast\n')
    assert.equal(told(log), ['whole', 'torn par', 'next', 'last'])
    // What closes it may be torn as well.
    appendFileSync(log, 'x\x18')
    assert.equal(told(log).at(-1), 'torn x')
    await append('end')
    assert.equal(told(log).slice(-2), ['torn x\x18', 'end'])
  }
})

holds('lines says where each line is, and goes on from there', async () => {
  const log = logOf(scratch())
  const big = 'b'.repeat(200_000)
  await appendLines(log, ['é', big, 'c'])
  appendFileSync(log, '\n\n\x18\nunended')
  const all = await collect(lines(log))
  assert.equal(all, [...lines.sync(log)])
  assert.equal(all, await drive(lines.steps(log)))
  assert.equal(
    all.map(({ text, torn }) => [text, torn]),
    [
      ['é', false],
      [big, false],
      ['c', false],
      ['unended', true],
    ],
  )
  const bytes = readFileSync(log)
  for (const { text, start, end } of all) assert.is(bytes.toString('utf8', start, end).trim(), text)
  const [, second] = all
  assert.equal([...lines.sync(log, { start: second?.end ?? 0 })], all.slice(2))
  // A loop that is left closes the file.
  const before = laws.descriptors()
  for await (const _ of lines(log)) break
  for (const _ of lines.sync(log)) break
  assert.is(laws.descriptors(), before)
})

holds('a link is followed, a directory above is made if that is asked for', async () => {
  const dir = scratch()
  symlinkSync('real', join(dir, 'log'))
  await appendLines(logOf(dir), 'a')
  appendLines.sync(logOf(dir), 'b', { durability: 'full' })
  assert.is(textOf(join(dir, 'real')), 'a\nb\n')
  await assert.rejects(appendLines(join(dir, 'no/log'), 'a'), { code: 'ENOENT', message: /parents: true/ })
  await appendLines(join(dir, 'yes/log'), 'a', { parents: true, mode: 0o600 })
  assert.is(statSync(join(dir, 'yes/log')).mode & 0o777, 0o600)
  const error = await assert.rejects(appendLines(dir, 'a'), { code: 'EISDIR' })
  assert.is((error as Error & { appended?: number }).appended, 0)
  await assert.rejects(collect(lines(join(dir, 'none'))), { code: 'ENOENT' })
})

holds('many records are written in few calls, and none is split', async () => {
  const log = logOf(scratch())
  const records = Array.from({ length: 3000 }, (_, at) => `${at}`.repeat(300))
  await appendLines(log, records)
  assert.equal(told(log), records)
})

const trial = {
  setup: (dir: string) => writeFileSync(logOf(dir), 'old\ntorn'),
  args: (dir: string): [string, string[]] => [logOf(dir), ['new']],
  done: (dir: string) => assert.is(told(logOf(dir)).at(-1), 'new'),
}
holds('whichever call fails, its error comes out, or the record is there', () =>
  laws.assertOriginalErrorComesOut(appendLines, trial),
)
holds('both forms come to the same', () =>
  laws.assertSyncAndAsyncAgree(appendLines, trial, { ...trial, setup: dir => mkdirSync(logOf(dir)) }),
)
holds('whatever fails or is stopped leaves nothing behind', () => laws.assertNothingLeftBehind(appendLines, trial))
holds('bad input is refused before anything is done', () =>
  laws.assertRefusesBadInput(appendLines, scratch(), [
    [['', 'a'], 'ERR_INVALID_ARG_VALUE'],
    [['f', 5], 'ERR_INVALID_ARG_TYPE'],
    [['f', ''], 'ERR_INVALID_ARG_VALUE'],
    [['f', ['a', 'b\nc']], 'ERR_INVALID_ARG_VALUE'],
    [['f', Buffer.from('a\x18')], 'ERR_INVALID_ARG_VALUE'],
    [['f', 'a', { flag: 'w' }], 'ERR_INVALID_ARG_VALUE'],
    [['f', 'a', { durability: 'most' }], 'ERR_INVALID_ARG_VALUE'],
  ]),
)
holds('lines refuses bad input at once', () => {
  assert.throws(() => lines(''), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => lines.sync('f', { start: -1 }), { code: 'ERR_OUT_OF_RANGE' })
})

/** Long enough that half of it can be told. */
const records = { A: 'aaaaaaaa', B: 'bbbbbbbb' } as const
type Append = (file: string, record: string) => Steps<unknown>

const worldOf = (append: Append, more: object) => ({
  setup: (dir: string) => writeFileSync(logOf(dir), 'old\n'),
  players: (dir: string) => ({ A: append(logOf(dir), records.A), B: append(logOf(dir), records.B) }),
  check: ({ dir, outcomes }: { dir: string; outcomes: Readonly<Record<string, { readonly how: string }>> }) => {
    const all = told(logOf(dir))
    assert.is(all.filter(one => one === 'old').length, 1)
    for (const one of all) assert.match(one, /^(old|aaaaaaaa|bbbbbbbb|torn (a*|b*|a+b+|b+a+))$/, `glued: ${all}`)
    for (const [name, record] of Object.entries(records)) {
      const times = all.filter(one => one === record).length
      if (outcomes[name]?.how === 'returned') assert.is(times, 1, `${name} returned: ${all}`)
      else assert.ok(times <= 1, `${name}: ${all}`)
    }
  },
  ...more,
})
const ours: Append = (file, record) => appendLines.steps(file, record)
const fullDisk = { failures: 1, failIn: ['write'], kills: 1 } as const

explored('explore: two append, a write that ends early, and a kill', () => {
  let shared = 0
  const world = worldOf(ours, fullDisk)
  const check = (ending: never) => {
    world.check(ending)
    if (told(logOf((ending as { dir: string }).dir)).some(one => one.startsWith('torn'))) shared++
  }
  assert.ok(prove('2 appendLines, 1 write ends early or fails, 1 kill', { ...world, check } as never).complete)
  assert.ok(shared > 0)
})
explored('explore: two append in turns, where a write need not land in one piece', () => {
  // Where replies may be lost, no filesystem counts as one that the kernel keeps itself.
  const setup = (dir: string) => writeFileSync(logOf(dir), 'old\naa')
  const world = worldOf(ours, { setup, failures: 1, failIn: ['write'], lies: 1 })
  prove('2 appendLines in turns behind a torn tail, 1 write ends early, 1 lie', world as never, { preemptions: 0 })
})
explored('explore catches: a write that is continued', () => {
  caught('appendFile', /glued|returned/, worldOf(appendOn, fullDisk) as never)
})
explored('explore catches: a look at the end before the write, and none after it', () => {
  caught('look, then append', /glued|returned/, worldOf(lookThenAppend, fullDisk) as never)
})
