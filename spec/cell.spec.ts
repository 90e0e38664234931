import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, type State, sweep } from 'holdfast'
import type { Steps } from 'holdfast/steps'
import { assertLinearizable, type ExploreOptions, type World } from 'holdfast/testing'
import {
  asPrograms,
  type Calls,
  cellModel,
  comparing,
  hasty,
  programModel,
  Scribe,
  trusting,
  turn,
} from './support/cells.js'
import { assert, caught, explored, holds, prove, scratch } from './support/kit.js'
import { assertRefusesBadInput } from './support/laws.js'

type Living = Partial<World> & { readonly start?: string; readonly calls?: Calls; readonly realTime?: boolean }

/**
 * Players share one cell: their requests, the results, and the state in the end are what a single cell could have done.
 */
function lives(
  programs: readonly (readonly string[])[],
  { start, calls = cell, realTime, ...budgets }: Living = {},
): World {
  let scribe = new Scribe(() => 0)
  function* player(dir: string, name: string, labels: readonly string[]): Steps<string[]> {
    const said: string[] = []
    for (const label of labels) said.push(yield* turn(join(dir, 'cell'), name, label, scribe, calls))
    return said
  }
  return {
    ...budgets,
    setup: dir => {
      if (start && calls !== comparing)
        cell.create.sync(join(dir, 'cell'), { fields: [start], gone: start.startsWith('x') })
      if (calls !== comparing) return
      mkdirSync(join(dir, 'cell'))
      writeFileSync(join(dir, 'cell/state'), start ?? '')
    },
    players: dir => {
      let time = 0
      scribe = new Scribe(() => ++time)
      const players = programs.map((labels, at) => {
        const name = 'ABC'[at] as string
        return [name, player(dir, name, labels)]
      })
      return Object.fromEntries(players)
    },
    check: ({ dir, outcomes }) => {
      for (const [name, outcome] of Object.entries(outcomes)) {
        if (outcome.how !== 'threw') continue
        const { code, message } = outcome.error as NodeJS.ErrnoException
        // Once a reply was a lie, any player may end without knowing the outcome.
        const mayNotKnow = code === 'ERR_UNKNOWN_OUTCOME' && (outcome.injected || budgets.lies)
        const harmed = outcome.injected && (code === 'EIO' || code === 'ABORT_ERR')
        if (!mayNotKnow && !harmed) throw new Error(`${name} threw ${message}`)
      }
      const path = join(dir, 'cell')
      const text = calls === comparing ? readFileSync(join(path, 'state'), 'utf8') : labelIn(path)
      const [first, last] = [start ?? 'void', text ?? 'void']
      if (realTime) assertLinearizable(cellModel(first), scribe.history)
      assertLinearizable(programModel(first), asPrograms(scribe.history, last))
    },
  }
}

/** All players have ended, so one look is enough. */
const labelIn = (path: string): string | undefined =>
  existsSync(path) ? readdirSync(path)[0]?.split('.').at(-1) : undefined

const long = { maxSchedules: 10_000_000 }

type Lived = readonly [what: string, programs: string, budgets: Living, bounds?: ExploreOptions]

// Each word is a player, which takes a turn for each label.
const worlds: readonly Lived[] = [
  ['two from void, two turns each, one killed', 'a,x1 b,c', { kills: 1 }],
  ['two from a state, one killed, one lie', 'x1,a b', { kills: 1, lies: 1, start: 's' }],
  ['two from a state, two lies', 'x1 a', { kills: 1, lies: 2, start: 's' }],
  ['two from a tombstone, one failure', 'a,b x1', { failures: 1, start: 'x' }],
  ['two from a state, aborted', 'x1,a b,x2', { aborts: 1, start: 's' }],
  ['two from a state, on btrfs, one omission', 'a,x1 b', { omissions: 1, start: 's' }],
  ['two from a state, on btrfs, two omissions, one lie', 'a,b c', { omissions: 2, lies: 1, start: 's' }],
  ['three from void, one killed', 'a b x', { kills: 1 }],
  ['three from a state, one killed, two lies', 'a b c', { kills: 1, lies: 2, start: 's' }],
  ['three from a state, one clears it, one killed', 'a x1 b', { kills: 1, start: 's' }],
  ['three from a state, one clears it, all this', 'a x1 b', { kills: 1, lies: 2, start: 's' }, { preemptions: 1 }],
]

for (const [what, programs, budgets, bounds] of worlds)
  explored(`explored: ${what}: no state is consumed twice`, () => {
    const labels = programs.split(' ').map(one => one.split(','))
    const { complete } = prove(`cell, ${what}`, lives(labels, budgets), { ...long, ...bounds })
    assert.ok(complete || bounds)
  })

