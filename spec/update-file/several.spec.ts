// Several files in one call: one change of all of them, whatever they are called, and in whatever order.

import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { cell, lock, updateFile, type Waiting, type WorkOnFiles } from 'holdfast'
import type { Dual, Steps } from 'holdfast/steps'
import { type Exploration, type ExploreOptions, explore, type World } from 'holdfast/testing'
import { spellState, successor } from '../../lib/cell/state.js'
import { lockAsGiven } from '../broken/updates.js'
import { caselessKinds, mountCaseless } from '../support/caseless.js'
import { assert, explored, holds, nobodyThrew, note, prove, proveLarge, scratch, sized } from '../support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from '../support/laws.js'
import { assertHeldByNamed, until } from '../support/left.js'

const read = (path: string): string => readFileSync(path, 'utf8')
const isFree = (file: string): boolean => lock.holder.sync(file) === undefined

/** Files of these names, which hold their names. */
function given(...names: string[]): string[] {
  const dir = scratch()
  return names.map(name => {
    const path = join(dir, name)
    writeFileSync(path, name)
    return path
  })
}

holds('one change of several files, in each form', async () => {
  const [a, b] = given('a', 'b') as [string, string]
  assert.equal(await updateFile([a, b], ([x, y]) => [`${x}1`, `${y}1`]), ['a1', 'b1'])
  assert.equal(await updateFile([b, pathToFileURL(a)], async ([y, x]) => [`${y}2`, `${x}2`]), ['b12', 'a12'])
  assert.equal(
    updateFile.sync([a, b], ([x, y]) => [y, x]),
    ['b12', 'a12'],
  )
  assert.equal(await updateFile([a], ([x]) => [`${x}!`]), ['b12!'])
  const dir = join(a, '..')
  const news = await updateFile<[{ n: number }, number[]]>(
    [join(dir, 'n'), join(dir, 'l')],
    ([n = { n: 1 }, l = []]) => [n, [...l, n.n]],
    { json: true },
  )
  assert.equal(news, [{ n: 1 }, [1]])
  const bytes = await updateFile([a, b], ([x, y]) => [y, x && Buffer.concat([x, x])], { encoding: 'buffer' })
  assert.equal(bytes.map(String), ['a12', 'b12!b12!'])
  assert.equal([a, b].map(read), ['a12', 'b12!b12!'])
  assert.equal(readdirSync(dir), ['a', 'a.lock', 'b', 'b.lock', 'l', 'l.lock', 'n', 'n.lock'])
  assert.ok([a, b].every(isFree))
})

holds('a file whose new content is undefined stays as it is, and so do all if `change` returns undefined', async () => {
  const [a, b] = given('a', 'b') as [string, string]
  const times = () => [a, b].map(file => statSync(file, { bigint: true }).ino)
  const before = times()
  assert.equal(await updateFile([a, b], () => undefined), ['a', 'b'])
  assert.equal(await updateFile([a, b, `${a}.none`], () => [undefined, undefined, undefined]), ['a', 'b', undefined])
  assert.equal(times(), before)
  assert.equal(await updateFile([a, b], ([x]) => [undefined, x]), ['a', 'a'])
  assert.equal([times()[0] === before[0], times()[1] === before[1]], [true, false])
})

holds(
  'what is no list of that length is refused, and nothing is written; nor if one of the values is wrong',
  async () => {
    const [a, b] = given('a', 'b') as [string, string]
    for (const wrong of ['text', null, [], ['x'], ['x', 'y', 'z'], ['x', 5], [Symbol('s'), 'y']])
      await assert.rejects(
        updateFile([a, b], () => wrong as never),
        { code: 'ERR_INVALID_RETURN_VALUE' },
      )
    const inPlace = ([x]: unknown[]) => {
      ;(x as { n: number }).n++
      return [undefined, { n: 9 }]
    }
    for (const file of [a, b]) writeFileSync(file, '{"n":1}')
    await assert.rejects(updateFile([a, b], inPlace, { json: true }), { code: 'ERR_INVALID_RETURN_VALUE' })
    assert.equal([a, b].map(read), ['{"n":1}', '{"n":1}'])
    assert.ok([a, b].every(isFree))
  },
)

