// Every schedule of two or three callers of a store in a directory: what they did, and what is there in the end, is what one
// store that is used by one caller at a time could have done.

import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fs, type Steps } from 'holdfast/steps'
import { type Backing, type Draft, fileStore, type Kept, openStore, type Store } from 'holdfast/store'
import {
  assertLinearizable,
  type Ending,
  type ExploreOptions,
  explore,
  type Model,
  type Operation,
  type World,
} from 'holdfast/testing'
import { spellState } from '../../../lib/cell/state.js'
import { FileBacking } from '../../../lib/store/files/backing.js'
import { asFileKept } from '../../../lib/store/files/kept.js'
import { nameOf, shardOf } from '../../../lib/store/files/names.js'
import { assert, caught, explored, prove, sized } from '../../support/kit.js'

type Asked = { readonly op: 'get' | 'create' | 'update' | 'remove'; readonly to: string }
/** The old value, or whether the change was made. */
type Told = string | boolean
type Did = Operation<{ readonly process: string; readonly nth: number; readonly asked: Asked }, Told>

const nothing = 'nothing'

/** What was read in any schedule. */
const seen = new Set<Told>()

interface Known {
  readonly value: string
  /** How many calls of each process were made: only their order is known. */
  readonly at: Readonly<Record<string, number>>
}

function stepOf(value: string, { op, to }: Asked): { readonly told: Told; readonly next: string } {
  const isThere = value !== nothing
  if (op === 'get') return { told: value, next: value }
  if (op === 'create') return { told: !isThere, next: isThere ? value : to }
  if (op === 'remove') return { told: isThere, next: nothing }
  return { told: value, next: isThere ? to : value }
}

const modelOf = (initial: string): Model<Known, Did['input'], Told> => ({
  initial: { value: initial, at: {} },
  key: ({ value, at }) => JSON.stringify([value, Object.entries(at).sort()]),
  step({ value, at }, { process, nth, asked }, answered) {
    if ((at[process] ?? 0) !== nth) return []
    const { told, next } = stepOf(value, asked)
    if (answered && answered.output !== told) return []
    const went = { ...at, [process]: nth + 1 }
    return answered
      ? [{ value: next, at: went }]
      : [
          { value: next, at: went },
          { value, at: went },
        ]
  },
})

type Opened = Pick<Store<string>, 'get' | 'create' | 'update' | 'remove'>

function* ask(store: Opened, { op, to }: Asked): Steps<Told> {
  if (op === 'get') return (yield* store.get.steps('k'))?.value ?? nothing
  if (op === 'create') return (yield* store.create.steps('k', to)).ok
  if (op === 'remove') return (yield* store.remove.steps('k')).ok
  let old = nothing
  const { ok } = yield* store.update.steps('k', ({ value }) => {
    old = value
    return to
  })
  return ok ? old : nothing
}

type Living = Partial<World> & { readonly start?: string; readonly open?: (root: string) => Opened }

const quick = { durability: 'none', gc: 'manual' } as const

/** Each word is a player, and each part of it a call: `u`, `c`, `r` or `g`, and what makes its value another one. */
function lives(
  programs: string,
  { start, open = root => fileStore<string>(root, quick), ...budgets }: Living = {},
): World {
  let history: Did[] = []
  const wordOf = (part: string) => (part.includes('L') ? `${part}, and so on: longer than a token takes` : part)
  function* player(root: string, process: string, parts: readonly string[]): Steps<void> {
    const store = open(root)
    for (const [nth, part] of parts.entries()) {
      const op = ({ g: 'get', c: 'create', u: 'update', r: 'remove' } as const)[part[0] as 'g' | 'c' | 'u' | 'r']
      const input = { process, nth, asked: { op, to: wordOf(`${process}${part}`) } }
      const pending: Did = { process, input, call: 0, ended: Number.POSITIVE_INFINITY }
      history.push(pending)
      const output = yield* ask(store, input.asked)
      if (op === 'get') seen.add(output)
      history[history.indexOf(pending)] = { ...pending, output, ended: 1 }
    }
  }
  return {
    ...budgets,
    setup(dir) {
      const store = fileStore<string>(join(dir, 'root'), quick)
      store.create.sync('k', wordOf(start ?? 'x'))
      if (start === undefined) store.remove.sync('k')
    },
    players(dir) {
      history = []
      const all = programs.split(' ').map((parts, at) => {
        const name = 'ABC'[at] as string
        return [name, player(join(dir, 'root'), name, parts.split(','))] as const
      })
      return Object.fromEntries(all)
    },
    check({ dir, outcomes }: Ending) {
      for (const [name, outcome] of Object.entries(outcomes)) {
        if (outcome.how !== 'threw') continue
        const { code, message } = outcome.error as NodeJS.ErrnoException
        const isAllowed =
          code === 'ERR_UNKNOWN_OUTCOME' || (outcome.injected && (code === 'EIO' || code === 'ABORT_ERR'))
        if (!isAllowed) throw new Error(`${name} threw ${message}`)
      }
      const last = fileStore<string>(join(dir, 'root'), quick).get.sync('k')?.value ?? nothing
      const input = { process: 'last', nth: 0, asked: { op: 'get', to: '' } as const }
      const all = [...history, { process: 'last', input, output: last, call: 2, ended: 3 }]
      assertLinearizable(modelOf(start === undefined ? nothing : wordOf(start)), all)
    },
  }
}

