// Every schedule of `getOrSet`, row by row: who makes a value, who gets which, and what becomes of one that was removed, set or
// touched meanwhile. The work itself takes no step, so it lies between the claim and the publication.

import type { Steps } from 'holdfast/steps'
import { fileStore, type GetOrSetOptions, type Got, getOrSet, getOrSetMany, type Store } from 'holdfast/store'
import type { Ending } from 'holdfast/testing'
import { claimByPresence, getThenSet, neverRelease, publishByOverwrite, takeOverByAge } from '../../broken/claims.js'
import {
  answers,
  assert,
  caught,
  explored,
  nobodyElseThrew,
  nobodyThrew,
  prove,
  proveLarge,
} from '../../support/kit.js'
import { layOut, stateIn, stateNamed, storeOf } from '../../support/named-states.js'

const key = 'k'
const old = 'a'.repeat(16)
const nothing = (dir: string) => layOut(dir, { [key]: {} })
const there = (dir: string) => layOut(dir, { [key]: { id: old, value: 'old' } })
/** A value that has expired, and is kept for those that take a stale one. */
const expired = (dir: string) => layOut(dir, { [key]: { id: old, value: 'old', ends: { atMs: 1 }, staleMs: 1e9 } })

type Opening = (dir: string) => Store<string>
const opens: Opening = dir => storeOf(dir)

/** Players that get the key, each of which would make its own name. */
const getting =
  (names: string, options?: GetOrSetOptions, open = opens, compute = (who: string): string | undefined => who) =>
  (dir: string): Record<string, Steps<unknown>> =>
    Object.fromEntries([...names].map(who => [who, getOrSet.steps(open(dir), key, () => compute(who), options)]))

const gots = (ending: Ending): Got<string>[] => (answers(ending) as Got<string>[]).filter(got => got && 'source' in got)
const sources = (ending: Ending): string[] => gots(ending).map(({ source }) => source)
const of = ({ outcomes }: Ending, who: string): Got<string> | undefined => {
  const outcome = outcomes[who]
  return outcome?.how === 'returned' ? (outcome.value as Got<string>) : undefined
}
const killed = ({ outcomes }: Ending): number => Object.values(outcomes).filter(({ how }) => how === 'killed').length

/** The states that were made, in their order, and who made each. */
const made = ({ log }: Ending) =>
  log.flatMap(({ op, player, args, failed }) =>
    op === 'rename' && !failed
      ? [{ player, from: stateNamed(args[0] as string), to: stateNamed(args[1] as string) }]
      : [],
  )

/** Only one player at a time has the claim, which no other takes while its holder lives; and fences rise. */
function neverTwo(ending: Ending): void {
  let holder: string | undefined
  let last = 0
  for (const { player, from, to } of made(ending)) {
    const { claim } = to ?? {}
    if (claim && claim.fence !== from?.claim?.fence) {
      const robbed = holder !== undefined && ending.outcomes[holder]?.how !== 'killed'
      assert.not.ok(from?.claim && robbed, `${player} has robbed ${holder}`)
      assert.ok(claim.fence > last || !from, 'the fence does not rise')
      holder = player
      last = claim.fence
    } else if (!claim) holder = undefined
  }
}

/** All that returned have one value, which is in the store, and no claim is left there. */
function oneValue(ending: Ending): void {
  nobodyThrew(ending)
  neverTwo(ending)
  const { value, kept } = stateIn(ending.dir, key)
  const values = new Set(gots(ending).map(got => got.value))
  assert.ok(values.size <= 1, `different answers: ${[...values]}`)
  if (values.size === 1) assert.is([...values][0], value)
  if (killed(ending) === 0) assert.is(kept?.claim, undefined)
  assert.ok(sources(ending).filter(source => source === 'made').length <= 1, 'made twice')
}

explored('explore: of two and of three that find nothing, one makes the value; also when one is killed', () => {
  const world = { setup: nothing, players: getting('AB'), kills: 1, check: oneValue }
  assert.ok(prove('2 get or set, 1 kill', world).complete)
  proveLarge('3 get or set, 1 kill', { ...world, players: getting('ABC') }, 1)
  const free = {
    ...world,
    kills: 0,
    check: (ending: Ending) => {
      oneValue(ending)
      assert.is(sources(ending).filter(one => one === 'made').length, 1)
    },
  }
  assert.ok(prove('2 get or set', free).complete)
})

