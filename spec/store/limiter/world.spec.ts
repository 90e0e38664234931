// Every schedule of two or three processes that hit one key when its window ends, one of which may be killed: what is counted
// is what was allowed, and of several rules all have counted a hit or none.

import { driveSync, type Steps } from 'holdfast/steps'
import { type Backing, type Decision, limiter, openStore, type Rule } from 'holdfast/store'
import type { Ending, ExploreOptions, World } from 'holdfast/testing'
import { draft } from '../../../lib/store/kept.js'
import { judge, type States } from '../../../lib/store/limiter/plan.js'
import { partsOf } from '../../../lib/store/limiter/rule.js'
import { parse, spell } from '../../../lib/store/limiter/spelling.js'
import { counterPerRule, type Hit, readThenWrite, resetThenHit } from '../../broken/limiters.js'
import { assert, caught, explored, nobodyElseThrew, prove } from '../../support/kit.js'
import { layOut, namedStates } from '../../support/named-states.js'

/** What the clock of the engine says in a world, all the time. */
const nowMs = 10

const window = { limit: 2, per: 100 } as const

/** As it is without a limit: each is a rule, and what was counted before. */
interface Laid {
  readonly rule: Rule
  readonly before: States
  readonly keys?: readonly string[]
}

const ended: Laid = { rule: window, before: [[nowMs - 1, 2]] }
const open: Laid = { rule: window, before: [[nowMs + 50, 1]] }
const slidingEnd: Laid = { rule: { kind: 'sliding', limit: 2, per: 9 }, before: [[1, 1, 5, 1]] }
const bucket: Laid = { rule: { kind: 'leaky', rate: 1, capacity: 2 }, before: [[nowMs, 1e6]] }
const three: Laid = {
  rule: {
    all: [
      { limit: 9, per: 100 },
      { limit: 2, per: 200 },
      { kind: 'leaky', rate: 1, capacity: 9 },
    ],
  },
  before: [
    [nowMs - 1, 9],
    [nowMs + 60, 1],
    [nowMs, 1e6],
  ],
}

const ours: Hit = (backing, rule, key) => limiter(openStore(backing), rule).hit.steps(key)

let collisions = 0
const counting = (backing: Backing): Backing => ({
  ...backing,
  *commit(key, from, to) {
    const now = yield* backing.commit(key, from, to)
    if (now === 'moved') collisions++
    return now
  },
})

function* countedIn(backing: Backing, rule: Rule, key: string): Steps<States> {
  const kept = yield* backing.read(key)
  const data = kept?.kind === 'live' ? yield* kept.data() : undefined
  return data instanceof Uint8Array ? (parse(partsOf(rule), Buffer.from(data).toString()) ?? []) : []
}

/** How much each part has counted now. */
const countsOf = (rule: Rule, states: States): number[] =>
  partsOf(rule).map((part, at) => judge([part], [states[at]], nowMs, { cost: 0, isCounted: false })[1].count)

interface Living extends Partial<World> {
  readonly laid?: Laid
  readonly hit?: Hit
  /** The state of each rule has a key of its own. */
  readonly isApart?: boolean
}

