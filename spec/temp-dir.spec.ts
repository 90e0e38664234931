// `tempDir` and `withTempDir`.

import { chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { tempDir, withTempDir } from 'holdfast'
import { drive, fs, type Steps } from 'holdfast/steps'
import { contender, overlaps } from 'holdfast/testing'
import { deadOwner } from './support/dead-owner.js'
import {
  assert,
  caught,
  explored,
  holds,
  note,
  prove,
  race,
  raced,
  runScript,
  scratch,
  sized,
  userId,
} from './support/kit.js'
import * as laws from './support/laws.js'

const nameOf = (owner: string, nonce = '0123456789abcdef'): string => `.holdfast.temp.${owner}.${nonce}.holdfast`

/** Fills some, removes some, is killed now and then: none is robbed of a directory. */
async function use(dir: string, round: number, number: number): Promise<number> {
  for (let time = 0; time < sized(5, 30); time++) {
    const temp = await tempDir({ dir })
    writeFileSync(join(temp.path, 'file'), 'x')
    if (number === 0 && time === 2 && round % 2 === 0) process.kill(process.pid, 'SIGKILL')
    await wait(2)
    if (!existsSync(join(temp.path, 'file'))) throw new Error('it was swept although its owner lives')
    await temp.remove()
  }
  return 1
}

if (!contender({ use })) {
  holds('it is private, empty, and gone when it was removed, in both forms', async () => {
    const dir = scratch()
    const [one, two] = [await tempDir({ dir, prefix: 'mine' }), tempDir.sync({ dir })]
    for (const { path } of [one, two]) {
      assert.is(dirname(path), dir)
      assert.is(statSync(path).mode & 0o777, 0o700)
      assert.equal(readdirSync(path), [])
      mkdirSync(join(path, 'a/b'), { recursive: true })
    }
    assert.match(one.path, /\/\.mine\.temp\./)
    await one.remove()
    two.remove.sync()
    await one.remove()
    assert.equal(readdirSync(dir), [])
    const temp = await tempDir()
    assert.is(dirname(temp.path), tmpdir())
    await temp[Symbol.asyncDispose]()
    assert.not(existsSync(temp.path))
    const last = await drive(tempDir.steps({ dir }))
    last[Symbol.dispose]()
    assert.equal(readdirSync(dir), [])
  })

  holds('withTempDir gives it to a function, and removes it whatever that does', async () => {
    const dir = scratch()
    const work = async (path: string) => {
      writeFileSync(join(path, 'f'), 'x')
      await wait(1)
      return readdirSync(path).length
    }
    assert.is(await withTempDir(work, { dir }), 1)
    assert.is(
      withTempDir.sync(path => readdirSync(path).length, { dir }),
      0,
    )
    const failure = new Error('no')
    assert.ok((await withTempDir(() => Promise.reject(failure), { dir }).catch(one => one)) === failure)
    // It is waited for, whatever stops the call.
    const stop = new AbortController()
    const stopped = async (path: string) => {
      stop.abort()
      await wait(150)
      return existsSync(path)
    }
    assert.is(await withTempDir(stopped, { dir, signal: stop.signal }), true)
    assert.equal(readdirSync(dir), [])
  })

  holds('what a dead process has left goes with the next call, and nothing else does', async () => {
    const dir = scratch()
    const own = await tempDir({ dir })
    await wait(1_001)
    const dead = join(dir, nameOf(deadOwner()))
    const elsewhere = join(dir, nameOf('place-1-1'))
    const others = join(dir, nameOf(deadOwner(), 'ffffffffffffffff'))
    for (const path of [dead, elsewhere, others]) mkdirSync(path)
    writeFileSync(join(dead, 'f'), '')
    if (process.getuid?.() === 0) chownSync(others, userId, userId)
    const next = await tempDir({ dir })
    assert.not(existsSync(dead))
    assert.ok(existsSync(own.path) && existsSync(elsewhere))
    assert.is(existsSync(others), process.getuid?.() === 0, 'of another user')
    for (const one of [own, next]) await one.remove()
  })

  holds('a process that exits without removing it leaves it for the next one', () => {
    const dir = scratch()
    const { said } = runScript(`console.log((await holdfast.tempDir({ dir: ${JSON.stringify(dir)} })).path)`)
    assert.ok(existsSync(said.trim()))
    tempDir.sync({ dir }).remove.sync()
    assert.not(existsSync(said.trim()))
  })

  const trial = { args: (dir: string): [object] => [{ dir }] }
  holds('whichever call fails, its error comes out, or it is there', () =>
    laws.assertOriginalErrorComesOut(tempDir as never, { ...trial } as never),
  )
  holds('nothing of withTempDir is left behind', () => {
    const args = (dir: string) => [(path: string) => writeFileSync(join(path, 'f'), ''), { dir }]
    return laws.assertNothingLeftBehind(withTempDir as never, { args } as never)
  })
  holds('bad input is refused before anything is done', async () => {
    const dir = scratch()
    await laws.assertRefusesBadInput(tempDir, dir, [
      [[{ dir: 5 }], 'ERR_INVALID_ARG_TYPE'],
      [[{ prefix: 'a/b' }], 'ERR_INVALID_ARG_VALUE'],
      [[{ keepIt: true }], 'ERR_INVALID_ARG_VALUE'],
    ])
    await laws.assertRefusesBadInput(withTempDir as never, dir, [[[], 'ERR_INVALID_ARG_TYPE']])
  })

  /** Looks that its directory stays. */
  function* keeping(dir: string, make: (dir: string) => Steps<string>): Steps<void> {
    const path = yield* make(dir)
    yield* fs.lstat(path)
  }
  function* ours(dir: string): Steps<string> {
    return (yield* tempDir.steps({ dir })).path
  }
  /** Sweeps all that looks like one. */
  function* careless(dir: string): Steps<string> {
    for (const name of yield* fs.readdir(dir)) yield* fs.rmdir(`${dir}/${name}`)
    yield* fs.mkdir(`${dir}/${yield* fs.self()}`)
    return `${dir}/${yield* fs.self()}`
  }
  const worldOf = (make: (dir: string) => Steps<string>) => ({
    players: (dir: string) => ({ A: keeping(dir, make), B: keeping(dir, make) }),
    kills: 1,
    check: ({ outcomes }: { outcomes: Record<string, { how: string; error?: unknown }> }) => {
      for (const one of Object.values(outcomes)) if (one.how === 'threw') throw new Error(`robbed: ${one.error}`)
    },
  })
  explored('explore: two make one, and sweep what the dead have left', () => {
    assert.ok(prove('2 tempDir, 1 kill', worldOf(ours) as never, {}, () => true).complete)
  })
  explored('explore catches: a sweep that asks for no owner', () => {
    caught('sweep all', /robbed/, worldOf(careless) as never)
  })

  raced('race: four make, use and remove their own, and one is killed now and then', async () => {
    const dir = scratch()
    const rounds = await race(import.meta.url, { dir, cast: { use: 4 }, rounds: sized(4, 40) })
    const all = rounds.flat()
    assert.equal(
      all.filter(({ how }) => how === 'threw').map(({ message }) => message),
      [],
    )
    const died = all.filter(({ how }) => how === 'died').length
    note(`${died} killed`)
    assert.ok(died > 0 && rounds.every(overlaps), 'no contention')
    tempDir.sync({ dir }).remove.sync()
    assert.equal(readdirSync(dir), [])
  })
}
