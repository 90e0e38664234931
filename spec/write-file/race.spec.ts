// Real processes that write one file: many at a time, killed in the middle, in two containers that share a volume.

import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sweep, writeFile } from 'holdfast'
import { dual, type Steps } from 'holdfast/steps'
import { contender, killedAt, overlaps, type Result } from 'holdfast/testing'
import { pidTemp, sharedTemp } from '../broken/broken.js'
import {
  allAtOnce,
  assert,
  everyPlace,
  note,
  ownerOf,
  payload,
  places,
  placesAnd,
  race,
  raced,
  scratch,
  sized,
} from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'

const rounds = sized(5, 100)
const writes = sized(40, 100)
const [least, most] = [1024, 1024 * 1024]

/** Bytes that tell who wrote them and how many they are, from 1 KiB to 1 MiB, small ones more often. */
function someBytes(owner: number): Buffer {
  const bytes = Math.floor(least * (most / least) ** Math.random())
  return payload(owner * 1e8 + bytes, bytes)
}

function isWhole(data: Buffer): boolean {
  const said = ownerOf(data, data.length)
  return said !== undefined && said % 1e8 === data.length
}

const over = (dir: string, round: number): number =>
  readdirSync(dir).filter(name => name.startsWith(`over-${round}-`)).length

async function writing(dir: string, round: number, number: number, put: (data: Buffer) => Promise<unknown>) {
  let rejected = 0
  for (let i = 0; i < writes; i++) await put(someBytes(number)).catch(() => rejected++)
  writeFileSync(join(dir, `over-${round}-${number}`), '')
  return { done: writes, bad: rejected }
}

/** The calls of one write: the victims die before each of them in turn, each in the middle of its work. */
const calls = 8

/** Writes until it is dead. */
function* doomed(file: string): Steps<never> {
  for (;;) yield* writeFile.steps(file, someBytes(99))
}

const plays = {
  writer: (dir: string, round: number, number: number) => {
    let turn = 0
    return writing(dir, round, number, async data => {
      const durability = ++turn % 8 ? 'none' : 'file'
      await (turn % 3 ? writeFile : writeFile.sync)(join(dir, 'target'), data, { durability })
    })
  },
  victim: (dir: string, round: number, number: number) => {
    const call = calls * Math.floor(Math.random() * 12) + ((round * 4 + number) % calls)
    return dual(() => killedAt(doomed(join(dir, 'target')), call))()
  },
  naive: (dir: string, round: number, number: number) =>
    writing(dir, round, number, data => sharedTemp(join(dir, 'target'), data)),
  reader: async (dir: string, round: number) => {
    const seen = { done: 0, bad: 0 }
    for (; seen.done % 20 > 0 || over(dir, round) < 8; seen.done++) {
      const since = performance.now()
      const whole = await readFile(join(dir, 'target')).then(isWhole, () => false)
      if (!whole) seen.bad++
      // Windows replaces no file that is open, and four readers without a rest keep it open at every moment.
      if (isWindows) await wait(3 * (performance.now() - since))
    }
    return seen
  },
}

function sum(history: readonly Result[][], role: string): { done: number; bad: number; died: number } {
  const all = history.flat().filter(one => one.role === role)
  const total = (what: 'done' | 'bad') =>
    all.reduce((so, { value }) => so + ((value as Record<string, number> | undefined)?.[what] ?? 0), 0)
  return { done: total('done'), bad: total('bad'), died: all.filter(({ how }) => how === 'died').length }
}

const ticks = sized(60, 2400)
const tickMs = 25

/** In a pid namespace of its own: writes and reads at every tick of the machine's clock. */
async function ticker(): Promise<void> {
  const [how, file = '', from = '0', number = '0'] = (process.env.HOLDFAST_TICKER ?? '').split('|')
  const put =
    how === 'ours'
      ? (data: Buffer) => writeFile(file, data, { durability: 'none' })
      : (data: Buffer) => pidTemp(file, data)
  const seen = { pid: process.pid, rejected: 0, torn: 0 }
  for (let tick = 0; tick < ticks; tick++) {
    await wait(Math.max(0, Number(from) + tick * tickMs - Date.now()))
    await put(payload(Number(number) * 1e8 + most / 2, most / 2)).catch(() => seen.rejected++)
    if (!(await readFile(file).then(isWhole, () => false))) seen.torn++
  }
  process.stdout.write(JSON.stringify(seen))
}

