// What is tried on every runtime: each public function in both forms, and what a runtime must have beneath them.

import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { cell, copy, lines, lock, mkdirp, move, remove, within, withLock, writeFile } from 'holdfast'
import { drive, driveSync, dual, fs, type Steps } from 'holdfast/steps'
import { assertLinearizable, explore, type Model, race } from 'holdfast/testing'
import { cases, treeCases } from '../support/cases.js'
import { cacheRow } from './cache-row.js'
import { contentRow } from './content-row.js'
import { faceRows } from './face-rows.js'
import type { Form, Row } from './row.js'
import { storeRows } from './store-rows.js'

const both: readonly Form[] = ['promise', 'sync']

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** A call in that form. */
const call = <A extends unknown[], T>(
  form: Form,
  act: { (...args: A): Promise<T>; sync(...args: A): T },
  ...args: A
): Promise<T> | T => (form === 'sync' ? act.sync(...args) : act(...args))

async function runCases(name: string, form: Form, dir: string, across: string): Promise<void> {
  for (const [at, one] of [...cases, ...treeCases].filter(one => functionOf(one.name) === name).entries()) {
    const dirs: [string, string] = [join(dir, `${at}`), join(across, `${at}`)]
    for (const each of dirs) mkdirSync(each)
    one.lay?.(...dirs)
    await (form === 'sync' ? one.sync(...dirs) : one.call(...dirs))
    expect(one.state(...dirs) === 'new', `${one.name}: ${one.state(...dirs)}`)
  }
}

/** The name of a case begins with that of the function. */
const functionOf = (name: string): string => /^\w+/.exec(name)?.[0] ?? ''

const ofCases: readonly Row[] = [...new Set([...cases, ...treeCases].map(({ name }) => functionOf(name)))]
  .filter(name => name !== 'cell')
  .map(name => ({ name, forms: both, run: (form, dir, across) => runCases(name, form, dir, across) }))

const ofLinks: readonly Row[] = [
  {
    name: 'writing through a link',
    forms: both,
    async run(form, dir) {
      symlinkSync('f', join(dir, 'link'))
      await call(form, writeFile, join(dir, 'link'), 'new')
      expect(readFileSync(join(dir, 'f'), 'utf8') === 'new', 'it was not followed')
      await call(form, copy, join(dir, 'link'), join(dir, 'copy'))
      expect(readlinkSync(join(dir, 'copy')) === 'f', 'its text was not copied')
    },
  },
]

const ofLines: Row = {
  name: 'lines',
  forms: both,
  async run(form, dir) {
    const file = join(dir, 'f')
    writeFileSync(file, 'one\ntw')
    const read: string[] = []
    if (form === 'sync') for (const { text, torn } of lines.sync(file)) read.push(`${text} ${torn}`)
    else for await (const { text, torn } of lines(file)) read.push(`${text} ${torn}`)
    expect(read.join() === 'one false,tw true', read.join())
  },
}

const ofLocks: readonly Row[] = [
  {
    name: 'lock.try',
    forms: both,
    async run(form, dir) {
      const lease = await call(form, lock.try, join(dir, 'l'))
      expect(lease !== undefined && (await call(form, lock.try, join(dir, 'l'))) === undefined, 'it is not exclusive')
      await lease?.renew()
      lease?.release.sync()
      expect((await call(form, lock.try, join(dir, 'l'))) !== undefined, 'it was not released')
    },
  },
  {
    name: 'lock.holder',
    forms: both,
    async run(form, dir) {
      const holder = () => call(form, lock.holder, join(dir, 'l'))
      expect((await holder()) === undefined, 'a holder of what nobody holds')
      const lease = lock.sync(join(dir, 'l'))
      expect((await holder())?.owner === lease.owner, 'another holder')
      lease.release.sync()
    },
  },
  {
    name: 'within',
    forms: both,
    async run(form, dir) {
      mkdirSync(join(dir, 'root'))
      writeFileSync(join(dir, 'f'), 'outside')
      const root = form === 'sync' ? within.sync(join(dir, 'root')) : await within(join(dir, 'root'))
      expect(process.platform !== 'linux' || root.containment === 'kernel', root.containment)
      await call(form, root.writeFile, 'a/f', 'new', { parents: true })
      await call(form, root.symlink, 'a', 'link')
      const read = form === 'sync' ? root.readFile.sync('link/f') : await root.readFile('link/f')
      expect(read.toString() === 'new', 'readFile')
      for (const path of ['../f', join(dir, 'f'), 'link/../../f']) {
        let code: string | undefined
        try {
          await call(form, root.remove, path)
        } catch (error) {
          code = (error as NodeJS.ErrnoException).code
        }
        expect(code === 'ERR_OUTSIDE_ROOT', `${path}: ${code}`)
      }
      const fence =
        form === 'sync' ? root.withLock.sync('l', one => one.fence) : await root.withLock('l', one => one.fence)
      expect(fence > 0, 'withLock')
      expect(await call(form, root.remove, 'a'), 'remove')
      root.close()
    },
  },
  {
    name: 'the lock of a process that died',
    forms: both,
    async run(form, dir) {
      const [[result] = []] = await race(join(import.meta.dirname, 'program.js'), {
        dir,
        cast: { victim: 1 },
        rounds: 1,
      })
      expect(result?.how === 'died', `the victim ${result?.how}: ${result?.message}`)
      await call(form, withLock<void>, join(dir, 'l'), () => {}, { timeout: 5_000 })
    },
  },
]

