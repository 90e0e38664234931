// The contract of the store, line by line, on the engines that need no server.

import { join } from 'node:path'
import { fs, type Steps } from 'holdfast/steps'
import { type Backing, fileStore, openStore } from 'holdfast/store'
import { type ContractLine, storeContract } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { allAtOnce, assert, holds, places, scratch } from '../support/kit.js'
import { assertEndedStaysEnded } from '../support/late-changes.js'

const memories = new Map<string, ReturnType<typeof memoryBacking>>()
function memoryAt(place: string) {
  const memory = memories.get(place) ?? memoryBacking()
  memories.set(place, memory)
  return memory
}

function hold(engine: string, lines: readonly ContractLine[]): void {
  // Some lines wait for the end of an entry: meanwhile others go on, but not so many that they are in each other's way.
  for (let first = 0; first < lines.length; first += atATime) {
    const some = lines.slice(first, first + atATime)
    const results = allAtOnce(some.map(({ run }) => run))
    for (const [at, { name }] of some.entries()) holds(`${engine}: ${name}`, () => results(at))
  }
}

const atATime = 10
const unit = 100

hold(
  'memory',
  storeContract((place, options) => openStore(memoryAt(place), options), { unit }),
)
holds('what has ended stays so, in memory and in files, whatever change was under way meanwhile', async () => {
  await assertEndedStaysEnded(openStore(memoryBacking()), 60)
  await assertEndedStaysEnded(fileStore(scratch(), { durability: 'none' }), 60)
})

/** An engine that is asked by promises, as a server is. */
function remote(memory: Backing): Backing {
  function* after<T>(steps: Steps<T>): Steps<T> {
    yield* fs.settle(new Promise(resolve => setImmediate(resolve)), 5000)
    return yield* steps
  }
  return {
    claims: memory.claims,
    read: key => after(memory.read(key)),
    commit: (key, from, to) => after(memory.commit(key, from, to)),
    list: (prefix, cursor) => after(memory.list(prefix, cursor)),
    changed: (key, ms) => memory.changed(key, ms),
    now: () => after(memory.now()),
  }
}

const promised = storeContract((place, options) => openStore(remote(memoryAt(`remote-${place}`)), options), {
  unit,
  forms: ['promise'],
})
hold('promises', promised)

holds('an engine that is asked by promises is asked for many keys at a time, and has no sync form', async () => {
  let underWay = 0
  let most = 0
  const memory = memoryAt('many')
  const backing: Backing = {
    ...remote(memory),
    *read(key) {
      most = Math.max(most, ++underWay)
      yield* fs.settle(new Promise(resolve => setTimeout(resolve, 10)))
      underWay--
      return yield* memory.read(key)
    },
  }
  const store = openStore<number>(backing)
  const keys = Array.from({ length: 100 }, (_, at) => `k${at}`)
  assert.is((await store.createMany(keys.map((key, at) => [key, at]))).size, 100)
  assert.is((await store.getMany(keys)).size, 100)
  assert.is(most, 64)
  assert.throws(() => store.getMany.sync(keys), { code: 'ERR_INVALID_RETURN_VALUE' })
})

for (const { kind, dir } of places) {
  const root = scratch(dir)
  hold(
    `files on ${kind}`,
    storeContract((place, options) => fileStore(join(root, place), { ...options, durability: 'none' }), { unit }),
  )
}
