// Every schedule of two or three callers of a store: what each was given, and what is there in the end, is what one caller at
// a time could have done; and what a call makes under a claim is stored only if no change came between.

import type { Steps } from 'holdfast/steps'
import { type Backing, type Draft, type Kept, overwrite, type Store } from 'holdfast/store'
import {
  assertLinearizable,
  type Ending,
  type ExploreOptions,
  type Model,
  type Operation,
  type World,
} from 'holdfast/testing'
import { innerOf } from '../../lib/store/inner.js'
import { draft } from '../../lib/store/kept.js'
import { through } from '../broken/interfere.js'
import { assert, caught, explored, nobodyElseThrew, prove } from '../support/kit.js'
import { layOut, stateIn, storeOf } from '../support/named-states.js'

/** What the calls of players are: the first letter of each part of a program. */
const ops = {
  g: 'get',
  G: 'get with touch',
  c: 'create',
  u: 'update by a function',
  U: 'update by a value',
  v: 'update the first version',
  t: 'touch',
  r: 'remove',
  R: 'remove, remembered',
  C: 'claim',
  P: 'publish under the claim',
} as const
type Op = (typeof ops)[keyof typeof ops]

/** What is there: a value, or that there is none. */
type There = string
const absent = 'absent'
const gone = 'gone'
const first = 'first'
const firstVersion = 'f'.repeat(16)

/** Of a call that has returned: what it said. Of one whose outcome was unknown: what `confirm` said. */
type Told = { readonly ok: boolean; readonly there?: There } | { readonly confirmed: 'done' | 'not done' }
interface Asked {
  readonly process: string
  readonly nth: number
  readonly op: Op
  readonly to: string
}
type Did = Operation<Asked, Told>

interface Known {
  readonly there: There
  /** Whose claim there is. */
  readonly claim: string | undefined
  /** How many calls of each process were made: only their order is known. */
  readonly at: Readonly<Record<string, number>>
}

type Next = Pick<Known, 'there' | 'claim'> & { readonly told: { readonly ok: boolean; readonly there: There } }

function stepOf({ there, claim }: Known, { op, to, process }: Asked): Next {
  const isLive = there !== absent && there !== gone
  const change = (isMade: boolean, next: There, keeps = false): Next =>
    isMade
      ? { there: next, claim: keeps ? claim : undefined, told: { ok: true, there: next } }
      : { there, claim, told: { ok: false, there } }
  switch (op) {
    case 'get':
    case 'get with touch':
      return { there, claim, told: { ok: true, there } }
    case 'create':
      return change(there === absent, to)
    case 'update by a function':
      return change(isLive, `${there},${to}`)
    case 'update by a value':
      return change(isLive, to)
    case 'update the first version':
      return change(there === first, to)
    case 'touch':
      return change(isLive, there, true)
    case 'remove':
    case 'remove, remembered': {
      const next = op === 'remove' ? absent : gone
      // It ends also what is being made of nothing.
      return isLive
        ? { ...change(true, next), told: { ok: true, there: absent } }
        : { ...change(false, there), claim: undefined }
    }
    case 'claim':
      return claim === undefined && there !== gone
        ? { there, claim: process, told: { ok: true, there } }
        : { there, claim, told: { ok: false, there } }
    case 'publish under the claim':
      return claim === process ? change(true, to) : change(false, there)
  }
}

const modelOf = (initial: There): Model<Known, Asked, Told> => ({
  initial: { there: initial, claim: undefined, at: {} },
  key: ({ there, claim, at }) => JSON.stringify([there, claim, Object.entries(at).sort()]),
  step(state, asked, returned) {
    const { process, nth } = asked
    if ((state.at[process] ?? 0) !== nth) return []
    const at = { ...state.at, [process]: nth + 1 }
    const { told, ...next } = stepOf(state, asked)
    const [done, not] = [[{ ...next, at }], [{ ...state, at }]]
    const got = returned?.output
    if (!got) return [...done, ...not]
    if ('confirmed' in got) return got.confirmed === 'done' ? (told.ok ? done : []) : not
    return got.ok === told.ok && (got.there ?? told.there) === told.there ? done : []
  },
})