explored('explore: on files', () => {
  const open = (dir: string) => fileStore<string>(`${dir}/store`, { durability: 'none', gc: 'manual' })
  const check = (ending: Ending) => {
    nobodyThrew(ending)
    assert.ok(new Set(gots(ending).map(({ value }) => value)).size <= 1)
  }
  const setup = (dir: string) => void getOrSet.sync(open(dir), key, () => 'old')
  const refresh = (dir: string) => ({ refresh: open(dir).get.sync(key)?.version as string })
  const players = (dir: string) => getting('AB', refresh(dir), open)(dir)
  assert.ok(prove('2 refresh on files, 1 kill', { setup, players, kills: 1, check }).complete)
})

explored('explore: three refresh one version, and it is made anew once', () => {
  const check = (ending: Ending) => {
    oneValue(ending)
    assert.not.equal(stateIn(ending.dir, key).value, 'old')
    assert.ok(killed(ending) > 0 || sources(ending).filter(source => source === 'made').length === 1)
  }
  const world = { setup: there, players: getting('ABC', { refresh: old }), check }
  assert.ok(prove('3 refresh', world).complete)
  proveLarge('3 refresh, 1 kill', { ...world, kills: 1 }, 1)
})

explored('explore: what compute throws is thrown to its caller, the next tries itself, and no claim is left', () => {
  const compute = (who: string) => {
    if (who === 'A') throw Object.assign(new Error('mine'), { code: 'EMINE' })
    return who === 'B' ? who : undefined
  }
  const check = (ending: Ending) => {
    neverTwo(ending)
    const { value, kept } = stateIn(ending.dir, key)
    const { A, B } = ending.outcomes
    if (killed(ending) === 0) assert.is(kept?.claim, undefined)
    if (B?.how !== 'killed') assert.is(value, 'B')
    assert.ok(A?.how === 'killed' || A?.how === 'threw' || of(ending, 'A')?.value === 'B')
    assert.ok([undefined, 'B'].includes(of(ending, 'C')?.value))
  }
  const world = { setup: nothing, players: getting('AB', {}, opens, compute), kills: 1, check }
  assert.ok(prove('1 throws, 1 makes, 1 kill', world).complete)
  proveLarge(
    '1 throws, 1 makes, 1 makes nothing',
    { ...world, kills: 0, players: getting('ABC', {}, opens, compute) },
    2,
  )
})

explored('explore: removed meanwhile: it is not stored, and the caller is served', () => {
  for (const tombstone of [0, 1000]) {
    const check = (ending: Ending) => {
      nobodyThrew(ending)
      const got = of(ending, 'A')
      const claims = made(ending).findIndex(({ to }) => to?.claim)
      const removal = made(ending).findIndex(({ player }) => player === 'remover')
      if (!got) return
      assert.is(got.value, 'A')
      const { value } = stateIn(ending.dir, key)
      // Removed before the claim, or after the publication: that is as if both calls came one after the other.
      if (got.source === 'unstored') assert.is(value, undefined)
      else assert.ok(tombstone ? value !== 'A' : removal < claims ? value === 'A' : value === undefined, 'resurrected')
    }
    const remover = (dir: string) => ({ remover: storeOf(dir).remove.steps(key, { tombstone }) })
    const world = { setup: there, players: getting('A', { refresh: true }), adversaries: remover, check }
    assert.ok(prove(`1 refreshes, 1 removes, tombstone ${tombstone}`, { ...world, kills: 1 }).complete)
    const two = { ...world, players: getting('AB', { refresh: true }) }
    proveLarge(`2 refresh, 1 removes, tombstone ${tombstone}`, { ...two, check: nobodyThrew }, 2)
  }
})

/** What the last removal took away is not there again, unless it was made of what came after that. */
function notResurrected(ending: Ending): void {
  const steps = made(ending)
  const removal = steps.findIndex(({ player }) => player === 'remover')
  const claimed = steps.findIndex(({ to }) => to?.claim)
  const late = steps.slice(removal + 1).some(({ player, to }) => player === 'A' && to?.kind === 'live')
  assert.not.ok(removal > claimed && claimed >= 0 && late, 'resurrected')
}