/** `hits`: of each player. */
function world(hits: readonly number[], { laid = ended, hit = ours, isApart = false, ...budgets }: Living = {}): World {
  const { rule, before } = laid
  const parts = partsOf(rule)
  const keys = isApart ? parts.map((_, at) => `k${at}`) : ['k']
  let decisions: Decision[] = []
  function* player(dir: string, times: number): Steps<number> {
    let allowed = 0
    for (let nth = 0; nth < times; nth++) {
      const decision = yield* hit(counting(namedStates(dir)), rule, 'k')
      decisions.push(decision)
      if (decision.allowed) allowed++
    }
    return allowed
  }
  return {
    ...budgets,
    setup(dir) {
      layOut(dir, Object.fromEntries(keys.map(key => [key, {}])))
      const backing = namedStates(dir)
      driveSync(
        (function* () {
          for (const [at, key] of keys.entries()) {
            const [some, states] = isApart ? [[parts[at]], [before[at]]] : [parts, before]
            const data = Buffer.from(spell(some as typeof parts, states))
            yield* backing.commit(key, undefined, yield* draft(undefined, { kind: 'live', ends: undefined, data }))
          }
        })(),
      )
    },
    players(dir) {
      decisions = []
      return Object.fromEntries(hits.map((times, at) => ['ABC'[at] as string, player(dir, times)]))
    },
    check(ending: Ending) {
      nobodyElseThrew(ending)
      const allowed = decisions.filter(one => one.allowed).length
      const killed = Object.values(ending.outcomes).filter(({ how }) => how !== 'returned').length
      const backing = namedStates(ending.dir)
      const counts = keys.flatMap((key, at) => {
        const single = isApart ? (('all' in rule ? rule.all[at] : rule) as Rule) : rule
        return countsOf(single, driveSync(countedIn(backing, single, key)))
      })
      const initially = countsOf(rule, before)
      const added = counts.map((count, at) => count - (initially[at] as number))
      for (const one of added) {
        if (one < allowed) throw new Error(`${allowed} allowed, ${one} counted`)
        if (one > allowed + killed) throw new Error(`${allowed} allowed, ${one} counted, ${killed} killed`)
      }
      if (new Set(added).size > 1) throw new Error(`rules have counted differently: ${added}`)
      for (const [at, part] of parts.entries())
        if ((counts[at] as number) > part.limit) throw new Error(`${counts[at]} of ${part.limit}`)
      // Nobody is denied where there is room.
      const hadRoom = parts.every((part, at) => (counts[at] as number) < part.limit)
      if (hadRoom && decisions.some(one => !one.allowed)) throw new Error('denied, though there is room')
    },
  }
}

const kill = { kills: 1 }
const worlds: readonly (readonly [what: string, hits: readonly number[], living: Living, bounds?: ExploreOptions])[] = [
  ['two hit a window that has ended', [1, 1], kill],
  ['two hit twice a window that has ended', [2, 2], kill],
  ['three hit a window that has ended', [1, 1, 1], kill],
  ['three hit a window that has room for one', [1, 1, 1], { ...kill, laid: open }],
  ['two hit twice a sliding window', [2, 1], { ...kill, laid: slidingEnd }],
  ['three hit a bucket that has room for one', [1, 1, 1], { ...kill, laid: bucket }],
  ['three hit three rules at once, of which one has room for one', [1, 1, 1], { ...kill, laid: three }],
  ['two hit a window that has ended, one failure', [1, 1], { failures: 1 }],
  ['two hit a window that has ended, two lies', [1, 1], { lies: 2 }],
]

for (const [what, hits, living, bounds] of worlds)
  explored(`explored: ${what}: what is counted is what was allowed`, () => {
    collisions = 0
    const { complete } = prove(
      `limiter, ${what}`,
      world(hits, living),
      { maxSchedules: 10_000_000, ...bounds },
      () => collisions > 0,
    )
    assert.ok(complete)
  })

explored('the same worlds catch a limiter that reads, and then writes', () => {
  caught('read, then write', /allowed, \d counted/, world([1, 1], { hit: readThenWrite }))
  caught(
    'read, then write, in an open window',
    /allowed, \d counted/,
    world([1, 1, 1], { laid: open, hit: readThenWrite }),
  )
})

explored('the same worlds catch a reset that is a commit of its own', () => {
  caught('reset, then hit', /allowed, \d counted/, world([1, 1], { hit: resetThenHit }))
})

explored('the same worlds catch a counter for each rule', () => {
  const living = { laid: three, hit: counterPerRule(ours), isApart: true }
  caught('a counter for each rule', /rules have counted differently|allowed, \d counted/, world([1, 1], living))
})
