// Scopes: what is dropped stays dropped, and reads make nothing.

import type { Steps } from 'holdfast/steps'
import {
  type Backing,
  enabled,
  fileStore,
  getOrSet,
  memoryStore,
  multiScope,
  openStore,
  prefix,
  scope,
} from 'holdfast/store'
import { assertLinearizable, type Model, type Operation, type World } from 'holdfast/testing'
import { innerOf } from '../../lib/store/inner.js'
import { draft } from '../../lib/store/kept.js'
import { memoryBacking } from '../../lib/store/memory.js'
import {
  dropped,
  dropThatSets,
  forgetsWhatItSaw,
  memoisedGeneration,
  readsThatMake,
  type Scoped,
  sweepsTooEarly,
} from '../broken/scopes.js'
import { assert, caught, explored, holds, nobodyThrew, prove, scratch } from '../support/kit.js'
import { aRead, aWrite, laySteps, steppedBacking, unproven } from '../support/stepped.js'

const all = (store: { keys(): Iterable<string> }): string[] => [...store.keys()].sort()

holds('values vanish when the scope is dropped, and it is usable again', async () => {
  const store = memoryStore<number>()
  const one = scope(store, 'one')
  await store.create('beside', 0)
  assert.ok((await one.create('k', 1)).ok)
  assert.is((await one.get('k'))?.value, 1)
  assert.equal([...one.keys()], ['k'])
  assert.is(await one.drop(), true)
  assert.is(await one.get('k'), undefined)
  assert.equal([...one.keys()], [])
  assert.ok((await one.create('k', 2)).ok)
  assert.is((await scope(store, 'one').get('k'))?.value, 2)
  assert.is((await store.get('beside'))?.value, 0)
})

holds('reads make no generation, and neither does a drop or a change that finds nothing', async () => {
  const store = memoryStore<number>()
  const one = scope(store, 'one')
  assert.is(await one.get('k'), undefined)
  assert.is((await one.getMany(['k', 'l'])).size, 0)
  assert.equal([...one.keys()], [])
  assert.is((await one.update('k', 1)).ok, false)
  assert.is((await one.touch('k', 1000)).ok, false)
  assert.is((await one.remove('k')).ok, false)
  assert.is(await one.drop(), false)
  await one.sweep()
  assert.is(await one.generation(), undefined)
  assert.equal(all(store), [])
})

holds('all that share the store share the generation, and each drop makes way for another', async () => {
  const store = memoryStore<number>()
  const [a, b] = [scope(store, 'one'), scope(store, 'one')]
  await Promise.all([a.create('k', 1), b.create('l', 2)])
  assert.is(await a.generation(), await b.generation())
  assert.is((await b.get('k'))?.value, 1)
  const before = await a.generation()
  assert.equal(await Promise.all([a.drop(), b.drop()]), [true, false])
  await b.create('k', 3)
  assert.match((await a.generation()) ?? '', /^[0-9a-f]{16}$/)
  assert.is.not(await a.generation(), before)
})

holds('sweep takes what was dropped, and nothing else', async () => {
  const store = memoryStore<number>()
  const [one, other] = [scope(store, 'one'), scope(store, 'one more')]
  const looksLikeOne = '0123456789abcdef/k'
  await store.create(looksLikeOne, 0)
  await other.create('k', 1)
  for (let round = 0; round < 3; round++) {
    await one.create(`k${round}`, round)
    if (round < 2) await one.drop()
  }
  await scope(one, 'inside').create('k', 1)
  assert.is(all(store).length, 9)
  assert.equal(await one.sweep(), { expired: 0, tombstones: 0, debris: 2 })
  assert.is((await one.get('k2'))?.value, 2)
  assert.is((await other.get('k'))?.value, 1)
  assert.is((await scope(one, 'inside').get('k'))?.value, 1)
  assert.is((await store.get(looksLikeOne))?.value, 0)
  await one.drop()
  await one.sweep()
  assert.equal(all(store), [looksLikeOne, ...all(store).filter(key => key.startsWith('scope/one more'))])
})

holds('several scopes at once: dropping any of them drops it, in whatever order they are given', async () => {
  for (const which of [0, 1, 2]) {
    const store = memoryStore<number>()
    const scopes = ['b', 'a', 'c'].map(name => scope(store, name))
    await multiScope(store, scopes).create('k', 1)
    const again = multiScope(store, [...scopes].reverse())
    assert.is((await again.get('k'))?.value, 1)
    // Neither one of them alone nor another choice of them has it.
    assert.is(await scopes[0]?.get('k'), undefined)
    assert.is(await multiScope(store, scopes.slice(0, 2)).get('k'), undefined)
    assert.is(await scopes[which]?.drop(), true)
    assert.is(await again.get('k'), undefined)
    await again.create('k', 2)
    assert.is((await multiScope(store, scopes).get('k'))?.value, 2)
    assert.is((await again.sweep()).debris, 1)
  }
})