holds(
  'one file that is named twice is refused: at once, or where links lead to it, before it waits for itself',
  async () => {
    const [a, b] = given('a', 'b') as [string, string]
    const dir = join(a, '..')
    symlinkSync('a', join(dir, 'link'))
    mkdirSync(join(dir, 'deep'))
    symlinkSync('..', join(dir, 'deep/up'))
    const value = { code: 'ERR_INVALID_ARG_VALUE', message: /all different/ }
    const change = () => ['x', 'y', 'z']
    for (const again of [
      a,
      join(dir, '.', 'deep', '..', 'a'),
      pathToFileURL(a),
      join(dir, 'link'),
      join(dir, 'deep/up/a'),
    ]) {
      await assert.rejects(updateFile([a, b, again], change), value)
      assert.throws(() => updateFile.sync([again, b, a], change), value)
    }
    assert.equal([a, b].map(read), ['a', 'b'])
    await assertRefusesBadInput(updateFile as never, scratch(), [
      [[[], () => []], 'ERR_INVALID_ARG_VALUE'],
      [[['x', 5], () => []], 'ERR_INVALID_ARG_TYPE'],
      [[['x', ''], () => []], 'ERR_INVALID_ARG_VALUE'],
      [[['x', 'x'], () => []], 'ERR_INVALID_ARG_VALUE'],
      [[['x', 'y']], 'ERR_INVALID_ARG_TYPE'],
    ])
  },
)

holds('links that come to lead elsewhere are followed again, and directories are made if that is wanted', async () => {
  const [a, b, c] = given('a', 'b', 'c') as [string, string, string]
  const dir = join(a, '..')
  const link = join(dir, 'link')
  symlinkSync('b', link)
  const lease = await lock(a)
  const late = updateFile([link, a], ([x, y]) => [`${x}1`, `${y}1`])
  await wait(20)
  unlinkSync(link)
  symlinkSync('c', link)
  await lease.release()
  assert.equal(await late, ['c1', 'a1'])
  assert.equal([a, b, c].map(read), ['a1', 'b', 'c1'])
  const deep = [join(dir, 'y/z/one'), join(dir, 'x/two')]
  await assert.rejects(
    updateFile(deep, () => ['1', '2']),
    { code: 'ENOENT' },
  )
  await updateFile(deep, () => ['1', '2'], { parents: true })
  assert.equal(deep.map(read), ['1', '2'])
})

holds('the locks have a fence each; one that is lost is reported, and nothing is written', async () => {
  const [a, b] = given('a', 'b') as [string, string]
  let work: WorkOnFiles | undefined
  const robbed = async (_: unknown, given: WorkOnFiles): Promise<string[]> => {
    work = given
    const now = cell.read.sync(`${a}.lock`)
    // Of a heartbeat that is under way, the next state.
    if (!(now && cell.swap.sync(`${a}.lock`, now, { fields: ['h', 'zz', 'a-1-1'] }))) return robbed(_, given)
    await new Promise(resolve => given.signal.addEventListener('abort', resolve))
    return ['x', 'y']
  }
  await assert.rejects(updateFile([b, a], robbed, { heartbeat: 5 }), { code: 'ERR_LEASE_LOST' })
  const fences = [b, a].map(file => Number.parseInt(cell.read.sync(`${file}.lock`)?.fields[1] ?? '', 36))
  assert.equal([work?.fences.length, work?.fences[0]], [2, fences[0]])
  assert.equal([a, b].map(read), ['a', 'b'])
  assert.ok(isFree(b))
})

holds('several files may share one lock, or have theirs in one directory, whatever ways lead to them', async () => {
  const [a, b] = given('a', 'b') as [string, string]
  const dir = join(a, '..')
  const lockPath = join(dir, 'both.lock')
  const append = (letter: string) => (olds: (string | undefined)[]) =>
    wait(
      1,
      olds.map(old => old + letter),
    )
  await Promise.all([
    updateFile([a, b], append('1'), { lockPath }),
    updateFile([b, a], append('2'), { lockPath }),
    updateFile(b, old => `${old}3`, { lockPath }),
  ])
  assert.equal([read(a).slice(1).split('').sort().join(''), read(b).slice(1).split('').sort().join('')], ['12', '123'])
  const value = { code: 'ERR_INVALID_ARG_VALUE', message: /all different/ }
  symlinkSync('a', join(dir, 'link'))
  await assert.rejects(
    updateFile([a, join(dir, 'link')], () => undefined, { lockPath }),
    value,
  )
  symlinkSync('.', join(dir, 'here'))
  const lockDir = join(dir, 'locks')
  mkdirSync(lockDir)
  const ways = [
    [a, b],
    [join(dir, 'here/b'), join(dir, 'link')],
    [join(dir, 'here/here/a'), join(dir, 'here/b')],
  ]
  await Promise.all(ways.map((files, at) => updateFile(files, append(String(4 + at)), { lockDir, timeout: 60_000 })))
  for (const file of [a, b]) assert.equal(read(file).slice(-3).split('').sort(), ['4', '5', '6'])
  await assert.rejects(
    updateFile([a, join(dir, 'here/a')], () => undefined, { lockDir }),
    value,
  )
  assert.equal(readdirSync(dir).sort(), ['a', 'b', 'both.lock', 'here', 'link', 'locks'])
  assert.is(readdirSync(lockDir).length, 2)
})