const thereOf = (entry: { readonly gone: boolean; readonly value?: unknown } | undefined): There =>
  entry ? (entry.gone ? gone : (entry.value as string)) : absent

/** Makes a claim on what is there, as `getOrSet` does, and returns the state that has it. */
function* claim({ read, commit, claims }: Backing, key: string): Steps<Kept | undefined> {
  for (;;) {
    const from = yield* read(key)
    if (from?.claim || from?.kind === 'gone') return undefined
    const mine = { owner: yield* claims.self(), fence: (from?.lastFence ?? 0) + 1, leaseMs: 1000 }
    const now = yield* commit(key, from, yield* draftLike(from, { claim: mine }))
    if (typeof now !== 'string') return now
  }
}

const draftLike = (from: Kept | undefined, change: Partial<Draft>): Steps<Draft> =>
  draft(from, {
    kind: from?.kind ?? 'none',
    ends: undefined,
    data: from?.kind === 'live' ? 'keep' : undefined,
    ...(from && { version: from.version }),
    ...change,
  })

/** Puts a value there, if the claim still is. */
function* publish({ read, commit }: Backing, key: string, held: Kept, value: string): Steps<boolean> {
  for (let from: Kept | undefined = held; ; from = yield* read(key)) {
    if (from?.claim?.owner !== held.claim?.owner || from?.version !== held.version) return false
    const data = Buffer.from(JSON.stringify(value))
    const now = yield* commit(key, from, yield* draft(from, { kind: 'live', ends: undefined, data }))
    if (now !== 'moved') return true
  }
}

type Calls = Pick<Store<string>, 'get' | 'create' | 'update' | 'touch' | 'remove' | 'confirm'>

class Player {
  readonly #store: Calls
  readonly #backing: Backing
  #held: Kept | undefined

  constructor(store: Store<string>, calls: Calls) {
    this.#store = calls
    this.#backing = innerOf<string>(store).backing
  }