holds('a scope in a scope is dropped with it, and names cannot lead out of theirs', async () => {
  const store = memoryStore<number>()
  const outer = scope(store, 'o')
  const inner = scope(outer, 'i')
  await inner.create('k', 1)
  await outer.drop()
  assert.is(await inner.get('k'), undefined)
  const names = ['a', 'a/b', 'a%2Fb', 'a+b', 'a%2Bb', '%', '☃', '..']
  for (const [at, name] of names.entries()) await scope(store, name).create('k', at)
  for (const [at, name] of names.entries()) assert.is((await scope(store, name).get('k'))?.value, at)
  const both = multiScope(store, [scope(store, 'a'), scope(store, 'b')])
  await both.create('k', 9)
  assert.is((await scope(store, 'a+b').get('k'))?.value, 3)
})

holds('versions, ends and tombstones are those of the store below', async () => {
  const store = memoryStore<number>()
  const one = scope(store, 'one')
  const { entry } = await one.create('k', 1, { ttl: 60_000 })
  const below = all(store).find(key => key.endsWith('/k')) as string
  assert.equal(await store.get(below), entry)
  assert.is((await one.update('k', 2, { ifVersion: 'another' })).ok, false)
  assert.ok((await one.update('k', 2, { ifVersion: entry?.version as string })).ok)
  await one.remove('k', { tombstone: 60_000 })
  assert.is((await one.get('k'))?.gone, true)
  assert.is((await one.create('k', 3)).ok, false)
  await one.drop()
  assert.ok((await one.create('k', 3)).ok)
})

holds('the generation may be in another store, of which a drop there drops the members here', async () => {
  const [store, generations] = [memoryStore<Uint8Array>({ codec: 'bytes' }), memoryStore<string>()]
  const one = scope(store, 'one', { generations })
  await one.create('k', Buffer.from('v'))
  assert.equal([...generations.keys()], ['scope/one'])
  await generations.remove('scope/one')
  assert.is(await one.get('k'), undefined)
  // In the store itself as well, though that takes only bytes, and short ones.
  const short = memoryStore<Uint8Array>({ codec: 'bytes', maxValueBytes: 1 })
  assert.ok((await scope(short, 'a long name').create('k', Buffer.from('v'))).ok)
})

holds('with trust a dropped scope may be seen for so long, and by writes never', async () => {
  const backing = unproven(memoryBacking())
  const trusting = scope(openStore<number>(backing), 'one', { trust: 60_000 })
  const other = scope(openStore<number>(backing), 'one')
  await trusting.create('k', 1)
  assert.is((await trusting.get('k'))?.value, 1)
  await other.drop()
  assert.is((await trusting.get('k'))?.value, 1)
  assert.ok((await trusting.create('k', 2)).ok)
  assert.is((await other.get('k'))?.value, 2)
  assert.is((await trusting.get('k'))?.value, 2)
  await trusting.drop()
  assert.is(await trusting.get('k'), undefined)
})

holds(
  'what cannot be is refused: other stores, other names, no scopes, a generation that is not to be had',
  async () => {
    const store = memoryStore<string>()
    const type = 'ERR_INVALID_ARG_TYPE'
    assert.throws(() => scope({} as never, 'a'), { code: type })
    assert.throws(() => scope(store, ''), { code: 'ERR_INVALID_ARG_VALUE' })
    assert.throws(() => scope(store, 'a', { trust: -1 }), { code: 'ERR_OUT_OF_RANGE' })
    assert.throws(() => scope(store, 'a', { generations: {} as never }), {
      code: type,
      message: /options\.generations/,
    })
    assert.throws(() => scope(store, 'a', { generation: store } as never), { message: /nearest .* "generations"/ })
    assert.throws(() => multiScope(store, []), { code: type })
    assert.throws(() => multiScope(store, [store as never]), { code: type })
    assert.throws(() => multiScope(store, [scope(store, 'a'), scope(store, 'a')]), { code: 'ERR_INVALID_ARG_VALUE' })
    const closed = scope(store, 'a', { generations: enabled(store, { writes: false }) })
    await assert.rejects(closed.create('k', 'v'), { code: 'ERR_SCOPE_CLOSED' })
    assert.equal(all(store), [])
  },
)