explored('explored: three live a whole life, one killed, two lies: no state is consumed twice', () => {
  const world = lives(
    [
      ['a', 'x1'],
      ['b', 'x2'],
      ['c', 'd'],
    ],
    { kills: 1, lies: 2 },
  )
  prove('cell, three, two turns each, 1 kill, 2 lies', world, { random: { schedules: 8_000 } })
  const [two, one] = [lives([['a', 'x1'], ['b', 'x2'], ['c']], { lies: 1, start: 's' }), { preemptions: 1, ...long }]
  prove('cell, three from a state, 1 lie', two, one)
})

explored('explored in full, with what came before what: every history is linearizable', () => {
  const world = lives([['a', 'x1'], ['b']], { start: 's', realTime: true, kills: 1 })
  const { complete } = prove('cell, two, in real time, no reduction', world, { ...long, reduction: 'none' })
  assert.ok(complete)
})

/** Changes the state, with data that repeats it. */
function* stating(dir: string, label: string): Steps<boolean> {
  const was = (yield* cell.read.steps(dir)) as State
  const next = { fields: [label], data: `${label} whole` }
  return (yield* cell.swap.steps(dir, was, next, { durability: 'none' })) !== undefined
}

/** Reads the state and its data, which must belong together. */
function* loading(dir: string): Steps<string> {
  const now = yield* cell.load.steps(dir)
  return `${now?.state.fields[0]}: ${now?.data}`
}

for (const [what, budgets] of [
  ['one killed', { kills: 1 }],
  ['one lie', { lies: 1 }],
  ['one failure', { failures: 1 }],
] as const)
  explored(`explored: two change a state that has data, and one reads, ${what}: never data of another state`, () => {
    const world: World = {
      ...budgets,
      setup: dir => void cell.create.sync(join(dir, 'cell'), { fields: ['s'], data: 's whole' }),
      players: dir => ({ A: stating(join(dir, 'cell'), 'a'), B: stating(join(dir, 'cell'), 'b') }),
      adversaries: dir => ({ reader: loading(join(dir, 'cell')) }),
      check: ({ dir, outcomes }) => {
        const { reader, ...others } = outcomes
        const saw = reader?.how === 'returned' ? reader.value : reader
        if (!['s: s whole', 'a: a whole', 'b: b whole'].includes(saw as string)) throw new Error(`saw ${saw}`)
        const last = cell.load.sync(join(dir, 'cell'))
        if (String(last?.data) !== `${last?.state.fields[0]} whole`) throw new Error(`in the end ${last?.data}`)
        const winners = Object.values(others).filter(one => one.how === 'returned' && one.value).length
        if (winners < 1 && Object.values(others).every(({ how }) => how === 'returned')) throw new Error('nobody won')
        // If the clean-up failed, the payload is left to `sweep`.
        const untouched = !('failures' in budgets) && Object.values(others).every(one => one.how === 'returned')
        const payloads = readdirSync(dir).filter(name => name.endsWith('.payload.holdfast'))
        if (untouched && payloads.length !== 1) throw new Error(`payloads: ${payloads}`)
      },
    }
    const { complete } = prove(`cell with data, ${what}`, world, long)
    assert.ok(complete)
  })

explored('the same worlds catch: an errno that is believed', () => {
  caught('believed', /not linearizable/, lives([['a'], ['b']], { lies: 1, start: 's', calls: trusting }))
})

for (const [what, looks] of [
  ['one look', 1],
  ['two looks', 2],
] as const)
  explored(`the same worlds catch: ${what} at a directory that seems empty`, () => {
    const world = lives([['a'], ['b', 'c', 'd']], { omissions: looks, start: 's', calls: hasty(looks) })
    const { columns, replay } = caught(what, /not linearizable/, world)
    assert.match(columns, /readdir\(\/cell\) ~> \[\]/)
    assert.match(replay, /\?/)
  })

explored('the same worlds catch: compare, and then set', () => {
  caught('compared', /not linearizable/, lives([['a'], ['b']], { start: 's', calls: comparing }))
})

const isPrivate = (name: string): boolean => name.startsWith('.')

holds('a whole life: create, swap, tombstone, clear, and again', async () => {
  const dir = join(scratch(), 'cell')
  assert.is(await cell.read(dir), undefined)
  const first = await cell.create(dir, { fields: ['a', '1'] })
  assert.equal([first?.version, first?.fields, first?.gone], [1, ['a', '1'], false])
  assert.is(await cell.create(dir, { fields: ['b'] }), undefined)
  assert.equal(await cell.read(dir), first)
  const second = await cell.swap(dir, first as State, { fields: ['c'] })
  assert.equal([second?.version, second?.lineage], [2, [first?.nonce]])
  assert.is(await cell.swap(dir, first as State, { fields: ['d'] }), undefined)
  await assert.rejects(cell.clear(dir, second as State), { code: 'ERR_INVALID_ARG_VALUE' })
  const grave = await cell.swap(dir, second as State, { gone: true })
  assert.ok(grave?.gone)
  assert.is(await cell.clear(dir, grave as State), true)
  assert.is(await cell.clear(dir, grave as State), false)
  assert.is(existsSync(dir), false)
  assert.is(cell.create.sync(dir)?.version, 1)
})

