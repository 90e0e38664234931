// Lines about keys: any well-formed string is one, and no two are taken for each other.

import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { atOnce, fails, hasValue, line, made, present } from './line.js'

/** Keys that a filesystem, a query or a prototype could take for something else, or for each other. */
const hostile: readonly string[] = [
  ...['a', 'A', 'ä', 'a\u0308', 'Ä', 'ß', 'SS', 'ss', 'K', '\u212a'],
  ...['.', '..', '../x', '/', '//', '\\', 'a/b', 'a\\b', 'a:b', 'a.', 'a ', ' a', '*', '?', '%', '%2e', '~'],
  ...['con', 'CON', 'nul.txt', 'com1', '.git', '-rf', '_2e', '__', "'; --", '"', '$1', '{a}', '$' + '{a}'],
  ...['__proto__', 'constructor', 'toString', 'undefined', 'null', '0', '00', '1e3', '1000'],
  ...['\n', '\t', '\u0001', '\u007f', '\u2603', '\u{1f600}', '\ufeff', '\u202e', '\uffff'],
  ...['x'.repeat(4096), `${'x'.repeat(4095)}y`, '\u2603'.repeat(1365), 'y'.repeat(255), 'y'.repeat(256)],
]

export const keys = [
  line('keys that look alike, or like something else, are keys of their own', async store => {
    await Promise.all(hostile.map(async (key, at) => made(await store.create(key, at))))
    await Promise.all(hostile.map((key, at) => hasValue(store, key, at)))
    const listed: string[] = []
    for await (const key of store.keys()) listed.push(key)
    deepStrictEqual(listed.sort(), [...hostile].sort())
    await Promise.all(hostile.filter((_, at) => at % 2).map(key => store.remove(key)))
    for (const [at, key] of hostile.entries()) strictEqual((await store.get(key)) === undefined, at % 2 === 1, key)
  }),
  line('what is no key is refused', async store => {
    const refusals = {
      '': 'ERR_INVALID_ARG_VALUE',
      'a\ud800': 'ERR_INVALID_ARG_VALUE',
      '\udc00a': 'ERR_INVALID_ARG_VALUE',
    }
    const all: [unknown, string][] = [...Object.entries(refusals), ['x'.repeat(4097), 'ERR_OUT_OF_RANGE']]
    all.push(['\u2603'.repeat(1366), 'ERR_OUT_OF_RANGE'])
    for (const key of [undefined, null, 1, {}, ['k'], Buffer.from('k')]) all.push([key, 'ERR_INVALID_ARG_TYPE'])
    for (const [bad, code] of all) {
      const key = bad as string
      await fails(store.get(key), code)
      await fails(store.create(key, 1), code)
      await fails(store.update(key, 1), code)
      await fails(store.remove(key), code)
      await fails(store.touch(key, 1), code)
      await fails(store.getMany(['k', key]), code)
      await fails(
        store.createMany([
          ['k', 1],
          [key, 1],
        ]),
        code,
      )
    }
    strictEqual(await store.get('k'), undefined)
  }),
  line('keys returns each key that has an entry once, and with a prefix those that begin so', async store => {
    const many = Array.from({ length: 70 }, (_, at) => `${at % 2 ? 'odd' : 'even'}/${at}`)
    await store.createMany(many.map(key => [key, 0]))
    await store.remove('odd/1')
    const listed = async (prefix?: string) => {
      const all: string[] = []
      for await (const key of store.keys(prefix === undefined ? {} : { prefix })) all.push(key)
      return all.sort()
    }
    const left = many.filter(key => key !== 'odd/1').sort()
    deepStrictEqual(await listed(), left)
    deepStrictEqual(
      await listed('odd/'),
      left.filter(key => key.startsWith('odd/')),
    )
    deepStrictEqual(
      await listed('odd/3'),
      left.filter(key => key.startsWith('odd/3')),
    )
    deepStrictEqual(await listed('none'), [])
  }),
  line('keys returns what is there all the time exactly once, though others come and go', async store => {
    const stays = Array.from({ length: 30 }, (_, at) => `stays${at}`)
    await store.createMany(stays.map(key => [key, 0]))
    let isOver = false
    const coming = (async () => {
      for (let at = 0; !isOver; at++) {
        await store.create(`comes${at}`, 0)
        await store.update(stays[at % stays.length] as string, at)
        if (at > 5) await store.remove(`comes${at - 5}`)
      }
    })()
    try {
      for (let round = 0; round < 5; round++) {
        const listed: string[] = []
        for await (const key of store.keys({ prefix: 'stays' })) listed.push(key)
        deepStrictEqual(listed.sort(), [...stays].sort())
      }
    } finally {
      isOver = true
      await coming
    }
  }),
  line('getMany returns what is there, in the order of the keys', async store => {
    await store.createMany(Object.entries({ a: 1, b: 2, c: 3, d: 4 }))
    await store.remove('b')
    await store.remove('c', { tombstone: 100_000 })
    const found = await store.getMany(['d', 'none', 'c', 'b', 'a', 'd'])
    deepStrictEqual([...found.keys()], ['d', 'a'])
    deepStrictEqual(found.get('d'), present(await store.get('d')))
    strictEqual((await store.getMany([])).size, 0)
  }),
  line('createMany makes each entry that is not there, and returns the others as they are', async store => {
    const first = made(await store.create('b', 'old'))
    const results = await store.createMany(Object.entries({ c: 1, b: 2, a: 3 }))
    deepStrictEqual([...results.keys()], ['c', 'b', 'a'])
    deepStrictEqual(
      [...results.values()].map(({ ok }) => ok),
      [true, false, true],
    )
    deepStrictEqual(results.get('b')?.entry, first)
    deepStrictEqual(results.get('a')?.entry, await store.get('a'))
    await fails(
      store.createMany([
        ['x', 1],
        ['x', 2],
      ]),
      'ERR_INVALID_ARG_VALUE',
    )
    strictEqual(await store.get('x'), undefined)
  }),
  line('changes of many keys at once do not touch each other', async store => {
    await atOnce(20, number => store.create(`k${number}`, 0))
    await atOnce(100, number => store.update(`k${number % 20}`, old => (old.value as number) + 1))
    for (const { value } of (await store.getMany(Array.from({ length: 20 }, (_, at) => `k${at}`))).values())
      strictEqual(value, 5)
  }),
]
