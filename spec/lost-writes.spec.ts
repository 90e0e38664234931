// Some filesystems (NFS, quotas) report only when a file is closed that what was written is lost. So whatever writes
// without a sync sees the error of `close` before the file gets its name: a call never publishes what is lost.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { cell, copy, createExclusive, getOrCreate, move, updateFile, writeFile, writeFiles } from 'holdfast'
import { type Call, dual, type Steps } from 'holdfast/steps'
import { type Ending, explore } from 'holdfast/testing'
import { closeIgnored } from './broken/broken.js'
import { through } from './broken/interfere.js'
import { assert, caught, explored, holds, note, scratch } from './support/kit.js'
import { privateNames } from './support/trees.js'

const none = { durability: 'none' } as const
const whole = 'the whole of it'

function setup(dir: string): void {
  for (const name of ['old', 'source', 'twice']) writeFileSync(join(dir, name), name === 'source' ? whole : 'old')
  linkSync(join(dir, 'twice'), join(dir, 'again'))
  mkdirSync(join(dir, 'tree'))
  for (const name of ['1', '2']) writeFileSync(join(dir, 'tree', name), whole)
}

/** What each writes: the files that are whole when it has returned. */
const acts: Readonly<Record<string, readonly [(at: (name: string) => string) => Steps<unknown>, ...string[]]>> = {
  'writeFile of a new file': [at => writeFile.steps(at('new'), whole, none), 'new'],
  'writeFile over another': [at => writeFile.steps(at('old'), whole, none), 'old'],
  'writeFile of pieces': [at => writeFile.steps(at('old'), [whole.slice(0, 3), whole.slice(3)], none), 'old'],
  'writeFile in place': [
    at => writeFile.steps(at('twice'), whole, { ...none, hardLinks: 'keep', inPlace: 'when-needed' }),
    'twice',
  ],
  writeFiles: [at => writeFiles.steps([[at('old'), whole]] as const, none), 'old'],
  createExclusive: [at => createExclusive.steps(at('new'), whole, none), 'new'],
  updateFile: [at => updateFile.steps(at('old'), () => whole, none), 'old'],
  getOrCreate: [at => getOrCreate.steps(at('new'), () => whole, none), 'new'],
  'copy of a file': [at => copy.steps(at('source'), at('old')), 'old'],
  'copy of a tree': [at => copy.steps(at('tree'), at('d')), 'd/1', 'd/2'],
  'copy of a tree, with care': [at => copy.steps(at('tree'), at('d'), { preserveTimestamps: true }), 'd/1', 'd/2'],
  'move of a file, to another device': [at => elsewhere(move.steps(at('source'), at('new'), none)), 'new'],
}

/** The first rename or link of the source leads to another device. */
function elsewhere<T>(steps: Steps<T>): Steps<T> {
  const from = (call: Call) => /\/source$/.test(String(call.args[0])) && !/\/\.source\./.test(String(call.args[1]))
  return through(steps, call => {
    if ((call.op === 'link' || call.op === 'rename') && from(call))
      throw Object.assign(new Error('EXDEV'), { code: 'EXDEV', errno: -18, syscall: call.op })
    return call
  })
}

const oldOrWhole = (path: string): boolean => !existsSync(path) || ['old', whole].includes(readFileSync(path, 'utf8'))

/** Whoever returned has written everything; whoever threw says what `close` said. */
const nothingIsLost =
  (names: readonly string[], inPlace: boolean) =>
  ({ dir, outcomes }: Ending): void => {
    const { A: outcome } = outcomes
    if (outcome?.how === 'threw') assert.match((outcome.error as Error).message, /EIO: injected, close/)
    for (const name of names)
      if (outcome?.how === 'returned') assert.is(readFileSync(join(dir, name), 'utf8'), whole, `${name} is lost`)
      else if (!inPlace) assert.ok(oldOrWhole(join(dir, name)), `${name} is lost`)
    assert.equal(privateNames(dir), [])
  }