holds(
  'a call that waits behind others of its thread says who holds the lock that it wants, wherever that is',
  async () => {
    const [a, b] = given('a', 'b') as [string, string]
    for (const place of [{}, { lockPath: join(a, '../other.lock') }, { lockDir: join(a, '..') }]) {
      const lease = await lock(b, place)
      const said: number[] = []
      const onWait = ({ holder }: Waiting) => void said.push(holder.fence)
      const waiting = updateFile([a, b], () => undefined, { ...place, onWait })
      await until(() => said.length > 0)
      assert.equal(said, [lease.fence], JSON.stringify(place))
      await lease.release()
      await waiting
    }
  },
)

holds('a lock that is held shows that it lives while the next one is waited for', async () => {
  const [a, b] = given('a', 'b') as [string, string]
  const lease = await lock(b)
  const calls = updateFile([b, a].reverse(), ([x, y]) => [y, x], { heartbeat: 4, timeout: 10_000 })
  // Through a link, so that it waits as another process would, and not for its turn.
  symlinkSync('b', join(b, '../link'))
  const through = () => updateFile([a, join(b, '../link')], ([x, y]) => [y, x], { heartbeat: 4, timeout: 200 })
  await assertHeldByNamed(through)
  await lease.release()
  await calls
  // For those that share it, the call waits with the gate in its hands.
  for (const take of [lock, lock.shared]) {
    const states = new Set<string | undefined>()
    const other = await take(b)
    const waiting = updateFile([join(b, '../link'), a], ([x, y]) => [y, x], { heartbeat: 4 })
    await until(() => states.add(cell.read.sync(`${a}.lock`)?.nonce).size > 3)
    await other.release()
    await waiting
    assert.ok([a, b].every(isFree))
  }
})

holds(
  'an error in the middle leaves the first file new and the second old, says so, and gives the locks back',
  async () => {
    const [a, b] = given('a', 'b') as [string, string]
    const stop = updateFile([a, b], () => {
      // A directory takes the place of the second.
      unlinkSync(b)
      mkdirSync(join(b, 'in'), { recursive: true })
      return ['new', 'new']
    })
    const error = await assert.rejects(stop, { code: 'EISDIR' })
    assert.is((error as Error & { published: unknown }).published, true)
    assert.is(read(a), 'new')
    assert.ok([a, b].every(isFree))
  },
)

holds('while it computes, each of the locks shows that it lives', async () => {
  const [a, b] = given('a', 'b') as [string, string]
  const states = [new Set<string | undefined>(), new Set<string | undefined>()]
  const slow = async () => {
    await until(() => {
      for (const [at, file] of [a, b].entries()) states[at]?.add(cell.read.sync(`${file}.lock`)?.nonce)
      return states.every(({ size }) => size > 3)
    })
    return ['x', 'y']
  }
  await updateFile([a, b], slow, { heartbeat: 4 })
})

type Act = Dual<[files: string[], change: (olds: (string | undefined)[]) => string[], options?: object], unknown>
const trial: Trial<Parameters<Act>, unknown> = {
  setup: dir => {
    for (const name of ['one', 'two']) writeFileSync(join(dir, name), 'old')
  },
  args: dir => [[join(dir, 'two'), join(dir, 'one')], olds => olds.map(old => `${old} and new`)],
  done: dir =>
    assert.equal(
      ['one', 'two'].map(name => read(join(dir, name))),
      ['old and new', 'old and new'],
    ),
}
const twice: typeof trial = { ...trial, args: dir => [[join(dir, 'one'), join(dir, '.', 'one')], () => []] }
const astray: typeof trial = { args: dir => [[join(dir, 'none/file'), join(dir, 'x')], () => ['new', 'new']] }
const asAct = updateFile as unknown as Act

holds('whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(asAct, trial),
)

holds('both forms come to the same', () => assertSyncAndAsyncAgree(asAct, trial, twice, astray))

holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(asAct, trial))