holds('data lies beside it, belongs to one state, and goes with it', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir, { data: 'one' })) as State
  assert.is(String((await cell.load(dir))?.data), 'one')
  const second = (await cell.swap(dir, first, { fields: ['x'], data: Buffer.from('two') })) as State
  assert.equal([String((await cell.load(dir))?.data), cell.load.sync(dir)?.state.fields], ['two', ['x']])
  assert.is(await cell.swap(dir, first, { data: 'late' }), undefined)
  assert.is(readdirSync(top).filter(isPrivate).length, 1)
  const grave = (await cell.swap(dir, second, { gone: true })) as State
  assert.equal(readdirSync(top), ['cell'])
  assert.is((await cell.load(dir))?.data, undefined)
  await cell.clear(dir, grave)
  assert.equal(readdirSync(top), [])
  assert.is(await cell.load(dir), undefined)
})

holds('sweep takes data that no state names, and only that', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir, { data: 'kept' })) as State
  const [payload] = readdirSync(top).filter(isPrivate)
  // Written by a dead process of this machine: the same place, another pid.
  const [place] = (first.writer as string).split('-')
  const pid = spawnSync('true').pid.toString(36)
  const orphan = `.cell.${place}-${pid}-1.00112233aabbccdd.payload.holdfast`
  const elsewhere = `.file.${place}-${pid}-1.00112233aabbccdd.payload.holdfast`
  for (const name of [orphan, elsewhere]) writeFileSync(join(top, name), 'lost')
  writeFileSync(join(top, 'file'), 'no cell')
  assert.equal(await sweep(top), [orphan])
  assert.equal(readdirSync(top).sort(), [payload, elsewhere, 'cell', 'file'].sort())
  assert.is(String((await cell.load(dir))?.data), 'kept')
})

holds('what is no cell is an error, and stays', async () => {
  const top = scratch()
  writeFileSync(join(top, 'file'), 'a lock of others')
  mkdirSync(join(top, 'dir/below'), { recursive: true })
  for (const name of ['file', 'dir']) {
    await assert.rejects(cell.read(join(top, name)), { code: 'ERR_NOT_A_CELL' })
    await assert.rejects(cell.create(join(top, name)), { code: 'ERR_NOT_A_CELL' })
  }
  assert.equal(
    [readFileSync(join(top, 'file'), 'utf8'), readdirSync(join(top, 'dir'))],
    ['a lock of others', ['below']],
  )
  assert.equal(readdirSync(top), ['dir', 'file'])
})

holds('an empty directory is void, and what systems put there is no matter', async () => {
  const dir = join(scratch(), 'cell')
  mkdirSync(dir)
  assert.is(await cell.read(dir), undefined)
  const first = (await cell.create(dir)) as State
  writeFileSync(join(dir, '.DS_Store'), '')
  assert.equal(await cell.read(dir), first)
})

holds('parents are made when they are wanted, and their absence is an error otherwise', async () => {
  const dir = join(scratch(), 'a/b/cell')
  await assert.rejects(cell.create(dir), { code: 'ENOENT' })
  assert.ok(await cell.create(dir, {}, { parents: true }))
})

holds('two states at once are looked at again, and are an error if they stay', async () => {
  const dir = join(scratch(), 'cell')
  await cell.create(dir)
  writeFileSync(join(dir, 't.1.00112233aabbccdd..'), '')
  await assert.rejects(cell.read(dir, { retryFor: 20 }), { code: 'EAGAIN' })
})

holds('bad input is refused before anything is done', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir)) as State
  const type = 'ERR_INVALID_ARG_TYPE'
  const fields = [['A'], ['a b'], [''], ['a.b'], [1], 'a', ['x'.repeat(200)]]
  for (const one of fields)
    await assert.rejects(cell.swap(dir, first, { fields: one } as never), { message: /next\.fields/ })
  await assertRefusesBadInput(cell.swap, top, [
    [[dir, first, { data: 1 }], type],
    [[dir, 'state', {}], type],
  ])
  await assertRefusesBadInput(cell.create, top, [[[join(top, 'x'.repeat(200)), { data: 'y' }], 'ERR_OUT_OF_RANGE']])
  await assertRefusesBadInput(cell.read, top, [[[''], 'ERR_INVALID_ARG_VALUE']])
  assert.equal(await cell.read(dir), first)
  assert.equal(readdirSync(top), ['cell'])
})
