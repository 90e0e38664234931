// Beside an atomic writer, and a remover, no call is refused: what was asked for is made true, so it succeeds.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Within, within } from 'holdfast'
import { contender } from 'holdfast/testing'
import { assert, memory, note, race, raced, scratch, sized } from '../support/kit.js'
import { isWindows, isWine } from '../windows/flavour.js'

const calls = sized(1_000, 10_000)

function attempt(work: () => void): void {
  try {
    work()
  } catch {}
}

/** Works again and again, until the callers have come to their end. Returns how often. */
function untilDone(dir: string, work: (turn: number) => void): number {
  for (let turn = 0; ; turn++) {
    if (turn % 20 === 0 && existsSync(join(dir, 'done'))) return turn
    work(turn)
  }
}

/** Replaces files, and a link to a directory, each in one step. */
const replaceAll = (dir: string): number =>
  untilDone(dir, turn => {
    const at = (name: string) => join(dir, 'root', name)
    for (const name of ['d/f', 'd/g', 'e/f']) {
      writeFileSync(at('.new'), `whole ${turn} whole`)
      // Windows replaces no file that is open.
      if (isWindows) attempt(() => renameSync(at('.new'), at(name)))
      else renameSync(at('.new'), at(name))
    }
    if (isWine) return
    symlinkSync(turn % 2 ? 'd' : './e', at('.link'))
    renameSync(at('.link'), at('current'))
  })

/** Removes directories from the leaf up, and as a whole, and a file. */
const removeAll = (dir: string): number =>
  untilDone(dir, turn => {
    const at = (name: string) => join(dir, 'root', name)
    for (const name of ['made/a/b', 'made/a', 'made']) attempt(() => rmdirSync(at(name)))
    attempt(() => unlinkSync(at('d/gone')))
    if (turn % 20 === 0) attempt(() => rmSync(at('filled'), { recursive: true, force: true }))
    // There each level is looked at by its path: a remover that never rests is always quicker than who makes three of them.
    if (isWindows) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  })

const none = { durability: 'none' } as const
const parents = { ...none, parents: true }

type Work = (dir: Within, turn: number) => unknown

/** Wine makes no links. */
const throughLink: readonly Work[] = [
  dir => dir.readFile('current/f', { encoding: 'utf8' }),
  (dir, turn) => dir.writeFile('current/f', `whole ${turn} whole`, none),
  dir => dir.list('current'),
]

/** What each caller does in turn. None of it may be refused. */
const works: readonly Work[] = [
  (dir, turn) => (turn % 2 ? dir.mkdirp('made/a/b') : dir.mkdirp.sync('made/a/b')),
  (dir, turn) => dir.writeFile('d/f', `whole ${turn} whole`, none),
  (dir, turn) =>
    turn % 2 ? dir.readFile('d/f', { encoding: 'utf8' }) : dir.readFile.sync('d/f', { encoding: 'utf8' }),
  (dir, turn) => dir.writeFile('filled/x/f', `whole ${turn} whole`, parents),
  dir => dir.createExclusive('filled/y/f', 'whole 0 whole', parents),
  dir => dir.updateFile('d/g', (old = '') => old, none),
  dir => dir.getOrCreate('d/gone', () => 'whole', none),
  dir => dir.copy('d/f', 'filled/z/copy', parents),
  dir => dir.remove('filled/x'),
  ...(isWine ? [] : throughLink),
]

async function callAll(dir: string): Promise<Record<string, number>> {
  using root = within.sync(join(dir, 'root'))
  const refused: Record<string, number> = {}
  for (let turn = 0; turn < calls; turn++) {
    const at = turn % works.length
    try {
      const value = await (works[at] as Work)(root, turn)
      if (typeof value === 'string' && !/^(whole \d+ whole|made.*)$/.test(value)) throw new Error(`torn: ${value}`)
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      const what = `${String(works[at]).slice(0, 60)}: ${code} ${message}`
      refused[what] = (refused[what] ?? 0) + 1
    }
  }
  writeFileSync(join(dir, 'done'), '')
  return refused
}

const plays = { writer: replaceAll, remover: removeAll, caller: callAll }

if (!contender(plays))
  raced(`beside an atomic writer and a remover, none of ${calls} calls is refused`, async () => {
    const dir = scratch(memory)
    for (const name of ['d', 'e']) mkdirSync(join(dir, 'root', name), { recursive: true })
    for (const name of ['d/f', 'd/g', 'e/f']) writeFileSync(join(dir, 'root', name), 'whole 0 whole')
    if (!isWine) symlinkSync('d', join(dir, 'root/current'))
    const rounds = await race(import.meta.url, {
      ...{ dir, cast: { writer: 1, remover: 1, caller: 1 }, rounds: 1, timeout: 200_000 },
    })
    const [written, removed, refused] = ['writer', 'remover', 'caller'].map(
      role => rounds[0]?.find(result => result.role === role)?.value,
    ) as [number, number, Record<string, number>]
    note(`${calls} calls beside ${written} rounds of replacing and ${removed} of removing`)
    assert.equal(refused, {})
    assert.ok(written > 100 && removed > 100)
    assert.equal(
      readdirSync(join(dir, 'root')).filter(name => name.endsWith('.holdfast')),
      [],
    )
  })