holds('getOrSet: what is computed while its scope is dropped is given to all callers, and not stored', async () => {
  for (const claim of [true, false]) {
    const store = memoryStore<number>()
    const one = scope(store, 'one')
    await one.create('beside', 0)
    const got = await getOrSet(
      one,
      'k',
      async () => {
        await scope(store, 'one').drop()
        return 1
      },
      { claim },
    )
    assert.is(got.value, 1)
    if (claim) assert.is(got.source, 'unstored')
    assert.is(await one.get('k'), undefined)
    assert.is(await one.generation(), undefined)
    assert.is((await getOrSet(one, 'k', () => 2)).value, 2)
    assert.is((await getOrSet(one, 'k', () => 3)).source, 'hit')
    await one.sweep()
    assert.equal([...one.keys()], ['k'])
    assert.is([...store.keys()].length, 2)
  }
})

holds('a scope that was closed refuses, and leaves the store open', async () => {
  const store = memoryStore<number>()
  const one = scope(store, 'one')
  await one.close()
  await assert.rejects(one.get('k'), { code: 'ERR_STORE_CLOSED' })
  await assert.rejects(one.drop(), { code: 'ERR_STORE_CLOSED' })
  assert.ok((await scope(store, 'one').create('k', 1)).ok)
})

holds('on files: in sync form, with keys of any kind, below a prefix', () => {
  const store = prefix(fileStore<string>(scratch(), { durability: 'none' }), 'p:')
  const one = scope(store, 'a/b')
  for (const key of ['..', '/', 'con', '☃', 'x'.repeat(4000)]) one.create.sync(key, key)
  for (const key of ['..', '/', 'con', '☃', 'x'.repeat(4000)]) assert.is(one.get.sync(key)?.value, key)
  assert.is(one.drop.sync(), true)
  assert.is(one.get.sync('..'), undefined)
  assert.is(one.sweep.sync().debris, 5)
  assert.equal([...store.keys()], [])
})

// Worlds: each player is a process, with an object of its own over one engine.

type Asked = 'get' | 'create' | 'update' | 'drop' | 'sweep'
type Did = Operation<Asked, string | undefined>

/** One key of a scope. What `update` writes is what was there, and a mark. */
const model: Model<string, Asked, string | undefined> = {
  initial: 'old',
  key: state => state,
  step(state, asked, returned) {
    if (asked === 'sweep') return [state]
    if (asked === 'drop') return ['']
    const said = returned?.output
    if (asked === 'get') return !returned || (said ?? '') === state ? [state] : []
    const next = asked === 'create' ? (state === '' ? 'W' : state) : state === '' ? '' : `${state}+`
    return !returned || (said ?? state) === next ? [next] : []
  },
}

const moves: Record<Asked, (one: Scoped) => Steps<string | undefined>> = {
  *get({ members }) {
    return (yield* members.get.steps('k'))?.value
  },
  *create({ members }) {
    return (yield* members.create.steps('k', 'W')).ok ? 'W' : undefined
  },
  *update({ members }) {
    const { ok, entry } = yield* members.update.steps('k', old => `${old.value}+`)
    return ok ? entry?.value : undefined
  },
  *drop(one) {
    yield* one.drop()
    return undefined
  },
  *sweep({ members }) {
    return String((yield* members.sweep.steps()).debris)
  },
}

/** What each of the players asks, one after the other. `laid`: there is a value before. */
function living(
  programs: Readonly<Record<string, readonly Asked[]>>,
  {
    kind = dropped,
    kills = 0,
    laid = true,
  }: { kind?: (backing: Backing) => Scoped; kills?: number; laid?: boolean } = {},
): World {
  let history: Did[] = []
  let memory = memoryBacking(() => 0)
  function* play(one: Scoped, process: string, asked: readonly Asked[], now: () => number): Steps<void> {
    for (const [nth, input] of asked.entries()) {
      const pending: Did = { process, input, call: now(), ended: Number.POSITIVE_INFINITY }
      const at = history.push(pending) - 1
      const output = yield* moves[input](one)
      history[at] = { ...pending, output, ended: now() }
      outputs.add(`${process}-${nth} ${output}`)
    }
  }
  return {
    kills,
    setup: dir => laySteps(dir),
    players: dir => {
      let time = 0
      history = []
      memory = memoryBacking(() => 0)
      if (laid) scope(openStore<string>(memory), 's').create.sync('k', 'old')
      const players = Object.entries(programs).map(([name, asked]) => {
        const one = kind(steppedBacking(dir, memory))
        return [name, play(one, name, asked, () => ++time)] as const
      })
      return Object.fromEntries(players)
    },
    check: ending => {
      nobodyThrew(ending)
      assertLinearizable({ ...model, initial: laid ? 'old' : '' }, history)
      const wrote = Object.values(programs).some(asked => asked.includes('create'))
      if (!wrote && !laid) assert.equal([...openStore(memory).keys()], [], 'made by no write')
    },
  }
}

