import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cell, type State } from 'holdfast'
import { type Call, dual, type Op, type Steps } from 'holdfast/steps'
import { assertLinearizable, type ExploreOptions, type World } from 'holdfast/testing'
import { parseState } from '../lib/cell/state.js'
import { opsThat } from '../lib/core/traits.js'
import { through } from './broken/interfere.js'
import {
  asPrograms,
  believing,
  type Calls,
  cellModel,
  comparing,
  hasty,
  labelOf,
  programModel,
  Scribe,
  trusting,
  turn,
} from './support/cells.js'
import { assert, caught, explored, holds, memory, prove, scratch, sized } from './support/kit.js'
import { assertRefusesBadInput } from './support/laws.js'
import { isWindows } from './windows/flavour.js'

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
  existsSync(path) ? labelOf(parseState(readdirSync(path)[0] ?? '')) : undefined

const long = { maxSchedules: 10_000_000 }
const ofThree = sized<ExploreOptions>({ random: { schedules: 1000 } }, { preemptions: 1 })

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
  ['three from a state, one killed, lies', 'a b c', { kills: 1, lies: sized(1, 2), start: 's' }],
  ['three from a state, one clears it, one killed', 'a x1 b', { kills: 1, start: 's' }],
  ['three from a state, one clears it, all this', 'a x1 b', { kills: 1, lies: 2, start: 's' }, ofThree],
  ['two, one removes a live state, one killed', 'v,a b,c', { kills: 1, start: 's' }],
  ['two, one removes a live state, two lies', 'v a', { lies: 2, start: 's' }],
  ['two, one removes a live state, one killed, one lie', 'v a', { kills: 1, lies: 1, start: 's' }],
  ['two remove a live state, one killed, one lie', 'v v', { kills: 1, lies: 1, start: 's' }],
  ['two, one removes a live state, one failure', 'v,a b', { failures: 1, start: 's' }],
  ['two, one removes a live state, aborted, one lie', 'v a', { aborts: 1, lies: 1, start: 's' }],
  ['two, one removes a live state, on btrfs, one omission', 'v b', { omissions: 1, start: 's' }],
  ['three, one removes a live state, one killed', 'a v b', { kills: 1, start: 's' }],
  ['three, one removes a live state, one lie', 'a v b', { lies: 1, start: 's' }, { preemptions: 1 }],
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
  prove('cell, three, two turns each, 1 kill, 2 lies', world, { random: { schedules: sized(2_000, 8_000) } })
  const [two, one] = [lives([['a', 'x1'], ['b', 'x2'], ['c']], { lies: 1, start: 's' }), { preemptions: 1, ...long }]
  prove('cell, three from a state, 1 lie', two, one)
})

explored('explored in full, with what came before what: every history is linearizable', () => {
  const world = lives([['a', 'x1'], ['b']], { start: 's', realTime: true, kills: 1 })
  const { complete } = prove('cell, two, in real time, no reduction', world, { ...long, reduction: 'none' })
  assert.ok(complete)
})

explored('the same worlds catch: an errno that is believed', () => {
  caught('believed', /not linearizable/, lives([['a'], ['b']], { lies: 1, start: 's', calls: trusting }))
})

explored('the same worlds catch: a live state that is removed in one call, where replies may be lost', () => {
  caught('removed at once', /not linearizable/, lives([['v'], ['a']], { lies: 1, start: 's', calls: believing }))
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
  const grave = await cell.swap(dir, second as State, { gone: true })
  assert.ok(grave?.gone)
  assert.is(await cell.clear(dir, grave as State), true)
  assert.is(await cell.clear(dir, grave as State), false)
  assert.is(existsSync(dir), false)
  assert.is(cell.create.sync(dir)?.version, 1)
})

/** The calls that reach the disk. `isLocal`: what is said of a path. */
async function callsOf(isLocal: (path: unknown) => boolean, steps: Steps<unknown>): Promise<Op[]> {
  const calls: Op[] = []
  const watch = (call: Call): Call => {
    if (!opsThat('inline').has(call.op) && call.op !== 'local') calls.push(call.op)
    return call.op === 'local' ? { op: 'settle', args: [isLocal(call.args[0])] } : call
  }
  await dual(() => through(steps, watch))()
  return calls
}

holds('a live state is removed in two calls; where a reply may be lost, by way of a tombstone', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const ways: readonly (readonly [isLocal: (path: unknown) => boolean, calls: readonly Op[]])[] = [
    [() => true, ['unlink', 'rmdir']],
    // It was not there when that was asked, and is now.
    [path => path !== dir, ['stat', 'stat', 'unlink', 'rmdir']],
    [() => false, ['stat', 'stat', 'rename', 'unlink', 'rmdir']],
  ]
  for (const [isLocal, calls] of ways) {
    const first = (await cell.create(dir, { fields: ['a'] })) as State
    // On Windows an unlink is not exclusive, and a rename comes before it.
    const all = calls.flatMap(op => (isWindows && op === 'unlink' ? ['rename', op] : [op]))
    assert.equal(await callsOf(isLocal, cell.clear.steps(dir, first)), all)
    assert.equal(readdirSync(top), [])
    assert.is(await cell.clear(dir, first), false)
  }
})

holds('a tombstone that could not be removed says what was removed, and that it was', async () => {
  const dir = join(scratch(), 'cell')
  const first = (await cell.create(dir, { fields: ['a'] })) as State
  const failing = through(cell.clear.steps(dir, first), call => {
    if (call.op === 'unlink')
      throw Object.assign(new Error('EACCES'), { code: 'EACCES', errno: -13, syscall: 'unlink' })
    return call.op === 'local' ? { op: 'settle', args: [false] } : call
  })
  await assert.rejects(dual(() => failing)(), { code: 'EACCES' })
  const now = (await cell.read(dir)) as State
  assert.equal([now.gone, now.fields, now.version], [true, ['a'], 2])
  assert.is(await cell.clear(dir, now), true)
})

const elsewhere = memory && statSync(memory).dev !== statSync(tmpdir()).dev ? scratch(memory) : undefined
if (!elsewhere) holds.skip('a cell by a link to another filesystem is as local as that is', 'there is only one')
else
  holds('a cell by a link to another filesystem is as local as that is', async () => {
    const [dir, there] = [join(scratch(tmpdir()), 'cell'), join(elsewhere, 'cell')]
    const first = (await cell.create(there)) as State
    symlinkSync(there, dir)
    const calls = await callsOf(path => path !== dir, cell.clear.steps(dir, first))
    assert.equal(calls, ['stat', 'stat', 'rename', 'unlink', 'rmdir'])
    assert.is(await cell.read(dir), undefined)
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
  await assert.rejects(cell.read(dir, { retryFor: 20 }), {
    code: 'ERR_NOT_A_CELL',
    message: /two states .* remove the directory/,
  })
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