const ofCells: readonly Row[] = (['create', 'read', 'load', 'swap', 'clear'] as const).map(name => ({
  name: `cell.${name}`,
  forms: both,
  async run(form, dir) {
    const at = join(dir, 'c')
    const born = await call(form, cell.create, at, { fields: ['a'], data: 'x' })
    expect(born?.fields[0] === 'a' && (await call(form, cell.create, at)) === undefined, 'create')
    if (name === 'create' || !born) return
    expect((await call(form, cell.read, at))?.nonce === born.nonce, 'read')
    expect((await call(form, cell.load, at))?.data?.toString() === 'x', 'load')
    const gone = await call(form, cell.swap, at, born, { gone: true })
    expect(gone !== undefined && (await call(form, cell.swap, at, born)) === undefined, 'swap')
    if (gone) expect(await call(form, cell.clear, at, gone), 'clear')
    const again = await call(form, cell.create, at, { data: 'y' })
    const kept = again && (await call(form, cell.swap, at, again, { keepData: true }))
    expect((await call(form, cell.load, at))?.data?.toString() === 'y', 'keepData')
    if (kept) expect(await call(form, cell.clear, at, kept), 'clear of a live state')
    expect((await call(form, cell.read, at)) === undefined, 'clear left something')
  },
}))

/** Reads, then writes what is greater by one: two such calls lose one. */
function* increase(file: string): Steps<void> {
  const count = Number(yield* fs.readFile(file))
  const fd = yield* fs.open(file, 'r+')
  yield* fs.write(fd, Buffer.from(`${count + 1}`), 0)
  yield* fs.close(fd)
}

const counter: Model<number, 'add', number> = {
  initial: 0,
  step: (state, _, returned) => (!returned || returned.output === state + 1 ? [state + 1] : []),
  key: String,
}

const ofProofs: readonly Row[] = [
  {
    name: 'explore',
    forms: ['sync'],
    run() {
      let caught: unknown
      try {
        explore({
          setup: at => writeFileSync(join(at, 'n'), '0'),
          players: at => ({ A: increase(join(at, 'n')), B: increase(join(at, 'n')) }),
          check: ({ dir: at }) => expect(readFileSync(join(at, 'n'), 'utf8') === '2', 'lost'),
        })
      } catch (error) {
        caught = error
      }
      expect(String((caught as Error)?.cause).includes('lost'), `${caught}`)
      const { complete } = explore(
        {
          players: at => ({ A: mkdirp.steps(join(at, 'a/b')), B: mkdirp.steps(join(at, 'a/b')) }),
          check: ({ dir: at }) => expect(statSync(join(at, 'a/b')).isDirectory(), 'missing'),
          kills: 1,
        },
        { maxMs: 20_000 },
      )
      expect(complete, 'not complete')
    },
  },
  {
    name: 'race',
    forms: ['promise'],
    async run(_, dir) {
      const rounds = await race(join(import.meta.dirname, 'program.js'), { dir, cast: { maker: 3 }, rounds: 5 })
      for (const results of rounds) {
        const won = results.filter(({ value }) => value === true).length
        expect(won === 1, JSON.stringify(results))
      }
    },
  },
  {
    name: 'linearizable',
    forms: ['sync'],
    run() {
      assertLinearizable(counter, [
        { process: 'A', input: 'add', output: 1, call: 0, ended: 2 },
        { process: 'B', input: 'add', output: 2, call: 1, ended: 4 },
      ])
    },
  },
  {
    name: 'dual, drive',
    forms: both,
    async run(form, dir) {
      const file = join(dir, 'n')
      writeFileSync(file, '0')
      await call(form, dual(increase), file)
      await (form === 'sync' ? driveSync(increase(file)) : drive(increase(file)))
      expect(readFileSync(file, 'utf8') === '2', 'not increased')
    },
  },
]

