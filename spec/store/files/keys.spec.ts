// Ten thousand keys that were made to be taken for each other, or to lead elsewhere.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore, memoryStore, openStore, type Store } from 'holdfast/store'
import { keyOf, nameOf, shardOf } from '../../../lib/store/files/names.js'
import { memoryBacking } from '../../../lib/store/memory.js'
import { over } from '../../../lib/store/over.js'
import { caselessKinds, mountCaseless } from '../../support/caseless.js'
import { hostile, raceHostileKeys } from '../../support/hostile-keys.js'
import { assert, holds, places, raced, scratch, sized } from '../../support/kit.js'

holds('no two of ten thousand hostile keys have one name, also where case and accents do not count', () => {
  const keys = hostile(10_000)
  const names = keys.map(nameOf)
  assert.is(new Set(names.map(name => name.normalize('NFKD').toUpperCase())).size, keys.length)
  for (const [at, name] of names.entries()) {
    assert.match(name, /^[a-z0-9_][a-z0-9_-]*$|^-/)
    assert.ok(name.length <= 150)
    assert.not.match(name, /^(con|prn|aux|nul|com\d|lpt\d)$/)
    assert.match(shardOf(keys[at] as string), /^[0-9a-f]{2}$/)
    if (!name.startsWith('__')) assert.is(keyOf(name), keys[at])
  }
})

/** Takes keys for one that differ in case, or in how an accent is spelled. */
function folding(): Store<unknown> {
  const memory = memoryBacking()
  const fold = (key: string) => key.normalize('NFKC').toLowerCase()
  return openStore(
    over(memory, {
      read: (key: string) => memory.read(fold(key)),
      commit: (key: string, from, to) => memory.commit(fold(key), from, to),
    }),
  )
}

holds('hostile keys are kept apart in memory, and catch a store that folds case', async () => {
  await raceHostileKeys({ name: 'memory', store: memoryStore<unknown>() })
  await assert.rejects(raceHostileKeys({ name: 'folding', store: folding() }), { message: /was there/ })
})

/** Stores each key with a value that says it, changes every third, and removes every fifth. */
function live(root: string, keys: readonly string[]): void {
  const store = fileStore<string>(root, { durability: 'none', gc: 'manual' })
  for (const [at, key] of keys.entries()) {
    const made = store.create.sync(key, `${at}`)
    assert.ok(made.ok, `${JSON.stringify(key)} was there: ${JSON.stringify(made.entry)}`)
  }
  for (const [at, key] of keys.entries()) {
    if (at % 3 === 0)
      assert.ok(store.update.sync(key, ({ value }) => `${value}, changed, and longer than a token takes`).ok)
    if (at % 5 === 0) assert.ok(store.remove.sync(key).ok)
  }
  const fresh = fileStore<string>(root)
  const expected = new Map(
    keys.flatMap((key, at) => (at % 5 === 0 ? [] : [[key, at % 3 === 0 ? `${at}, c` : `${at}`]])),
  )
  for (const key of keys) {
    const value = fresh.get.sync(key)?.value
    assert.is(value?.slice(0, expected.get(key)?.length), expected.get(key), JSON.stringify(key))
  }
  assert.equal([...fresh.keys()].sort(), [...expected.keys()].sort())
}

for (const { kind, dir } of places)
  raced(`on ${kind}: hostile keys are kept apart, and nothing is touched outside the root`, () => {
    const room = scratch(dir)
    mkdirSync(join(room, 'a/b'), { recursive: true })
    writeFileSync(join(room, 'x'), 'not mine')
    writeFileSync(join(room, 'a/x'), 'not mine')
    live(join(room, 'a/b/store'), hostile(sized(1500, 10_000)))
    assert.equal(readdirSync(room).sort(), ['a', 'x'])
    assert.equal(readdirSync(join(room, 'a')).sort(), ['b', 'x'])
    assert.equal(readdirSync(join(room, 'a/b')), ['store'])
    for (const name of ['x', 'a/x']) assert.is(readFileSync(join(room, name), 'utf8'), 'not mine')
  })

for (const kind of caselessKinds) {
  const name = `on ${kind}, where case does not count: hostile keys are kept apart`
  const mounted = mountCaseless(kind)
  if ('why' in mounted) {
    raced.skip(name, mounted.why)
    continue
  }
  process.prependListener('exit', mounted.unmount)
  raced(name, () => live(join(mounted.dir, 'store'), hostile(sized(200, 10_000))))
}