explored('explore: set meanwhile: the first wins, or the last', () => {
  const setter = (dir: string) => ({ setter: storeOf(dir).update.steps(key, 'set') })
  for (const conflict of ['first-wins', 'last-wins'] as const) {
    const seen = new Set<string>()
    const check = (ending: Ending) => {
      nobodyThrew(ending)
      const { value, kept } = stateIn(ending.dir, key)
      const got = of(ending, 'A') as Got<string>
      assert.is(kept?.claim, undefined)
      const order = made(ending).map(({ player, to }) => (player === 'setter' ? 'set' : to?.claim ? 'claim' : 'put'))
      const row = `${order.join()}: ${got.source} ${got.value}, ${value}`
      const rows = [
        'set: waited set, set',
        'set,claim,put: made A, A',
        'claim,put,set: made A, set',
        conflict === 'first-wins' ? 'claim,set: met set, set' : 'claim,set,put: made A, A',
      ]
      assert.ok(rows.includes(row), row)
      seen.add(row)
    }
    const world = { setup: there, players: getting('A', { refresh: true, conflict }), adversaries: setter, check }
    assert.ok(prove(`1 refreshes, 1 sets, ${conflict}`, world).complete)
    assert.is(seen.size, 4)
  }
})

explored('explore: touched meanwhile: the claim stays, and the value is stored', () => {
  const toucher = (dir: string) => ({ toucher: storeOf(dir).touch.steps(key, Number.POSITIVE_INFINITY) })
  const check = (ending: Ending) => {
    oneValue(ending)
    assert.is(stateIn(ending.dir, key).kept?.claim, undefined)
    assert.not.equal(stateIn(ending.dir, key).value, 'old')
  }
  const world = { setup: there, players: getting('AB', { refresh: old }), adversaries: toucher, check }
  assert.ok(prove('2 refresh, 1 touches', world).complete)
})

explored('explore: on two machines, and the clock jumps: who is robbed takes what the other has made', () => {
  const check = (ending: Ending) => {
    nobodyThrew(ending)
    const { value, kept } = stateIn(ending.dir, key)
    assert.is(kept?.claim, undefined)
    assert.equal(new Set(gots(ending).map(got => got.value)), new Set([value]))
    assert.is(sources(ending).filter(source => source === 'made').length, 1)
  }
  const world = { players: getting('AB', { lease: 500 }), strangers: true, ticks: 1, check } as const
  const robbed = () => gotMet
  let gotMet = false
  const noting = (ending: Ending) => {
    gotMet ||= sources(ending).includes('met')
    check(ending)
  }
  assert.ok(prove('2 strangers, 1 tick', { ...world, setup: nothing, check: noting }, {}, robbed).complete)
  const refreshing = { ...world, setup: there, players: getting('AB', { refresh: old, lease: 500 }), check: noting }
  assert.ok(prove('2 strangers refresh, 1 tick', refreshing, {}, robbed).complete)
})

explored('explore: a failure, an abort, or a lost reply at any call: answers agree, and no claim is left', () => {
  const check = (ending: Ending) => {
    nobodyElseThrew(ending)
    const { value, kept } = stateIn(ending.dir, key)
    assert.is(kept?.claim, undefined, 'a claim is left')
    const values = new Set(gots(ending).map(got => got.value))
    assert.ok(values.size <= 1 && (values.size === 0 || values.has(value as string)))
  }
  for (const setup of [nothing, there])
    for (const budget of [{ failures: 1 }, { aborts: 1 }, { lies: 1 }]) {
      const world = { setup, players: getting('AB', { refresh: old }), ...budget, check }
      assert.ok(prove(`2 get or set, ${JSON.stringify(budget)}`, world).complete)
    }
})

explored('explore: stale: the old value while one makes a new one, and on an error', () => {
  const check = (ending: Ending) => {
    nobodyThrew(ending)
    const values = gots(ending).map(({ value, source }) => `${value} ${source}`)
    assert.ok(
      values.every(one => /^(old stale|[AB] (made|waited|hit))$/.test(one)),
      `${values}`,
    )
    if (killed(ending) === 0) assert.ok(sources(ending).includes('made'))
  }
  const stale = { stale: 1e9 }
  assert.ok(
    prove('2 take stale values, 1 kill', { setup: expired, players: getting('AB', stale), kills: 1, check }).complete,
  )
  const fails = (who: string) => {
    if (who === 'A') throw new Error('mine')
    return who
  }
  const world = { setup: expired, players: getting('AB', stale, opens, fails), check: nobodyThrew }
  assert.ok(prove('1 fails, and takes the stale value', world).complete)
})

