// A memo: no value is older than the read where one call proves it, and elsewhere at most as old as was said.

import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Call, dual, type Op, type Steps } from 'holdfast/steps'
import { type Backing, fileStore, getOrSet, memo, memoryStore, openStore, type Store, scope } from 'holdfast/store'
import { assertLinearizable, contender, type Model, type Operation, type World } from 'holdfast/testing'
import { opsThat } from '../../lib/core/traits.js'
import { innerOf } from '../../lib/store/inner.js'
import { memoryBacking } from '../../lib/store/memory.js'
import { over } from '../../lib/store/over.js'
import { through } from '../broken/interfere.js'
import { Floor } from '../support/floor.js'
import {
  assert,
  catchInRace,
  caught,
  explored,
  holds,
  nobodyThrew,
  note,
  places,
  prove,
  race,
  raced,
  scratch,
  sized,
} from '../support/kit.js'
import { aRead, laySteps, steppedBacking, unproven } from '../support/stepped.js'

const max = 100
const inward = opsThat('inline')

/** The calls that reach the disk. */
async function callsOf(steps: Steps<unknown>): Promise<Op[]> {
  const calls: Op[] = []
  const watch = (call: Call): Call => {
    if (!inward.has(call.op) && call.op !== 'local') calls.push(call.op)
    return call
  }
  await dual(() => through(steps, watch))()
  return calls
}

/** Counts the calls of an engine. */
function counted(backing: Backing): { backing: Backing; calls: { read: number; stillThere: number } } {
  const calls = { read: 0, stillThere: 0 }
  const { stillThere } = backing
  const counting = over(backing, {
    read: key => {
      calls.read++
      return backing.read(key)
    },
    ...(stillThere && {
      stillThere: (key, kept) => {
        calls.stillThere++
        return stillThere.call(backing, key, kept)
      },
    }),
  })
  return { backing: counting, calls }
}

/** Plays of the races: this file is its own worker. */
const plays = {
  /** Changes the value again and again, and says each time that it has done so. */
  writer: async (dir: string, round: number) => {
    const store = fileStore<number>(join(dir, 'store'), { durability: 'none' })
    const floor = new Floor(join(dir, 'floor'))
    const until = performance.now() + sized(1_000, 15_000)
    let value = round * 1_000_000
    for (; performance.now() < until; value++) {
      store.update.sync('k', value)
      floor.raise(value)
      // Readers must be given hits as well.
      if (value % 8 === 0) await new Promise(resolve => setTimeout(resolve, 1))
    }
    return value - round * 1_000_000
  },
  reader: (dir: string) => reading(dir, backing => backing),
  trusting: (dir: string) => reading(dir, unproven, Number.POSITIVE_INFINITY),
}

interface Reading {
  readonly reads: number
  readonly old: number
  readonly hits: number
  readonly values: number
}

function reading(dir: string, kind: (backing: Backing) => Backing, trust = 0): Reading {
  const floor = new Floor(join(dir, 'floor'))
  const { backing, calls } = counted(kind(innerOf(fileStore(join(dir, 'store'), { durability: 'none' })).backing))
  const store = memo(openStore<number>(backing), { max, trust })
  const values = new Set<number>()
  const until = performance.now() + sized(1_000, 15_000)
  let [reads, old] = [0, 0]
  for (; performance.now() < until; reads++) {
    const least = floor.read()
    const { value = -1 } = store.get.sync('k') ?? {}
    if (value < least) old++
    values.add(value)
  }
  return { reads, old, hits: reads - calls.read, values: values.size }
}

