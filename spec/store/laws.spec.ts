// The laws of this package, for the operations of a store: whichever call fails or is aborted, its own error comes out, or
// what was promised holds; both forms agree; and nothing is left behind.

import type { Dual } from 'holdfast/steps'
import { type Change, evict, fileStore, overwrite, removeMany, type Store } from 'holdfast/store'
import { assert, holds } from '../support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertSyncAndAsyncAgree,
  type Trial,
} from '../support/laws.js'

type Any = Store<string>
type Act = Dual<unknown[], unknown>

const storeIn = (dir: string): Any => fileStore<string>(dir, { durability: 'none', gc: 'manual' })
const valueIn = (dir: string, key = 'k') => storeIn(dir).get.sync(key)?.value

/** An operation as a function whose first argument is the store. */
function operation(name: Exclude<keyof Any, 'keys' | typeof Symbol.asyncDispose>): Act {
  const of = (store: unknown) => (store as Any)[name] as unknown as Act
  return Object.assign((store: unknown, ...args: unknown[]) => of(store)(...args), {
    sync: (store: unknown, ...args: unknown[]) => of(store).sync(...args),
    steps: (store: unknown, ...args: unknown[]) => of(store).steps(...args),
  })
}

const big = (what: string): string => what.padEnd(100, '.')
const setup = (dir: string): void => {
  storeIn(dir).create.sync('k', big('old'), { ttl: 1e9 })
}
const wasMade = (value: unknown): boolean => (value as Change<string>).ok

interface Case {
  readonly name: string
  readonly act: Act
  readonly trial: Trial<unknown[]>
}

const change = (name: Parameters<typeof operation>[0], args: unknown[], trial: Partial<Trial<unknown[]>>): Case => ({
  name,
  act: operation(name),
  trial: { ...trial, args: dir => [storeIn(dir), ...args] },
})

const cases: readonly Case[] = [
  change('get', ['k'], { setup, done: (_, entry) => assert.is((entry as { value: string }).value, big('old')) }),
  change('create', ['k', big('new')], {
    done: (dir, it) => wasMade(it) && assert.is(valueIn(dir), big('new')),
  }),
  change('create', ['k', big('new')], { setup, done: dir => assert.is(valueIn(dir), big('old')) }),
  change('update', ['k', ({ value }: { value: string }) => `${value}new`], {
    setup,
    done: dir => assert.is(valueIn(dir), `${big('old')}new`),
  }),
  change('update', ['k', 'short'], { setup, done: dir => assert.is(valueIn(dir), 'short') }),
  change('touch', ['k', 2e9], {
    setup,
    done: dir => assert.ok((storeIn(dir).get.sync('k') as { expires: number }).expires > Date.now() + 1.5e9),
  }),
  change('remove', ['k'], { setup, done: dir => assert.is(storeIn(dir).get.sync('k'), undefined) }),
  change('remove', ['k', { tombstone: 1e9 }], { setup, done: dir => assert.ok(storeIn(dir).get.sync('k')?.gone) }),
  change('getMany', [['a', 'k']], { setup, done: (_, found) => assert.is((found as Map<string, unknown>).size, 1) }),
  change(
    'createMany',
    [
      [
        ['a', '1'],
        ['b', big('2')],
      ],
    ],
    { done: dir => assert.is(valueIn(dir, 'b'), big('2')) },
  ),
  {
    name: 'overwrite',
    act: overwrite as unknown as Act,
    trial: { setup, args: dir => [storeIn(dir), 'k', big('new')], done: dir => assert.is(valueIn(dir), big('new')) },
  },
  {
    name: 'removeMany',
    act: removeMany as unknown as Act,
    trial: { setup, args: dir => [storeIn(dir), ['a', 'k']], done: dir => assert.is(valueIn(dir), undefined) },
  },
  {
    name: 'evict',
    act: evict as unknown as Act,
    trial: { setup, args: dir => [storeIn(dir), { maxCount: 0 }], done: dir => assert.is(valueIn(dir), undefined) },
  },
]

const remembering = cases.findIndex(({ trial: { args } }) =>
  args('/none').some(arg => (arg as { tombstone?: number }).tombstone),
)

for (const [at, { name, act, trial }] of cases.entries()) {
  holds(`${name} (${at}): whichever call fails, its error comes out, or what was promised holds`, () =>
    assertOriginalErrorComesOut(act, trial).then(() => {}),
  )
  holds(`${name} (${at}): whatever fails or is stopped leaves nothing behind`, () =>
    assertNothingLeftBehind(act, trial),
  )
}

holds('both forms come to the same', async () => {
  // Ends of entries and tombstones differ.
  const timeless = cases.filter(({ name }, at) => name !== 'touch' && name !== 'get' && at !== remembering)
  for (const { act, trial } of timeless)
    await assertSyncAndAsyncAgree(act, {
      ...trial,
      setup: dir => void (trial.setup && storeIn(dir).create.sync('k', big('old'))),
    })
})
