// The data of a cell's states: written once, kept by the states that say so, and removed by the call that replaces it.

import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, type Reading, type State, sweep } from 'holdfast'
import { type Call, dual, fs, type Op, type Steps, tidy } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { payloadOf } from '../../lib/cell/payload.js'
import { parseState, spellState } from '../../lib/cell/state.js'
import { opsThat } from '../../lib/core/traits.js'
import { through } from '../broken/interfere.js'
import { deadPid } from '../support/dead-owner.js'
import { assert, caught, explored, holds, prove, scratch, sized } from '../support/kit.js'

const isPrivate = (name: string): boolean => name.startsWith('.')

/** The second field says what the data is. What is removed may be a tombstone first, without it. */
const isWhole = ({ state: { gone, fields, payload }, data }: Reading): boolean =>
  gone && !payload ? data === undefined : String(data) === `${fields[1]} whole`

type Change = (dir: string, label: string) => Steps<unknown>

/** Replaces the data. */
const stating: Change = function* (dir, label) {
  const was = yield* cell.read.steps(dir)
  const next = { fields: [label, label], data: `${label} whole` }
  return was && (yield* cell.swap.steps(dir, was, next, { durability: 'none' }))
}

/** Keeps the data. */
const keeping: Change = function* (dir, label) {
  const was = yield* cell.read.steps(dir)
  if (!was?.payload) return undefined
  return yield* cell.swap.steps(dir, was, { fields: [label, was.fields[1] as string], keepData: true })
}

const keepingTwice: Change = function* (dir, label) {
  const first = yield* keeping(dir, `${label}1`)
  return (yield* keeping(dir, `${label}2`)) ?? first
}

const clearing: Change = function* (dir) {
  const was = yield* cell.read.steps(dir)
  return was && ((yield* cell.clear.steps(dir, was)) || undefined)
}

/** Removes what it would have kept, if another call was first. */
const droppingWhatItWouldKeep: Change = function* (dir, label) {
  const was = yield* cell.read.steps(dir)
  if (!was) return undefined
  const done = yield* cell.swap.steps(dir, was, { fields: [label, was.fields[1] as string], keepData: true })
  if (!done && was.payload) yield* tidy(fs.unlink(payloadOf(dir, was.payload)))
  return done
}

/** Takes the data for unnamed as soon as the state is gone that it was read with. */
const droppingWithItsState: Change = function* (dir) {
  const was = yield* cell.read.steps(dir)
  if (!was) return undefined
  try {
    return (yield* cell.clear.steps(dir, was)) || undefined
  } catch (error) {
    const now = yield* cell.read.steps(dir)
    if (now?.nonce !== was.nonce && was.payload) yield* tidy(fs.unlink(payloadOf(dir, was.payload)))
    throw error
  }
}

/** Reads the state and its data, which must belong together. */
function* loading(dir: string): Steps<string> {
  const now = yield* cell.load.steps(dir)
  if (now && !isWhole(now)) return `${now.state.fields}: ${now.data}`
  return 'one piece'
}