explored('explore: wait: false throws, computes, or takes the old value while another makes a new one', () => {
  for (const late of ['throw', 'compute', 'stale'] as const) {
    const players = (dir: string) => ({
      ...getting('A', { refresh: old })(dir),
      ...getting('B', { refresh: old, wait: false, late })(dir),
    })
    const check = (ending: Ending) => {
      const { A, B } = ending.outcomes
      assert.ok(A?.how === 'returned')
      assert.ok(['A', 'B'].includes(stateIn(ending.dir, key).value as string))
      if (B?.how === 'threw') assert.is((B.error as { code?: string }).code, late === 'throw' ? 'ERR_KEY_CLAIMED' : '')
      const got = of(ending, 'B')
      if (got?.source === 'unstored') assert.equal([late, got.value], ['compute', 'B'])
      if (got?.source === 'stale') assert.ok(late === 'stale' && (got.value === 'old' || got.value === 'A'))
    }
    assert.ok(prove(`1 does not wait, ${late}`, { setup: there, players, check }).complete)
  }
})

explored('explore: without claims, the answers agree all the same', () => {
  const world = { setup: nothing, players: getting('AB', { claim: false }), check: agree, kills: 1 }
  assert.ok(prove('2 without claims, 1 kill', world).complete)
})

function agree(ending: Ending): void {
  nobodyThrew(ending)
  const values = new Set(gots(ending).map(got => got.value))
  assert.ok(values.size <= 1, `different answers: ${[...values]}`)
}

explored('explore: two want two keys in other orders: no circle, and they agree', () => {
  const many = (dir: string, who: string, keys: string[]) =>
    getOrSetMany.steps(storeOf(dir), keys, missing => new Map(missing.map(one => [one, who])))
  const players = (dir: string) => ({ A: many(dir, 'A', ['x', 'y']), B: many(dir, 'B', ['y', 'x']) })
  const setup = (dir: string) => layOut(dir, { x: {}, y: {} })
  const check = (ending: Ending) => {
    nobodyThrew(ending)
    const all = answers(ending) as Map<string, Got<string>>[]
    for (const one of ['x', 'y']) {
      const { value, kept } = stateIn(ending.dir, one)
      assert.ok(killed(ending) > 0 || !kept?.claim)
      for (const got of all) assert.is(got.get(one)?.value, value)
    }
  }
  proveLarge('2 get or set 2 keys, 1 kill', { setup, players, kills: 1, check }, 1)
})

explored('explore: the variants that people usually write go wrong', () => {
  const players = (get: (store: Store<string>, who: string) => Steps<unknown>) => (dir: string) =>
    Object.fromEntries(['A', 'B'].map(who => [who, get(storeOf(dir), who)]))
  const naive = players((store, who) => getThenSet(store, key, () => who))
  caught('get, then set', /different answers/, { setup: nothing, players: naive, check: agree })
  const present = players((store, who) => claimByPresence(store, key, () => who))
  const both = (dir: string) => layOut(dir, { [key]: {}, [`${key}-claim`]: {} })
  caught('a claim by presence, and a kill', /waits for ever/, {
    setup: both,
    players: present,
    kills: 1,
    check: nobodyThrew,
  })
})

explored('explore: engines that are wrong in one way are caught', () => {
  const by = (change: Parameters<typeof storeOf>[1]) => (dir: string) => storeOf(dir, change)
  const remover = (dir: string) => ({ remover: storeOf(dir).remove.steps(key) })
  caught('publication over whatever is there', /resurrected/, {
    setup: there,
    players: getting('A', { refresh: true }, by(publishByOverwrite)),
    adversaries: remover,
    check: notResurrected,
  })
  assert.ok(
    prove('and it is right without that', {
      setup: there,
      players: getting('A', { refresh: true }),
      adversaries: remover,
      check: notResurrected,
    }).complete,
  )
  caught('a takeover by age', /has robbed/, {
    setup: nothing,
    players: getting('AB', {}, by(takeOverByAge)),
    check: neverTwo,
  })
  const fails = () => {
    throw new Error('mine')
  }
  caught('a claim that stays', /./, {
    setup: there,
    players: getting('A', { refresh: true }, by(neverRelease), fails),
    check: ({ dir }) => assert.is(stateIn(dir, key).kept?.claim, undefined),
  })
})