if (!contender(plays)) {
  holds('on files a hit is one call, and a miss reads anew', async () => {
    const files = fileStore<string>(scratch(), { durability: 'none' })
    const store = memo(files, { max })
    await files.create('k', 'x'.repeat(1000))
    assert.ok((await callsOf(store.get.steps('k'))).length > 1)
    assert.equal(await callsOf(store.get.steps('k')), ['exists'])
    await files.update('k', 'another')
    assert.is((await store.get('k'))?.value, 'another')
    assert.equal(await callsOf(store.get.steps('k')), ['exists'])
    // What it wrote itself it need not read.
    await store.update('k', 'its own')
    assert.equal(await callsOf(store.get.steps('k')), ['exists'])
    assert.is(store.get.sync('k')?.value, 'its own')
    await files.remove('k')
    assert.is(await store.get('k'), undefined)
    assert.is(await store.get('k'), undefined)
  })

  holds('a full hit of many keys reads nothing', async () => {
    const { backing, calls } = counted(memoryBacking())
    const store = memo(openStore<number>(backing), { max })
    const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
    for (const [at, key] of keys.entries()) await store.create(key, at)
    calls.read = 0
    assert.equal(
      [...(await store.getMany(keys)).values()].map(({ value }) => value),
      [...keys.keys()],
    )
    assert.equal(calls, { read: 0, stillThere: 20 })
  })

  holds('what a caller does to its value changes nothing for others', async () => {
    interface Boxed {
      bytes: Uint8Array
    }
    // It hands out the very bytes that it is given.
    const aliasing = {
      encode: ({ bytes }: Boxed) => bytes,
      decode: (bytes: Uint8Array) => ({ bytes }),
    }
    const given = Buffer.from('given')
    const store = memo(openStore<Boxed>(memoryBacking(), { codec: aliasing }), { max })
    await store.create('k', { bytes: given })
    for (let round = 0; round < 3; round++) {
      const { value } = (await store.get('k')) ?? {}
      assert.is(Buffer.from(value?.bytes ?? []).toString(), 'given')
      value?.bytes.fill(0)
      given.fill(0)
    }
    const json = memo(memoryStore<{ list: number[] }>(), { max })
    await json.create('k', { list: [1] })
    ;(await json.get('k'))?.value?.list.push(2)
    assert.equal((await json.get('k'))?.value, { list: [1] })
  })

  holds('expiry is looked at on each read, however long ago the value was read', async () => {
    let nowMs = 1_000
    for (const kind of [(one: Backing) => one, unproven]) {
      const backing = kind(memoryBacking(() => nowMs))
      const store = memo(openStore<number>(backing), { max, trust: kind === unproven ? 60_000 : 0 })
      await store.create('k', 1, { ttl: 1_500 })
      assert.is((await store.get('k'))?.value, 1)
      if (kind === unproven) await new Promise(resolve => setTimeout(resolve, 1_550))
      else nowMs += 1_500
      assert.is(await store.get('k'), undefined)
      assert.is((await store.touch('k', 1_500)).ok, kind === unproven)
    }
  })

  holds('where nothing proves a value, it may be as old as was said, and changes are judged by the store', async () => {
    const backing = unproven(memoryBacking())
    const [store, others] = [memo(openStore<number>(backing), { max, trust: 60_000 }), openStore<number>(backing)]
    const { entry } = await store.create('k', 1)
    const later = await others.update('k', 2)
    assert.is((await store.get('k'))?.value, 1)
    const refused = await store.update('k', 3, { ifVersion: entry?.version as string })
    assert.equal([refused.ok, refused.entry?.value], [false, 2])
    // It was told, so it knows.
    assert.is((await store.get('k'))?.value, 2)
    assert.ok((await store.update('k', 3, { ifVersion: later.entry?.version as string })).ok)
    await others.remove('k')
    assert.is((await store.get('k'))?.value, 3)
    assert.ok((await store.create('k', 4)).ok)
    const brief = memo(openStore<number>(backing), { max, trust: 20 })
    assert.is((await brief.get('k'))?.value, 4)
    await others.remove('k')
    await new Promise(resolve => setTimeout(resolve, 30))
    assert.is(await brief.get('k'), undefined)
  })

  holds('getOrSet takes what is in memory, and asks the store when it is to make a value anew', async () => {
    const { backing, calls } = counted(unproven(memoryBacking()))
    const [store, others] = [memo(openStore<number>(backing), { max, trust: 60_000 }), openStore<number>(backing)]
    assert.is((await getOrSet(store, 'k', () => 1)).source, 'made')
    calls.read = 0
    const hit = await getOrSet(store, 'k', () => 2)
    assert.equal([hit.source, hit.value, calls.read], ['hit', 1, 0])
    await others.update('k', 3)
    const renewed = await getOrSet(store, 'k', () => 4, { refresh: hit.version as string })
    assert.equal(renewed.value, 3)
    assert.is((await getOrSet(store, 'k', () => 5)).value, 3)
  })

  holds('without trust, and without a proof, nothing is remembered', async () => {
    const { backing, calls } = counted(unproven(memoryBacking()))
    const store = memo(openStore<number>(backing), { max })
    await store.create('k', 1)
    calls.read = 0
    await store.get('k')
    await store.get('k')
    assert.is(calls.read, 2)
  })

  holds('a read that was overtaken by a change of this object is not remembered', async () => {
    const memory = memoryBacking()
    let hold: Promise<void> | undefined
    const slow = unproven(
      over(memory, {
        *read(key) {
          const kept = yield* memory.read(key)
          if (hold) yield { op: 'settle', args: [hold] }
          return kept
        },
      }),
    )
    const store = memo(openStore<number>(slow), { max, trust: 60_000 })
    await openStore<number>(memory).create('k', 1)
    let release = () => {}
    hold = new Promise(resolve => {
      release = resolve
    })
    const early = store.get('k')
    await Promise.resolve()
    hold = undefined
    await store.update('k', 2)
    release()
    assert.is((await early)?.value, 1)
    assert.is((await store.get('k'))?.value, 2)
  })

  holds('it keeps the values that were used last, forgets them when it is closed, and nests', async () => {
    const { backing, calls } = counted(memoryBacking())
    const store = memo(openStore<number>(backing), { max: 2 })
    for (const key of ['a', 'b', 'c']) await store.create(key, 1)
    calls.read = 0
    for (const key of ['b', 'c', 'a', 'c', 'b']) await store.get(key)
    assert.is(calls.read, 2)
    const nested = memo(memo(scope(memo(memoryStore<number>(), { max }), 's'), { max }), { max: 1 })
    for (const key of ['a', 'b']) await nested.create(key, 1)
    for (let round = 2; round < 5; round++)
      for (const key of ['a', 'b']) assert.is((await nested.update(key, ({ value }) => value + 1)).entry?.value, round)
    await nested.close()
    await assert.rejects(nested.get('a'), { code: 'ERR_STORE_CLOSED' })
  })

  holds('damage is not remembered, and a value that is damaged later is not missed', async () => {
    const dir = scratch()
    const files = fileStore<string>(dir, { durability: 'none' })
    const store = memo(files, { max })
    await files.create('k', 'x'.repeat(1000))
    const value = readdirSync(dir, { recursive: true }).find(name => String(name).includes('.payload.')) as string
    appendFileSync(join(dir, value), 'more')
    assert.is(await store.get('k'), undefined)
    assert.is(await store.get('k'), undefined)
    assert.ok((await store.create('k', 'new')).ok)
    assert.is((await store.get('k'))?.value, 'new')
  })

  holds('bad input is refused', () => {
    const store = memoryStore()
    for (const most of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => memo(store, { max: most }), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => memo(store, {} as never), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => memo(store, { max, trust: -1 }), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => memo(store, { max, ttl: 1 } as never), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => memo({} as Store<unknown>, { max }), { code: 'ERR_INVALID_ARG_TYPE' })
  })

  type Did = Operation<string, string | undefined>
  const model: Model<string, string, string | undefined> = {
    initial: 'old',
    key: state => state,
    step: (state, asked, returned) => {
      if (asked === 'get') return !returned || (returned.output ?? '') === state ? [state] : []
      if (asked === 'remove') return ['']
      return state === '' ? [''] : [asked]
    },
  }

  /** Each player is a process with a memo of its own, over one engine. */
  function remembering(kind: (backing: Backing) => Store<string>): World {
    let history: Did[] = []
    let around = ''
    function* play(store: Store<string>, process: string, asked: readonly string[], now: () => number): Steps<void> {
      for (const input of asked) {
        // A process does other things in between, also where its call makes no step.
        yield* aRead(around)
        const pending: Did = { process, input, call: now(), ended: Number.POSITIVE_INFINITY }
        const at = history.push(pending) - 1
        let output: string | undefined
        if (input === 'get') output = (yield* store.get.steps('k'))?.value
        else if (input === 'remove') yield* store.remove.steps('k')
        else yield* store.update.steps('k', input)
        history[at] = { ...pending, output, ended: now() }
        if (input === 'get') seen.add(output)
      }
    }
    return {
      kills: 1,
      setup: dir => laySteps(dir),
      players: dir => {
        let time = 0
        around = dir
        history = []
        const memory = memoryBacking(() => 0)
        openStore(memory).create.sync('k', 'old')
        const player = (name: string, asked: readonly string[]) =>
          play(kind(steppedBacking(dir, memory)), name, asked, () => ++time)
        return { R: player('R', ['get', 'get']), W: player('W', ['new', 'remove']) }
      },
      check: ending => {
        nobodyThrew(ending)
        assertLinearizable(model, history)
      },
    }
  }

  /** The same on files: each step is a call to the disk. */
  function onFiles(kind: (files: Store<string>) => Store<string>): World {
    let log = { changedAt: Number.POSITIVE_INFINITY, reads: [] as { call: number; value: string | undefined }[] }
    const open = (dir: string) => fileStore<string>(join(dir, 'store'), { durability: 'none', gc: 'manual' })
    function* read(store: Store<string>, now: () => number): Steps<void> {
      for (let turn = 0; turn < 3; turn++) {
        const call = now()
        const value = (yield* store.get.steps('k'))?.value
        log.reads.push({ call, value })
        seen.add(value)
      }
    }
    function* write(store: Store<string>, now: () => number): Steps<void> {
      yield* store.update.steps('k', 'new')
      log.changedAt = now()
    }
    return {
      kills: 1,
      setup: dir => void open(dir).create.sync('k', 'old'),
      players: dir => {
        let time = 0
        log = { changedAt: Number.POSITIVE_INFINITY, reads: [] }
        const now = () => ++time
        return { R: read(kind(open(dir)), now), W: write(open(dir), now) }
      },
      check: ending => {
        nobodyThrew(ending)
        const late = log.reads.filter(({ call }) => call > log.changedAt)
        for (const { value } of late) assert.is(value, 'new', 'an old value after the change')
      },
    }
  }

  const seen = new Set<string | undefined>()
  explored('explored on files: what a memo returns is what is there', () => {
    seen.clear()
    const world = onFiles(files => memo(files, { max }))
    const collided = () => seen.has('old') && seen.has('new')
    assert.ok(prove('memo on files', world, {}, collided).complete)
  })

  explored('the same world catches: a memo that looks whether anything is there', () => {
    const careless = (files: Store<string>) => {
      const { backing } = innerOf<string>(files)
      const present = function* (key: string): Steps<boolean> {
        return (yield* backing.read(key)) !== undefined
      }
      return memo(openStore<string>(over(backing, { stillThere: present })), { max })
    }
    caught('presence', /an old value after the change/, onFiles(careless))
  })

  explored('explored: what a memo returns is what is there', () => {
    seen.clear()
    const world = remembering(backing => memo(openStore<string>(backing), { max }))
    assert.ok(prove('memo', world, { reduction: 'none' }, () => seen.size === 3).complete)
  })

  explored('the same world catches: a memo that does not ask', () => {
    const trust = Number.POSITIVE_INFINITY
    const world = remembering(backing => memo(openStore<string>(unproven(backing)), { max, trust }))
    caught('memo without a stat', /not linearizable/, world, { reduction: 'none' })
  })

  const lay = (dir: string) => {
    fileStore<number>(join(dir, 'store'), { durability: 'none' }).create.sync('k', -1)
    Floor.lay(join(dir, 'floor'), -1)
  }

  for (const { kind, dir: place } of places)
    raced(`race on ${kind}: seven read through a memo what one writes, and no read is old`, async () => {
      const least = sized(5_000, 100_000)
      const sum = { reads: 0, old: 0, hits: 0, values: 0 }
      while (sum.reads < least) {
        // A fresh one: the values of each race begin with 0.
        const dir = scratch(place)
        lay(dir)
        const [results = []] = await race(import.meta.url, { dir, cast: { writer: 1, reader: 7 }, rounds: 1 })
        for (const { role, value, message } of results) {
          assert.is(message, undefined)
          if (role === 'reader')
            for (const name of Object.keys(sum) as (keyof Reading)[]) sum[name] += (value as Reading)[name]
        }
      }
      note(`${kind}: ${sum.reads} reads, ${sum.hits} of them from memory, ${sum.values} values seen, ${sum.old} old`)
      assert.is(sum.old, 0)
      assert.ok(sum.hits > sum.reads / 20 && sum.reads - sum.hits > 20, 'no contention')
    })

  raced('the same race catches: a memo that does not ask', async () => {
    const dir = scratch()
    lay(dir)
    const isOld = (results: readonly { value?: unknown }[]) => results.some(({ value }) => (value as Reading).old > 0)
    await catchInRace(import.meta.url, { dir, cast: { writer: 1, trusting: 1 }, rounds: 3 }, isOld)
  })
}
