// Lines about values: they come back as they went in, and belong to the store alone.

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { OpenOptions } from './line.js'
import { fails, hasValue, isAbsent, type Line, line, made, present } from './line.js'

const itself: unknown[] = []
itself.push(itself)

/** Values that JSON drops, changes, or cannot spell. */
const lost: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  () => {},
  Symbol('s'),
  itself,
  [undefined],
  { of: undefined },
  { at: new Date() },
  { of: [new Map([[1, 2]])] },
  new (class Point {
    x = 1
  })(),
]

/** Cannot read what it has written, if that says `bad`. */
const fussy: OpenOptions['codec'] = {
  encode: value => Buffer.from(JSON.stringify(value)),
  decode(bytes) {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (value === 'bad') throw new Error('it is bad')
    return value
  },
}

export const values: readonly Line[] = [
  line('null, false, 0, the empty string, and what is nested come back as they were', async store => {
    const kept = [null, false, 0, '', [], {}, { a: [{ b: null }, 'ü☃\0'], __proto__: null }, 'x'.repeat(100_000)]
    for (const [at, value] of kept.entries()) {
      made(await store.create(`k${at}`, value))
      const got = present(await store.get(`k${at}`)).value
      strictEqual(JSON.stringify(got), JSON.stringify(value))
    }
  }),
  line('undefined is refused as a value', async store => {
    await fails(store.create('k', undefined), 'ERR_INVALID_ARG_TYPE')
    await isAbsent(store, 'k')
    await store.create('k', 1)
    await fails(store.update('k', undefined as never), 'ERR_INVALID_ARG_TYPE')
    await fails(
      store.update('k', () => undefined),
      'ERR_INVALID_RETURN_VALUE',
    )
    await hasValue(store, 'k', 1)
  }),
  line('what JSON would lose is refused', async store => {
    await store.create('there', 1)
    for (const value of lost) {
      await fails(store.create('k', value), 'ERR_INVALID_ARG_TYPE')
      if (typeof value !== 'function') await fails(store.update('there', value as object), 'ERR_INVALID_ARG_TYPE')
      await fails(
        store.update('there', () => value),
        'ERR_INVALID_ARG_TYPE',
      )
    }
    await isAbsent(store, 'k')
    await hasValue(store, 'there', 1)
  }),
  line('what callers do to a value that they passed, or got, changes nothing', async store => {
    const passed = { list: [1] }
    made(await store.create('k', passed))
    passed.list.push(2)
    await hasValue(store, 'k', { list: [1] })
    const got = present(await store.get('k')).value as { list: number[] }
    got.list.push(3)
    await hasValue(store, 'k', { list: [1] })
    await store.update('k', old => {
      ;(old.value as { list: number[] }).list.push(4)
      return 'new'
    })
    await hasValue(store, 'k', 'new')
    await fails(
      store.update('k', old => {
        throw Object.assign(new Error(), { code: 'OWN', old })
      }),
      'OWN',
    )
    await hasValue(store, 'k', 'new')
  }),
  {
    name: 'a value that is too large is refused, and the old one stays',
    async run({ open }) {
      const store = await open({ maxValueBytes: 10 })
      made(await store.create('k', '12345678'))
      await fails(store.update('k', '123456789'), 'ERR_OUT_OF_RANGE')
      await fails(store.create('other', '123456789'), 'ERR_OUT_OF_RANGE')
      await hasValue(store, 'k', '12345678')
      await isAbsent(store, 'other')
    },
  },
  {
    name: 'a value that the codec cannot read is an error that names its version, by which it can be removed',
    async run({ open }) {
      const store = await open({ codec: fussy })
      const { version } = made(await store.create('k', 'bad'))
      const reading = [
        () => store.get('k'),
        () => store.create('k', 1),
        () => store.update('k', () => 1),
        () => store.getMany(['k']),
      ]
      for (const read of reading) {
        const error = await fails(read(), 'ERR_BAD_VALUE')
        deepStrictEqual([error.key, error.version, (error.cause as Error).message], ['k', version, 'it is bad'])
      }
      strictEqual((await store.remove('k', { ifVersion: version })).ok, true)
      made(await store.create('k', 'good'))
      await hasValue(store, 'k', 'good')
    },
  },
  {
    name: 'what one store object changes, another over the same values sees at once',
    async run({ open }) {
      const [one, other] = [await open(), await open()]
      const first = made(await one.create('k', 1))
      deepStrictEqual(await other.get('k'), first)
      const second = made(await other.update('k', 2, { ifVersion: first.version }))
      deepStrictEqual(refusedBy(await one.update('k', 3, { ifVersion: first.version })), second)
      strictEqual((await other.remove('k', { ifVersion: second.version })).ok, true)
      await isAbsent(one, 'k')
    },
  },
]

const refusedBy = (change: { ok: boolean; entry: unknown }): unknown => {
  ok(!change.ok, 'the change was made')
  return change.entry
}
