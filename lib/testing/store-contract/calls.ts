// Lines about calls: what is refused, what stops them, and their forms.

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict'
import { fails, hasValue, isAbsent, type Line, line, made, refused } from './line.js'

export const calls: readonly Line[] = [
  line('bad times and unknown options are refused, and nothing is done', async store => {
    made(await store.create('there', 1))
    for (const ttl of [0, -1, Number.NaN]) {
      await fails(store.create('k', 1, { ttl }), 'ERR_OUT_OF_RANGE')
      await fails(store.update('there', 2, { ttl }), 'ERR_OUT_OF_RANGE')
      await fails(store.touch('there', ttl), 'ERR_OUT_OF_RANGE')
      await fails(store.get('there', { touch: ttl }), 'ERR_OUT_OF_RANGE')
    }
    await fails(store.remove('there', { tombstone: -1 }), 'ERR_OUT_OF_RANGE')
    await fails(store.create('k', 1, { ttl: '1' as never }), 'ERR_INVALID_ARG_TYPE')
    await fails(store.remove('there', { ifVersion: 1 as never }), 'ERR_INVALID_ARG_TYPE')
    const unknown = { ttll: 1 } as object
    await fails(store.create('k', 1, unknown), 'ERR_INVALID_ARG_VALUE')
    await fails(store.remove('there', unknown), 'ERR_INVALID_ARG_VALUE')
    await fails(store.get('there', unknown), 'ERR_INVALID_ARG_VALUE')
    await isAbsent(store, 'k')
    await hasValue(store, 'there', 1)
  }),
  line('a call whose signal is aborted does nothing', async store => {
    made(await store.create('there', 1))
    const signal = AbortSignal.abort()
    await fails(store.create('k', 1, { signal }), 'ABORT_ERR')
    await fails(store.update('there', 2, { signal }), 'ABORT_ERR')
    await fails(store.remove('there', { signal }), 'ABORT_ERR')
    await isAbsent(store, 'k')
    await hasValue(store, 'there', 1)
  }),
  line('a timeout ends an update whose function never comes to its end', async store => {
    made(await store.create('k', 1))
    const began = performance.now()
    await fails(
      store.update('k', () => new Promise(() => {}), { timeout: 20 }),
      'ERR_TIMEOUT',
    )
    ok(performance.now() - began < 2000)
    await hasValue(store, 'k', 1)
  }),
  line('confirm takes errors of an unknown outcome only', async store => {
    await fails(store.confirm(new Error('another')), 'ERR_INVALID_ARG_TYPE')
    await fails(store.confirm(undefined), 'ERR_INVALID_ARG_TYPE')
    const unknown = (key: string, attempt: string) =>
      Object.assign(new Error(), { code: 'ERR_UNKNOWN_OUTCOME', key, attempt })
    const { version } = made(await store.create('k', 1))
    strictEqual(await store.confirm(unknown('k', version)), 'done')
    made(await store.update('k', 2))
    strictEqual(await store.confirm(unknown('k', version)), 'done')
  }),
  line('a store that was closed refuses every call', async store => {
    made(await store.create('k', 1))
    await store.close()
    await store.close()
    await fails(store.get('k'), 'ERR_STORE_CLOSED')
    await fails(store.create('other', 1), 'ERR_STORE_CLOSED')
    await fails(store.update('k', 1), 'ERR_STORE_CLOSED')
    await fails(store.remove('k'), 'ERR_STORE_CLOSED')
    await fails(store.touch('k', 1), 'ERR_STORE_CLOSED')
    await fails(store.getMany(['k']), 'ERR_STORE_CLOSED')
    await fails(store.createMany([['k', 1]]), 'ERR_STORE_CLOSED')
    await fails(store.sweep(), 'ERR_STORE_CLOSED')
    await fails(store.keys()[Symbol.asyncIterator]().next(), 'ERR_STORE_CLOSED')
  }),
  line('await using closes a store', async store => {
    await store[Symbol.asyncDispose]()
    await fails(store.get('k'), 'ERR_STORE_CLOSED')
  }),
  line('the sync forms do the same, where the engine has them', async (store, { forms }) => {
    if (!forms.includes('sync')) return
    const first = made(store.create.sync('k', 1))
    deepStrictEqual(store.get.sync('k'), await store.get('k'))
    const second = made(store.update.sync('k', old => (old.value as number) + 1))
    deepStrictEqual(refused(store.update.sync('k', 3, { ifVersion: first.version })), second)
    deepStrictEqual(refused(store.create.sync('k', 3)), second)
    deepStrictEqual([...store.keys()], ['k'])
    deepStrictEqual([...store.getMany.sync(['k'])], [['k', second]])
    ok(made(store.touch.sync('k', 100_000)).expires)
    throws(() => store.update.sync('k', async () => 3), { code: 'ERR_INVALID_RETURN_VALUE' })
    strictEqual(store.remove.sync('k', { tombstone: 100_000 }).ok, true)
    ok(store.get.sync('k')?.gone)
    store.sweep.sync()
    store.close.sync()
    throws(() => store.get.sync('k'), { code: 'ERR_STORE_CLOSED' })
  }),
]