/** The players change a cell that has data; another reads it. */
function changing(players: Readonly<Record<string, Change>>, budgets: Partial<World> = {}, readers = 1): World {
  return {
    ...budgets,
    setup: dir => void cell.create.sync(join(dir, 'cell'), { fields: ['s', 's'], data: 's whole' }),
    players: dir =>
      Object.fromEntries(Object.entries(players).map(([name, change]) => [name, change(join(dir, 'cell'), name)])),
    adversaries: dir => (readers ? { reader: loading(join(dir, 'cell')) } : {}),
    check: ({ dir, outcomes }) => {
      const { reader, ...others } = outcomes
      if (readers && (reader?.how !== 'returned' || reader.value !== 'one piece'))
        throw new Error(`saw ${reader?.how === 'threw' ? reader.error : JSON.stringify(reader)}`)
      for (const [name, outcome] of Object.entries(others)) {
        if (outcome.how !== 'threw' || outcome.injected) continue
        // Once a reply was a lie, any player may end without knowing the outcome.
        const mayNotKnow = budgets.lies && (outcome.error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_OUTCOME'
        if (!mayNotKnow) throw new Error(`${name} threw ${outcome.error}`)
      }
      const last = cell.load.sync(join(dir, 'cell'), { retryFor: 0 })
      if (last && !isWhole(last)) throw new Error(`in the end ${last.data}`)
      const all = Object.values(others)
      if (all.every(({ how }) => how === 'returned') && !all.some(one => one.how === 'returned' && one.value))
        throw new Error('nobody won')
      // If the clean-up failed, the payload is left to `sweep`.
      const undisturbed = !budgets.failures && !budgets.lies && all.every(({ how }) => how === 'returned')
      const payloads = readdirSync(dir).filter(name => name.endsWith('.payload.holdfast'))
      if (undisturbed && payloads.length !== (last?.state.payload ? 1 : 0)) throw new Error(`payloads: ${payloads}`)
    },
  }
}

const long = { maxSchedules: 10_000_000 }
const namesOf = (players: Readonly<Record<string, Change>>): string => Object.keys(players).join(', ')

for (const [what, players, budgets, bounds] of [
  ['one killed', { a: stating, b: stating }, { kills: 1 }],
  ['one lie', { a: stating, b: stating }, { lies: 1 }],
  ['one failure', { a: stating, b: stating }, { failures: 1 }],
  ['one of them keeps it, one killed', { a: stating, b: keepingTwice }, { kills: 1 }],
  ['one of them keeps it, one lie', { a: stating, b: keepingTwice }, { lies: 1 }],
  ['one of them keeps it, one failure', { a: stating, b: keepingTwice }, { failures: 1 }],
  ['both keep it, one killed, two lies', { a: keeping, b: keeping }, { kills: 1, lies: 2 }],
  ['one removes it, one keeps it, one killed', { a: clearing, b: keeping }, { kills: 1 }],
  ['one removes it, one keeps it, one lie', { a: clearing, b: keeping }, { lies: 1 }, { preemptions: sized(1, 2) }],
  ['one removes it, one keeps it, aborted', { a: clearing, b: keeping }, { aborts: 1 }],
  ['three: replaced, kept, removed', { a: stating, b: keeping, c: clearing }, {}, { preemptions: 2 }],
] as const satisfies readonly (readonly unknown[])[])
  explored(`explored: players ${namesOf(players)} change what has data, ${what}: never data of another state`, () => {
    const { complete } = prove(`cell with data, ${what}`, changing(players, budgets), { ...long, ...bounds })
    assert.ok(complete || bounds)
  })

/** As often as it takes to forget which state came first. */
const keepingOn: Change = function* (dir, label) {
  let done: unknown
  for (let nth = 1; nth <= 4; nth++) done = (yield* keeping(dir, `${label}${nth}`)) ?? done
  return done
}

const forgotten = { failures: 1, failIn: ['unlink'] } as const

explored('explored: a call that removes a state fails, and the state is followed by four that keep its data', () => {
  const { complete } = prove('cell, kept on', changing({ a: clearing, b: keepingOn }, forgotten, 0), long)
  assert.ok(complete)
})

explored('the same worlds catch: data that is removed by a call that has not replaced it', () => {
  caught('the loser removes it', /the data|saw/, changing({ a: keeping, b: droppingWhatItWouldKeep }))
  caught(
    'it goes with its first state',
    /the data|saw/,
    changing({ a: droppingWithItsState, b: keepingOn }, forgotten, 0),
  )
})

/** The calls that reach the disk. */
async function callsOf(steps: Steps<unknown>): Promise<Op[]> {
  const calls: Op[] = []
  const watch = (call: Call): Call => {
    if (!opsThat('inline', 'unfailing').has(call.op)) calls.push(call.op)
    return call
  }
  await dual(() => through(steps, watch))()
  return calls
}

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

holds('data outlives every swap that keeps it, in one call each, and goes with the one that does not', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir, { data: 'kept' })) as State
  const payloads = readdirSync(top).filter(isPrivate)
  let now = first
  for (let nth = 1; nth <= 6; nth++) {
    const calls = await callsOf(cell.swap.steps(dir, now, { fields: [`${nth}`], keepData: true }))
    assert.equal(calls, ['rename'])
    const reading = await cell.load(dir)
    assert.equal([reading?.state.fields, String(reading?.data)], [[`${nth}`], 'kept'])
    assert.is(await cell.swap(dir, now, { keepData: true }), undefined)
    now = reading?.state as State
  }
  assert.equal(readdirSync(top).filter(isPrivate), payloads)
  assert.equal(now.payload, { owner: first.payload?.owner, nonce: first.nonce, size: 4 })
  const grave = (await cell.swap(dir, now, { gone: true, keepData: true })) as State
  assert.is(String(cell.load.sync(dir)?.data), 'kept')
  const risen = (await cell.swap(dir, grave, { data: 'new' })) as State
  assert.equal([readdirSync(top).filter(isPrivate).length, String((await cell.load(dir))?.data)], [1, 'new'])
  const kept = (await cell.swap(dir, risen, { keepData: true })) as State
  assert.is(await cell.clear(dir, kept), true)
  assert.equal(readdirSync(top), [])
})