explored('explore: when `close` fails, what was written is lost, and no writer says that it is there', () => {
  for (const [what, [act, ...names]] of Object.entries(acts)) {
    const found = explore({
      setup,
      players: dir => ({ A: act(name => join(dir, name)) }),
      failures: 1,
      failIn: ['close'],
      check: nothingIsLost(names, what.endsWith('in place')),
    })
    note(`${what}: ${found.schedules} schedules`)
    assert.ok(found.complete && found.failed.has('close EIO'), `${what}: no close ever failed`)
  }
  caught('a close that is ignored', /is lost/, {
    setup,
    players: dir => ({ A: closeIgnored.steps(join(dir, 'old'), whole) }),
    failures: 1,
    failIn: ['close'],
    check: nothingIsLost(['old'], false),
  })
})

/** The k-th close of a file that was written, and not synced, loses that and says so; the descriptor is closed. */
function failingClose(k: number, injected: Error) {
  const unsynced = new Set<unknown>()
  const closed = { times: 0, written: 0 }
  const door = (call: Call): Call => {
    const [fd] = call.args
    if (call.op === 'write' || call.op === 'ftruncate') unsynced.add(fd)
    if (call.op === 'fsync') unsynced.delete(fd)
    if (call.op !== 'close' || !unsynced.delete(fd) || closed.written++ !== k) return call
    closed.times++
    ftruncateSync(fd as number)
    closeSync(fd as number)
    throw injected
  }
  return { door, closed }
}

holds('that very error of `close` comes out of each writer, in both forms, or the data is written again', async () => {
  for (const [what, [act, ...names]] of Object.entries(acts))
    for (const form of ['promise', 'sync'] as const)
      for (let k = 0; ; k++) {
        const dir = scratch()
        setup(dir)
        const injected = Object.assign(new Error('EIO: injected'), { code: 'EIO', errno: -5, syscall: 'close' })
        const { door, closed } = failingClose(k, injected)
        const run = dual(() =>
          through(
            act(name => join(dir, name)),
            door,
          ),
        )
        const where = `${what}, ${form}, close ${k}`
        try {
          if (form === 'sync') run.sync()
          else await run()
          for (const name of names) assert.is(readFileSync(join(dir, name), 'utf8'), whole, where)
        } catch (error) {
          assert.is(error, injected, where)
          if (!what.endsWith('in place')) for (const name of names) assert.ok(oldOrWhole(join(dir, name)), where)
        }
        assert.equal(privateNames(dir), [], where)
        if (closed.times === 0) {
          assert.ok(k > 0, `${what} closes nothing that it has written`)
          break
        }
      }
})

holds('an error of `close` after a sync, or after reading only, means nothing', async () => {
  const dir = scratch()
  const refuse = (call: Call): Call => {
    if (call.op !== 'close') return call
    closeSync(call.args[0] as number)
    throw Object.assign(new Error('EIO: injected'), { code: 'EIO', errno: -5, syscall: 'close' })
  }
  for (const [name, steps] of [
    ['written', () => writeFile.steps(join(dir, 'written'), whole)],
    ['created', () => createExclusive.steps(join(dir, 'created'), whole)],
    ['copied', () => copy.steps(join(dir, 'written'), join(dir, 'copied'), { durability: 'file' })],
  ] as const) {
    dual((): Steps<unknown> => through<unknown>(steps(), refuse)).sync()
    assert.is(readFileSync(join(dir, name), 'utf8'), whole)
  }
})

holds('the data of a cell is refused, if `close` says that it is lost', async () => {
  const dir = scratch()
  const injected = Object.assign(new Error('EIO: injected'), { code: 'EIO', errno: -5, syscall: 'close' })
  const { door } = failingClose(0, injected)
  const create = dual(() => through(cell.create.steps(join(dir, 'cell'), { data: whole }, none), door))
  const error = await create().then(
    () => undefined,
    (one: unknown) => one,
  )
  assert.is(error, injected)
  assert.equal(readdirSync(dir), [])
  assert.ok(statSync(dir).isDirectory())
})