/** Who was given what, in all schedules of a world. If that is always the same, nobody got in anybody's way. */
const outputs = new Set<string>()
const options = { reduction: 'sleep' } as const
const collided = () => outputs.size > new Set([...outputs].map(one => one.split(' ')[0])).size

for (const [what, programs, kills, reduction] of [
  ['a drop beside a reader', { D: ['drop', 'get'], R: ['get', 'get'] }, 1, 'none'],
  ['a drop beside a writer', { D: ['drop', 'get'], W: ['create', 'get'] }, 1, 'none'],
  ['a drop beside an update', { D: ['drop', 'create'], W: ['update', 'get'] }, 1, 'sleep'],
  ['two drops beside a writer', { D: ['drop', 'get'], E: ['drop'], W: ['create'] }, 0, 'sleep'],
  ['a sweep beside the first writer', { S: ['sweep'], W: ['create', 'get'], D: ['drop'] }, 0, 'sleep'],
  ['a drop beside a writer and a reader', { D: ['drop'], W: ['create'], R: ['get', 'get'] }, 0, 'sleep'],
] as const)
  explored(`explored: ${what}: what was dropped is not found, and what was written after that is`, () => {
    outputs.clear()
    const world = living(programs, { kills })
    // Two orders of calls that commute may differ in what came before what, so in the small worlds every order is tried.
    assert.ok(prove(`scope, ${what}`, world, { reduction }, collided).complete)
  })

explored('explored: readers of a scope that was never written, beside a drop, make nothing', () => {
  const world = living({ D: ['drop', 'get'], R: ['get', 'update'] }, { laid: false })
  assert.ok(prove('scope, nothing was written', world, options, () => true).complete)
})

explored('the same worlds catch: a drop that sets a new generation', () => {
  const world = living({ D: ['drop'], R: ['get'] }, { laid: false, kind: dropThatSets })
  caught('drop that sets', /made by no write/, world, options)
})

explored('the same worlds catch: reads that make the generation', () => {
  const world = living({ D: ['drop'], R: ['get'] }, { laid: false, kind: readsThatMake })
  caught('reads that make', /made by no write/, world, options)
})

explored('the same worlds catch: a generation that is kept in memory', () => {
  const world = living({ D: ['drop'], R: ['get', 'get'] }, { kind: memoisedGeneration })
  caught('memoised', /not linearizable/, world, options)
})

explored('the same worlds catch: a sweep that reads the generation before what it looks at', () => {
  const world = living({ S: ['sweep'], W: ['create', 'get'], D: ['drop'] }, { kind: sweepsTooEarly })
  caught('sweeps too early', /not linearizable/, world, options)
})

/** One computes a value without a claim; the other changes what that is computed of, and then drops the scope. */
function invalidated(laid: boolean, kind = dropped): World {
  let source = 'old'
  let memory = memoryBacking(() => 0)
  function* fill(dir: string, { members }: Scoped): Steps<void> {
    const { backing } = innerOf<string>(members)
    const kept = yield* backing.read('k')
    if (kept?.kind === 'live') return
    yield* aRead(dir, 'source')
    const data = Buffer.from(JSON.stringify(source))
    const to = yield* draft(kept, { kind: 'live', ends: undefined, data })
    results.add(typeof (yield* backing.commit('k', kept, to)))
  }
  function* change(dir: string, one: Scoped): Steps<void> {
    yield* aWrite(dir, 'source')
    source = 'new'
    yield* one.drop()
  }
  const open = () => scope(openStore<string>(memory), 's')
  return {
    setup: dir => laySteps(dir, ['store', 'source']),
    players: dir => {
      source = 'old'
      memory = memoryBacking(() => 0)
      if (laid) open().create.sync('beside', '')
      const one = () => kind(steppedBacking(dir, memory))
      return { A: fill(dir, one()), B: change(dir, one()), C: fill(dir, one()) }
    },
    check: ending => {
      nobodyThrew(ending)
      const { value = source } = open().get.sync('k') ?? {}
      assert.is(value, source, 'computed of what was there before the drop')
    },
  }
}

const results = new Set<string>()

for (const laid of [true, false])
  explored(`explored: what was computed before a drop is not found after it (${laid ? 'a' : 'no'} generation)`, () => {
    results.clear()
    const world = invalidated(laid)
    assert.ok(prove('scope, invalidated', world, options, () => results.has('string')).complete)
  })

explored('the same world catches: nothing that was seen says under which generation', () => {
  for (const laid of [true, false])
    caught('forgets', /computed of what was there/, invalidated(laid, forgetsWhatItSaw), options)
})
