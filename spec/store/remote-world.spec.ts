// Every schedule of callers of a store on a server whose replies may be lost: a request that is not carried out, one
// that is and says otherwise, one that was repeated by the client. The server is a directory with one name for each
// key; a request is a rename.

import { isSystemError, type Steps } from 'holdfast/steps'
import { type Backing, openStore, type Store } from 'holdfast/store'
import type { Ending, ExploreOptions, World } from 'holdfast/testing'
import { commitRemotely, type Server } from '../../lib/store/remote/commit.js'
import { judge } from '../../lib/store/unknown-outcome.js'
import { through } from '../broken/interfere.js'
import { assert, caught, explored, nobodyElseThrew, prove } from '../support/kit.js'
import { layOut, namedStates, stateIn } from '../support/named-states.js'
import { just } from '../support/stores.js'

/** How often a state had moved on when a request came. */
let collisions = 0

/** Sends one request: what the directory says of it is all that is known. */
const send = ({ commit }: Backing, ...change: Parameters<Backing['commit']>): ReturnType<Backing['commit']> =>
  through(commit(...change), call => (call.op === 'local' ? { op: 'settle', args: [true] } : call))

function serverOver(backing: Backing, look: boolean): Server {
  return {
    retryForMs: 60_000,
    read: backing.read,
    failureOf: error => (isSystemError(error) || error === inDoubt ? 'in doubt' : 'refused'),
    *attempt({ key, from, to }) {
      const now = yield* send(backing, key, from, to)
      if (now !== 'moved') return now
      collisions++
      const verdict = look ? judge(yield* backing.read(key), { from: from?.id, to: to.id }) : 'moved'
      if (verdict === 'done') throw inDoubt
      return 'moved'
    },
  }
}

const inDoubt = new Error('the request may have been its own rival')

type Engine = (backing: Backing) => Backing['commit']

const remote: Engine = backing => (key, from, to) =>
  commitRemotely(serverOver(backing, true), { key, from, to }, function* (nothing) {
    return (yield* send(backing, key, nothing, undefined)) !== 'moved'
  })

/** Takes an error for a request that was not carried out, and has it tried again. */
const repeating: Engine = backing =>
  function* (key, from, to) {
    try {
      return yield* send(backing, key, from, to)
    } catch (error) {
      if (!isSystemError(error)) throw error
      return 'moved'
    }
  }

/** Does not look whether the state that it finds has come of its own request. */
const unsuspecting: Engine = backing => (key, from, to) =>
  commitRemotely(serverOver(backing, false), { key, from, to }, () => just(true))

/** What became of a call: `unknown` may be either. */
type Became = 'done' | 'refused' | 'unknown'

function* becameOf(store: Store<string>, steps: Steps<{ readonly ok: boolean }>): Steps<Became> {
  try {
    return (yield* steps).ok ? 'done' : 'refused'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_OUTCOME') throw error
    try {
      return (yield* store.confirm.steps(error)) === 'done' ? 'done' : 'refused'
    } catch (another) {
      if (another === error) return 'unknown'
      throw another
    }
  }
}

const count = (all: readonly Became[], one: Became): number => all.filter(became => became === one).length

interface Play {
  readonly start: number | undefined
  readonly players: readonly ((store: Store<string>) => Steps<Became>)[]
  /** Throws if what is there cannot be what became of the calls. */
  check(value: number | undefined, became: readonly Became[]): void
}

const add = (store: Store<string>) =>
  becameOf(
    store,
    store.update.steps('k', ({ value }) => `${Number(value) + 1}`),
  )
const remove = (store: Store<string>) => becameOf(store, store.remove.steps('k'))
const create = (number: number) => (store: Store<string>) => becameOf(store, store.create.steps('k', `${number}`))

const plays = {
  'two update': {
    start: 0,
    players: [add, add],
    check(value = Number.NaN, became) {
      const [done, unknown] = [count(became, 'done'), count(became, 'unknown')]
      if (!(value >= done && value <= done + unknown))
        throw new Error(`${value} after ${became}: an update was lost, or made twice`)
    },
  },
  'two create': {
    start: undefined,
    players: [create(1), create(2)],
    check(value, became) {
      assert.ok(count(became, 'done') <= 1, 'both have made it')
      if (became.includes('done')) assert.is(value, became.indexOf('done') + 1, 'it is not what was made')
    },
  },
  'one updates what another removes': {
    start: 0,
    players: [add, remove],
    check(value, [, removed]) {
      if (removed === 'done') assert.is(value, undefined, 'what was removed is there')
      if (removed === 'refused') assert.ok(value !== undefined, 'it was removed all the same')
    },
  },
  'two remove': {
    start: 0,
    players: [remove, remove],
    check(value, became) {
      assert.ok(count(became, 'done') <= 1, 'both have removed it')
      if (became.includes('done')) assert.is(value, undefined, 'what was removed is there')
    },
  },
} satisfies Record<string, Play>

function world({ start, players, check }: Play, engine: Engine, budgets: Partial<World>): World {
  const became: Became[] = []
  return {
    ...budgets,
    setup: dir => layOut(dir, { k: start === undefined ? {} : { id: 'f'.repeat(16), value: `${start}` } }),
    players(dir) {
      became.length = 0
      const all = players.map((play, at) => {
        const backing = namedStates(dir)
        const store = openStore<string>({ ...backing, commit: engine(backing) })
        const player = function* (): Steps<void> {
          became[at] = 'unknown'
          became[at] = yield* play(store)
        }
        return ['AB'[at] as string, player()] as const
      })
      return Object.fromEntries(all)
    },
    check(ending: Ending) {
      nobodyElseThrew(ending)
      const { value } = stateIn(ending.dir, 'k')
      check(value === undefined ? undefined : Number(value), became)
    },
  }
}

const budgets: Readonly<Record<string, Partial<World>>> = {
  'two lost replies': { lies: 2 },
  'a lost request and a lost reply': { lies: 1, failures: 1, failIn: ['rename'] },
  'a killed caller': { kills: 1 },
}

for (const [what, play] of Object.entries<Play>(plays))
  for (const [faults, budget] of Object.entries(budgets))
    explored(`${what}, with ${faults}: each call is made once, or it is not known`, () => {
      collisions = 0
      const options: ExploreOptions = { maxSchedules: 10_000_000 }
      const { complete } = prove(`${what}, ${faults}`, world(play, remote, budget), options, () => collisions > 0)
      assert.ok(complete)
    })

explored('the same worlds catch an error that is taken for a request not carried out', () => {
  caught('repeated', /made twice/, world(plays['two update'], repeating, { lies: 1 }))
})

explored('the same worlds catch a call that is its own rival and does not see it', () => {
  caught('unsuspecting', /made twice|has made it|both have/, world(plays['two update'], unsuspecting, { lies: 1 }))
})