for (const kind of caselessKinds) {
  const mounted = mountCaseless(kind)
  const name = `on ${kind}, other capitals make no other order, and no other file`
  if ('why' in mounted) holds.skip(name, mounted.why)
  else
    holds(name, async () => {
      const { dir, unmount } = mounted
      try {
        const at = (...files: string[]) => files.map(file => join(dir, file))
        for (const file of at('one', 'two')) writeFileSync(file, '')
        // Each spelling has a queue of its own in this thread, so they meet at the locks, as processes do.
        const pairs = [at('one', 'TWO'), at('Two', 'One'), at('ONE', 'two'), at('two', 'one')]
        const calls = pairs.flatMap((files, letter) =>
          Array.from({ length: 5 }, () =>
            updateFile(
              files,
              olds =>
                wait(
                  1,
                  olds.map(old => old + String(letter)),
                ),
              {
                ...{ durability: 'none', timeout: 60_000 },
              },
            ),
          ),
        )
        await Promise.all(calls)
        // There, the kernel caches each spelling by itself, and reads old content by the others.
        if (kind !== 'exFAT') {
          assert.is(read(join(dir, 'one')), read(join(dir, 'two')))
          assert.is(read(join(dir, 'one')).length, 20)
        }
        const began = performance.now()
        await assert.rejects(
          updateFile(at('one', 'two', 'ONE'), () => undefined),
          { code: 'ERR_LOCK_HELD' },
        )
        assert.throws(() => updateFile.sync(at('two', 'one', 'Two'), () => undefined), { code: 'ERR_LOCK_HELD' })
        assert.ok(performance.now() - began < 60_000)
        assert.ok(at('one', 'two').every(isFree))
      } finally {
        unmount()
      }
    })
}

// ---- Every schedule ----

const names = ['one', 'two'] as const

/** The files, and their free locks. Not made by `lock`, whose nonces would make every schedule look new. */
function setup(dir: string): void {
  for (const name of names) {
    writeFileSync(join(dir, name), '')
    mkdirSync(join(dir, `${name}.lock`))
    writeFileSync(
      join(dir, `${name}.lock`, spellState(successor(undefined, { fields: ['f', '1'] }, '0'.repeat(16)))),
      '',
    )
  }
}

type Changing = (files: string[], change: (olds: readonly (string | undefined)[]) => string[]) => Steps<unknown>

const ours: Changing = (files, change) => updateFile.steps(files, change, { durability: 'none' })

/** A names the files in one order, and B in the other. Each appends its letter to both. */
const players =
  (changing: Changing, letters = 'AB'): World['players'] =>
  dir =>
    Object.fromEntries(
      [...letters].map((letter, at) => {
        const files = names.map(name => join(dir, name))
        return [letter, changing(at % 2 ? files.reverse() : files, olds => olds.map(old => (old ?? '') + letter))]
      }),
    )

/** What a player that returned did is in both files; each is whole, and none lacks what the other player saw. */
const bothOrNone: World['check'] = ending => {
  nobodyThrew(ending)
  const [one = '', two = ''] = names.map(name => read(join(ending.dir, name)))
  const isAnyKilled = Object.values(ending.outcomes).some(({ how }) => how === 'killed')
  for (const [letter, { how }] of Object.entries(ending.outcomes)) {
    if (letter === 'reader') continue
    const times = [one, two].map(text => text.split(letter).length - 1)
    if (how === 'returned') assert.equal(times, [1, 1], `${letter} is in "${one}" and "${two}"`)
    else
      assert.ok(
        times.every(count => count <= 1),
        `${letter} is in "${one}" and "${two}"`,
      )
  }
  if (!isAnyKilled) assert.is(one, two)
  if (isAnyKilled) return
  const left = readdirSync(ending.dir).filter(name => !/^(one|two)(\.lock)?$/.test(name))
  assert.equal(left, [], 'debris')
}

/** No schedule goes on without end, as one does in which each waits for the other. */
const ends = ({ bound = '' }: Exploration): void => assert.not.match(bound, /steps/)

explored('explore: two callers that name two files in both orders', () => {
  ends(proveLarge('2 updateFile of 2 files', { setup, players: players(ours), check: bothOrNone }, 1))
})

explored('explore: two callers that name two files in both orders, and a kill', () => {
  const world = { setup, players: players(ours), kills: 1, check: bothOrNone }
  const bound = sized<ExploreOptions>({ random: { schedules: 200 } }, { preemptions: 1 })
  ends(prove('2 updateFile of 2 files, 1 kill', world, bound, () => true))
})

explored('explore: three callers of two files, and a kill, drawn at random', () => {
  const world = { setup, players: players(ours, 'ABC'), kills: 1, check: bothOrNone }
  ends(prove('3 updateFile of 2 files, 1 kill', world, { random: { schedules: 200 } }))
})

explored('explore catches: locks that are taken in the order of the caller', () => {
  const broken: Changing = (files, change) => lockAsGiven.steps(files, change)
  const { bound } = explore({ setup, players: players(broken), check: bothOrNone }, { preemptions: 1 })
  note(`each waits for the other: ${bound}`)
  assert.match(bound ?? '', /a schedule of more than 500 steps/)
})