const worlds: readonly (readonly [what: string, programs: string, budgets: Living, bounds?: ExploreOptions])[] = [
  ['two update a short value, one killed', 'u,u u', { start: 's', kills: 1 }],
  [`two update a short value, lies: ${sized(1, 2)}`, 'u u', { start: 's', lies: sized(1, 2) }],
  ['two update a long value, one killed', 'uL uL', { start: 'sL', kills: 1 }],
  ['one makes a short value of a long one, another reads, one killed', 'u g', { start: 'sL', kills: 1 }],
  ['one removes what another updates, one killed', 'r uL', { start: 'sL', kills: 1 }, { preemptions: sized(1, 3) }],
  ['two create, one killed', 'c c', { kills: 1 }],
  ['one creates what another removes, one killed', 'r,c g', { start: 's', kills: 1 }],
  [
    'three update, one failure',
    'u u u',
    { start: 's', failures: 1 },
    sized<ExploreOptions>({ random: { schedules: 300 } }, { preemptions: 1 }),
  ],
]

for (const [what, programs, budgets, bounds] of worlds)
  explored(`explored: ${what}: the entry is that of one caller at a time`, () => {
    seen.clear()
    // A reader that missed a file reads again, and ends as one that came later.
    const collided = programs.includes('g') ? () => seen.size > 1 : undefined
    const options = { maxSchedules: 10_000_000, ...bounds }
    const { complete } = prove(`fileStore, ${what}`, lives(programs, budgets), options, collided)
    assert.ok(complete || bounds)
  })

explored('explored: the same calls lead to the same names in each schedule, however long it takes', () => {
  const names = new Set<string>()
  let schedules = 0
  function* beside(dir: string): Steps<void> {
    yield* fs.stat(dir)
  }
  explore(
    {
      players: dir => ({ A: fileStore<string>(join(dir, 'root'), quick).create.steps('k', 'a'), B: beside(dir) }),
      check({ dir }) {
        schedules++
        for (const name of readdirSync(join(dir, 'root', shardOf('k'), nameOf('k')))) names.add(name)
        for (const untilMs = performance.now() + 2; performance.now() < untilMs; );
      },
    },
    { reduction: 'none' },
  )
  assert.ok(schedules > 3)
  assert.is(names.size, 1)
})

/** Changes whatever is there, if it was the right state a moment ago. */
class Comparing extends FileBacking {
  override *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    const now = yield* this.read(key)
    if (now?.id !== from?.id || !now) return yield* super.commit(key, from, to)
    const result = yield* super.commit(key, now, to)
    return result === 'moved' ? yield* super.commit(key, yield* this.read(key), to) : result
  }
}

/** Takes what it remembers for what is there. */
class Remembering extends FileBacking {
  override *commit(key: string, from: Kept | undefined, to: Draft | undefined): Steps<Kept | 'removed' | 'moved'> {
    const dir = join(this.root, shardOf(key), nameOf(key))
    const result = yield* super.commit(key, from, to)
    if (result !== 'moved' || !from) return result
    // It must have been the call that failed.
    const [name] = readdirSync(dir)
    if (name) renameSync(join(dir, name), join(dir, spellState(asFileKept(from).state)))
    return yield* super.commit(key, from, to)
  }
}

const over =
  (Engine: new (home: { root: string; durability: 'none'; mode: number; gc: 'manual' }) => Backing) => (root: string) =>
    openStore<string>(new Engine({ root, durability: 'none', mode: 0o700, gc: 'manual' }))

explored('the same worlds catch: an engine that looks, and then replaces what is there', () => {
  caught('compared', /not linearizable/, lives('u u', { start: 's', open: over(Comparing) }))
})

explored('the same worlds catch: an engine that takes what it remembers for what is there', () => {
  caught('remembered', /not linearizable/, lives('u,u u', { start: 's', open: over(Remembering) }))
})