holds('there is nothing to keep where there is none, and data is not both kept and given', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir, { keepData: true })) as State
  assert.is((await cell.swap(dir, first, { keepData: true }))?.payload, undefined)
  const now = (await cell.read(dir)) as State
  for (const form of [cell.swap, cell.swap.sync]) {
    const swap = async (next: object) => form(dir, now, next)
    await assert.rejects(swap({ keepData: true, data: 'x' }), { code: 'ERR_INVALID_ARG_VALUE' })
    await assert.rejects(swap({ keepData: 'no' }), { code: 'ERR_INVALID_ARG_TYPE' })
    await assert.rejects(swap({ gone: 1 }), { code: 'ERR_INVALID_ARG_TYPE' })
  }
  assert.equal(readdirSync(top), ['cell'])
  assert.equal(await cell.read(dir), now)
})

holds('the longest name of a state has at most 208 bytes, and is read as it was spelled', async () => {
  const [nonce, owner] = ['0123456789abcdef', `${'z'.repeat(13)}-${'z'.repeat(7)}-${'z'.repeat(8)}`]
  const lineage = [nonce, nonce, nonce]
  const payload = { owner, nonce: 'fedcba9876543210', size: 36 ** 7 - 1 }
  const state = { gone: false, version: 36 ** 9 - 1, fields: ['y'.repeat(71)], nonce, lineage, payload }
  const others = [
    { owner, nonce, size: 0 },
    { ...payload, size: undefined },
    { owner, nonce, size: undefined },
    undefined,
  ]
  for (const one of [state, ...others.map(payload => ({ ...state, payload }))])
    assert.equal(parseState(spellState(one)), one)
  assert.is(spellState({ ...state, fields: ['y'.repeat(72)] }).length, 208)
  const dir = join(scratch(), 'cell')
  const first = (await cell.create(dir, { data: 'x' })) as State
  await assert.rejects(cell.swap(dir, first, { fields: ['y'.repeat(73)] }), { code: 'ERR_OUT_OF_RANGE' })
  assert.ok(await cell.swap(dir, first, { fields: ['y'.repeat(72)], keepData: true }))
})

/** A process of this machine that died: the same place, another pid. */
function ownerThatDied({ payload }: State): string {
  const [place] = (payload?.owner ?? '').split('-')
  return `${place}-${deadPid().toString(36)}-1`
}

holds('sweep takes data that no state names, and only that', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir, { data: 'kept' })) as State
  const [payload] = readdirSync(top).filter(isPrivate)
  const dead = ownerThatDied(first)
  const orphan = `.cell.${dead}.00112233aabbccdd.payload.holdfast`
  const elsewhere = `.file.${dead}.00112233aabbccdd.payload.holdfast`
  for (const name of [orphan, elsewhere]) writeFileSync(join(top, name), 'lost')
  writeFileSync(join(top, 'file'), 'no cell')
  assert.equal(await sweep(top), [orphan])
  assert.equal(readdirSync(top).sort(), [payload, elsewhere, 'cell', 'file'].sort())
  assert.is(String((await cell.load(dir))?.data), 'kept')
})

holds('sweep leaves the data that a later state has kept, though the process that wrote it is dead', async () => {
  const top = scratch()
  const dir = join(top, 'cell')
  const first = (await cell.create(dir, { data: 'kept' })) as State
  // As if that process had written it.
  const orphaned = { ...first, payload: { owner: ownerThatDied(first), nonce: first.nonce } }
  renameSync(join(dir, spellState(first)), join(dir, spellState(orphaned)))
  renameSync(payloadOf(dir, first.payload as never), payloadOf(dir, orphaned.payload))
  const now = (await cell.swap(dir, orphaned, { fields: ['a'], keepData: true })) as State
  assert.equal(await sweep(top), [])
  assert.is(String((await cell.load(dir))?.data), 'kept')
  assert.ok(await cell.swap(dir, now, { fields: ['b'] }))
  assert.equal(readdirSync(top), ['cell'])
})