async function inStep(how: 'ours' | 'by pid', file: string) {
  writeFileSync(file, payload(1024, 1024))
  const from = Date.now() + 500
  const both = [1, 2].map(async number => {
    const env = { ...process.env, HOLDFAST_TICKER: [how, file, from, number].join('|') }
    const args = ['--pid', '--fork', '--mount-proc', process.execPath, fileURLToPath(import.meta.url)]
    const child = spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    for await (const chunk of child.stdout) chunks.push(chunk)
    return JSON.parse(String(Buffer.concat(chunks))) as { pid: number; rejected: number; torn: number }
  })
  const [one, other] = await Promise.all(both)
  assert.equal([one?.pid, other?.pid], [1, 1])
  return { torn: (one?.torn ?? 0) + (other?.torn ?? 0), rejected: (one?.rejected ?? 0) + (other?.rejected ?? 0) }
}

if (process.env.HOLDFAST_TICKER) await ticker()
else if (!contender(plays)) {
  for (const { kind, dir: place } of placesAnd('xfs')) {
    raced(`race on ${kind}: eight writers, four readers, and twenty writers that are killed`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'target'), payload(1024, 1024))
      const history = await race(import.meta.url, { dir, cast: { writer: 8, reader: 4, victim: 4 }, rounds })
      const [writers, readers, victims] = ['writer', 'reader', 'victim'].map(role => sum(history, role))
      const left = readdirSync(dir).filter(name => name.startsWith('.'))
      const swept = await sweep(dir)
      note(
        `${kind}: ${writers?.done} writes, ${writers?.bad} rejected; ${readers?.done} reads, ${readers?.bad} torn or absent; ` +
          `${victims?.died} killed, who left ${left.length} names; after sweep 0`,
      )
      assert.equal([writers?.done, writers?.bad, readers?.bad, victims?.died], [8 * rounds * writes, 0, 0, 4 * rounds])
      assert.equal(swept, left.sort())
      assert.ok(left.length > 0, 'nobody was killed in the middle')
      const rest = readdirSync(dir).filter(name => !name.startsWith('over-'))
      assert.equal(rest, ['target'], 'debris')
      assert.ok(isWhole(readFileSync(join(dir, 'target'))))
      assert.ok((readers?.done ?? 0) > 100 && history.every(overlaps), 'no contention')
    })
  }

  for (const { kind, dir: place } of places) {
    raced(`race on ${kind} catches: one temporary name for all`, async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'target'), payload(1024, 1024))
      const history = await race(import.meta.url, { dir, cast: { naive: 8, reader: 4 }, rounds: 1 })
      const [writers, readers] = ['naive', 'reader'].map(role => sum(history, role))
      note(
        `${kind}: ${writers?.bad} of ${writers?.done} writes rejected, ${readers?.bad} of ${readers?.done} reads bad`,
      )
      assert.ok((writers?.bad ?? 0) > 0 && (readers?.bad ?? 0) > 0)
    })
  }

  const namespaces = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
  if (!namespaces) raced.skip('two processes with one pid', 'it takes pid namespaces, and the right to make them')
  else {
    const dirs = everyPlace.map(({ dir }) => scratch(dir))
    const resultOf = allAtOnce(dirs.map(dir => () => inStep('ours', join(dir, 'target'))))
    for (const [at, { kind }] of everyPlace.entries()) {
      raced(`race on ${kind}: two processes that have the same pid, in step`, async () => {
        const { torn, rejected } = await resultOf(at)
        note(`${kind}, both are pid 1: ${torn} torn of ${2 * ticks} reads, ${rejected} of ${2 * ticks} writes rejected`)
        assert.equal([torn, rejected], [0, 0])
        assert.equal(readdirSync(dirs[at] as string), ['target'])
      })
    }

    raced('race catches: temporary names made of the pid', async () => {
      const target = join(scratch(), 'target')
      const seen = { torn: 0, rejected: 0 }
      // On a busy machine the two are out of step at times.
      for (let times = 1; seen.torn === 0 || seen.rejected === 0; times++) {
        const { torn, rejected } = await inStep('by pid', target)
        note(`by pid: ${torn} torn of ${2 * ticks} reads, ${rejected} of ${2 * ticks} writes rejected`)
        seen.torn += torn
        seen.rejected += rejected
        assert.ok(times < 20, 'not caught')
      }
    })
  }
}