  /** Undefined: it cannot be known whether the change was made. */
  *ask({ op, to }: Asked): Steps<Told | undefined> {
    const { get, create, update, touch, remove, confirm } = this.#store
    const told = function* (steps: Steps<{ readonly ok: boolean; readonly entry: unknown }>): Steps<Told> {
      const { ok, entry } = yield* steps
      return { ok, there: thereOf(entry as never) }
    }
    try {
      switch (op) {
        case 'get':
          return { ok: true, there: thereOf(yield* get.steps('k')) }
        case 'get with touch':
          return { ok: true, there: thereOf(yield* get.steps('k', { touch: 1000 })) }
        case 'create':
          return yield* told(create.steps('k', to))
        case 'update by a function':
          return yield* told(update.steps('k', ({ value }) => `${value},${to}`))
        case 'update by a value':
          return yield* told(update.steps('k', to))
        case 'update the first version':
          return yield* told(update.steps('k', to, { ifVersion: firstVersion }))
        case 'touch':
          return yield* told(touch.steps('k', 1000))
        case 'remove':
          return yield* told(remove.steps('k'))
        case 'remove, remembered':
          return yield* told(remove.steps('k', { tombstone: 1000 }))
        case 'claim':
          this.#held = yield* claim(this.#backing, 'k')
          return { ok: this.#held !== undefined }
        case 'publish under the claim':
          return { ok: !!this.#held && (yield* publish(this.#backing, 'k', this.#held, to)) }
      }
    } catch (error) {
      if (!isUnknown(error)) throw error
      return yield* confirmed(confirm, error)
    }
  }
}

const isUnknown = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_OUTCOME'

function* confirmed(confirm: Calls['confirm'], error: unknown): Steps<Told | undefined> {
  try {
    return { confirmed: yield* confirm.steps(error) }
  } catch (another) {
    if (another === error) return undefined
    throw another
  }
}

interface Living extends Partial<World> {
  /** What the players find; of `expired`, only the engine still knows. */
  readonly start?: There
  /** What came before what is known of calls of several players, too. The explorer must leave out no schedule then. */
  readonly realTime?: boolean
  /** The text, and the engine, if they are others: for the proof that the worlds catch what is wrong. */
  readonly calls?: (store: Store<string>) => Partial<Calls>
  readonly engine?: (backing: Backing) => Partial<Backing>
}

const expired = 'expired'
const starts: Readonly<Record<There, Parameters<typeof layOut>[1][string]>> = {
  [absent]: {},
  [first]: { id: firstVersion, value: first },
  [gone]: { id: firstVersion, kind: 'gone', ends: { atMs: 1000 } },
  [expired]: { id: firstVersion, value: first, ends: { atMs: 1 } },
}

/** How often the state had moved on when a call came to change it. */
let collisions = 0

/** Each word is a player, and each part of it a call. */
function lives(
  programs: string,
  { start = first, calls = () => ({}), engine, realTime = false, ...budgets }: Living = {},
): World {
  let history: Did[] = []
  let moment = 0
  function* player(store: Store<string>, process: string, parts: readonly string[]): Steps<void> {
    const one = new Player(store, { ...store, ...calls(store) })
    for (const [nth, part] of parts.entries()) {
      const input = { process, nth, op: ops[part as keyof typeof ops], to: `${process}${nth}` }
      const call = realTime ? ++moment : 0
      const pending: Did = { process, input, call, ended: Number.POSITIVE_INFINITY }
      history.push(pending)
      const told = yield* one.ask(input)
      if (!told) return
      history[history.indexOf(pending)] = { ...pending, output: told, ended: realTime ? ++moment : 1 }
    }
  }
  return {
    ...budgets,
    setup: dir => layOut(dir, { k: starts[start] as object }),
    players(dir) {
      history = []
      moment = 0
      const all = programs.split(' ').map((parts, at) => {
        const name = 'ABC'[at] as string
        const store = storeOf(dir, backing => counting({ ...backing, ...engine?.(backing) }))
        return [name, player(store, name, [...parts])] as const
      })
      return Object.fromEntries(all)
    },
    check(ending: Ending) {
      nobodyElseThrew(ending)
      const { value, kept } = stateIn(ending.dir, 'k')
      const isOver = kept?.endsAtMs === 1
      const last = kept?.kind === 'gone' ? gone : kept?.kind === 'live' && !isOver ? (value as string) : absent
      const input = { process: 'last', nth: 0, op: 'get', to: '' } as const
      const all: Did[] = [
        ...history,
        { process: 'last', input, output: { ok: true, there: last }, call: 1e6, ended: 1e6 },
      ]
      assertLinearizable(modelOf(start === expired ? absent : start), all)
    },
  }
}

const counting = (backing: Backing): Backing => ({
  ...backing,
  *commit(key, from, to) {
    try {
      const now = yield* backing.commit(key, from, to)
      if (now === 'moved') collisions++
      return now
    } catch (error) {
      if (isUnknown(error)) collisions++
      throw error
    }
  },
})

const one = { kills: 1 }
const inTime = { realTime: true, start: absent }
const full = { reduction: 'none' } as const
const worlds: readonly (readonly [what: string, programs: string, living: Living, bounds?: ExploreOptions])[] = [
  ['two update', 'uu u', one],
  ['one updates by a function what another sets', 'u Ug', one],
  ['two change the first version, one of them after a touch', 'v tv', one],
  ['one removes what another updates', 'u rg', one],
  ['one removes what another touches', 'Gg r', one],
  ['two remove, and create anew', 'rc rc', one],
  ['one remembers a removal, another creates', 'R rcg', one],
  ['two create', 'cg cu', { ...one, start: absent }],
  ['two create where an entry has expired', 'c cg', { ...one, start: expired }],
  ['one makes a value, which another touches', 'CP tG', one],
  ['one makes a value, which another sets', 'CP Ug', one],
  ['one makes a value of nothing, which another removes', 'CP rg', { ...one, start: absent }],
  ['one makes a value of nothing, which another creates', 'CP cg', { ...one, start: absent }],
  ['one makes a value, whose removal another remembers', 'CP Rg', one],
  ['two make a value', 'CP CP', one],
  ['one makes a value of nothing, and another, in real time, removes it', 'CP gr', inTime, full],
  ['one makes a value, and another, in real time, sets it', 'CP gU', { realTime: true }, full],
  ['three update, remove and create', 'u r c', one],
  ['three create', 'c c c', { ...one, start: absent }],
  ['three change one version', 'v u t', one],
  ['one makes a value, two touch and remove', 'CP t r', one],
  ['two update, one failure', 'u uv', { failures: 1 }],
  ['one remembers a removal, one failure', 'Rg cu', { failures: 1 }],
  ['two update, two lies', 'u u', { lies: 2 }],
  ['two create, two lies', 'c c', { lies: 2, start: absent }],
  ['one removes what another updates, two lies', 'u r', { lies: 2 }],
  ['one touches what another sets, two lies', 't U', { lies: 2 }],
]

for (const [what, programs, living, bounds] of worlds)
  explored(`explored: ${what}: as if one came at a time`, () => {
    collisions = 0
    const options = { maxSchedules: 10_000_000, ...bounds }
    const { complete } = prove(`store, ${what}`, lives(programs, living), options, () => collisions > 0)
    assert.ok(complete)
  })

/** Looks, and sets what it made of what it saw. */
const setting = (store: Store<string>): Partial<Calls> => ({
  update: {
    *steps(key: string, change: (old: { value: string }) => string) {
      const old = yield* store.get.steps(key)
      if (!old || old.gone) return { ok: false, entry: old }
      return { ok: true, entry: yield* overwrite.steps(store, key, change(old)) }
    },
  } as never,
  create: {
    *steps(key: string, value: string) {
      const old = yield* store.get.steps(key)
      return old ? { ok: false, entry: old } : { ok: true, entry: yield* overwrite.steps(store, key, value) }
    },
  } as never,
})

/** Looks whether it is the right version, and changes whatever is there then. */
const looking = ({ get, update }: Store<string>): Partial<Calls> => ({
  update: {
    *steps(key: string, value: string, { ifVersion }: { ifVersion?: string } = {}) {
      const old = yield* get.steps(key)
      return old?.version === ifVersion ? yield* update.steps(key, value) : { ok: false, entry: old }
    },
  } as never,
})

/** Changes what becomes of the claim of a state that is replaced. */
const claiming =
  (claimOf: (from: Kept, to: Draft) => Draft['claim']) =>
  ({ commit }: Backing): Partial<Backing> => ({
    commit: (key, from, to) => commit(key, from, from && to ? { ...to, claim: claimOf(from, to) } : to),
  })

/** Takes nothing away that is no entry. */
const leaving = ({ commit }: Backing): Partial<Backing> => ({
  *commit(key, from, to) {
    return from?.kind === 'none' && !to ? 'removed' : yield* commit(key, from, to)
  },
})

/** Believes every error, as one may only where no reply can be lost. */
const believing = ({ commit }: Backing): Partial<Backing> => ({
  commit: (key, from, to) =>
    through(commit(key, from, to), call => (call.op === 'local' ? { op: 'settle', args: [true] } : call)),
})

const wrong: readonly (readonly [what: string, programs: string, living: Living])[] = [
  ['get, and then set: two update', 'u u', { calls: setting }],
  ['get, and then set: what was removed comes back', 'u rg', { calls: setting }],
  ['get, and then set: two create', 'c c', { calls: setting, start: absent }],
  ['look at the version, and then change', 'v v', { calls: looking }],
  ['a touch drops the claim', 'CP t', { engine: claiming((before, to) => (before.claim ? undefined : to.claim)) }],
  ['a removal leaves what is being made of nothing', 'CP gr', { engine: leaving, start: absent, realTime: true }],
  ['an error is believed', 'u u', { engine: believing, lies: 1 }],
]

for (const [what, programs, living] of wrong)
  explored(`the same worlds catch: ${what}`, () => {
    caught(what, /not linearizable/, lives(programs, living), living.realTime ? { reduction: 'none' } : {})
  })