const ofRuntimes: readonly Row[] = [
  {
    name: 'signal, timeout',
    forms: ['promise'],
    async run(_, dir) {
      const lease = lock.sync(join(dir, 'l'))
      const codes = [{ timeout: 20 }, { signal: AbortSignal.timeout(20) }].map(options =>
        lock(join(dir, 'l'), options).then(
          () => 'it took the lock',
          error => error.code,
        ),
      )
      const got = (await Promise.all(codes)).join()
      lease.release.sync()
      expect(got === 'ERR_TIMEOUT,ABORT_ERR' || got === 'ERR_LOCK_HELD,ABORT_ERR', got)
    },
  },
  {
    name: 'streams as data',
    forms: ['promise'],
    async run(_, dir) {
      const file = join(dir, 'f')
      for (const data of [Readable.from(['a', 'b']), new Blob(['ab']).stream()]) {
        await writeFile(file, data as AsyncIterable<string>, { durability: 'full' })
        expect(readFileSync(file, 'utf8') === 'ab', 'other content')
      }
    },
  },
  {
    name: 'holes and times in a copy',
    forms: both,
    async run(form, dir) {
      const [from, to] = [join(dir, 'from'), join(dir, 'to')]
      writeFileSync(from, 'x')
      truncateSync(from, 64 * 1024 * 1024)
      await call(form, copy, from, to, { preserveTimestamps: true })
      const [was, is] = [statSync(from), statSync(to)]
      expect(
        is.size === was.size && Math.abs(is.mtimeMs - was.mtimeMs) < 0.01,
        `${is.size}, ${is.mtimeMs - was.mtimeMs}`,
      )
      if (was.blocks < 1024) expect(is.blocks < 1024, `${is.blocks} blocks`)
    },
  },
  {
    name: 'times to the microsecond',
    forms: both,
    async run(form, dir) {
      if (process.platform !== 'linux') return
      const [from, to] = [join(dir, 'from'), join(dir, 'to')]
      writeFileSync(from, 'x')
      spawnSync('touch', ['-d', '2001-02-03 04:05:06.123456 UTC', from])
      await call(form, copy, from, to, { preserveTimestamps: true })
      // Not by the runtime's own stat, which may round.
      const { stdout } = spawnSync('stat', ['-c', '%.6Y', to], { encoding: 'utf8' })
      expect(stdout.trim() === '981173106.123456', `the time is ${stdout.trim()}`)
    },
  },
  {
    name: 'names that are not UTF-8',
    forms: both,
    async run(form, dir) {
      if (process.platform !== 'linux') return
      const tree = join(dir, 'tree')
      mkdirSync(tree)
      spawnSync('sh', ['-c', `printf x > "$1/$(printf '\\377')"`, 'sh', tree])
      await call(form, copy, tree, join(dir, 'copied'))
      await call(form, move, join(dir, 'copied'), join(dir, 'moved'))
      const { stdout } = spawnSync('sh', ['-c', 'ls "$1" | od -An -tx1', 'sh', join(dir, 'moved')], {
        encoding: 'utf8',
      })
      expect(stdout.trim() === 'ff 0a', `the name is ${stdout.trim()}`)
      await call(form, remove, tree)
      expect(!readdirSync(dir).includes('tree'), 'it is still there')
    },
  },
]

export const rows: readonly Row[] = [
  ...ofCases,
  ofLines,
  ...ofLocks,
  ...ofLinks,
  ...ofCells,
  ...storeRows,
  cacheRow,
  contentRow,
  ...faceRows,
  ...ofProofs,
  ...ofRuntimes,
]
