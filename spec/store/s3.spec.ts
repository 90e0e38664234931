// A store in S3: the contract over `fetch`, names, what is refused, and whatever a server may reply. Other clients and
// races are in ./s3/.

import { type S3StoreOptions, s3Store } from 'holdfast/s3'
import type { Entry, Store } from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { keyOf, nameOf } from '../../lib/store/s3/names.js'
import { parseListing } from '../../lib/store/s3/xml.js'
import { afterwards, allAtOnce, assert, holds, note } from '../support/kit.js'
import { assertEndedStaysEnded } from '../support/late-changes.js'
import { type Fate, type Faults, type S3Server, startS3 } from '../support/s3-server.js'

const servers: S3Server[] = []
async function started(faults?: Partial<Faults>): Promise<S3Server> {
  const server = await startS3(faults)
  servers.push(server)
  return server
}

type Options = Partial<S3StoreOptions<unknown>>

const open = <T = unknown>({ endpoint }: S3Server, options: Options = {}): Store<T> =>
  s3Store<T>(fetch, { bucket: 'specs', prefix: 'a/', endpoint, ...options } as S3StoreOptions<T>)

/** Runs with a server that is stopped afterwards. */
const withServer = (body: (server: S3Server) => Promise<void>, faults?: Partial<Faults>) => async () => {
  const server = await startS3(faults)
  try {
    await body(server)
  } finally {
    await server.close()
  }
}

/** The contract on a server of its own. The lines run at once, because they usually wait. */
function keepsTheContract(what: string, faults?: Partial<Faults>): void {
  let server: Promise<S3Server> | undefined
  const lines = storeContract(
    async (place, options) => {
      server ??= started(faults)
      return open(await server, { prefix: `${place}/`, timeout: 60_000, ...options } as Options)
    },
    { unit: 600, forms: ['promise'] },
  )
  const result = allAtOnce(lines.map(({ run }) => run))
  for (const [at, { name }] of lines.entries()) holds(`${what}: ${name}`, () => result(at))
}

keepsTheContract('fetch')
keepsTheContract('a server that ignores conditions of DELETE', { ignores: ['delete'] })

holds('a server that ignores conditions is found out by the first call', async () => {
  for (const ignored of ['if-none-match', 'if-match'] as const)
    await withServer(
      async server => {
        const error = await assert.rejects(open(server).get('k'), { code: 'ERR_UNCONDITIONAL' })
        assert.match(error.message.toLowerCase(), ignored)
      },
      { ignores: [ignored] },
    )()
})

holds(
  'objects of another format are refused, and nothing is changed',
  withServer(async server => {
    await open(server).create('k', 1)
    const put = (name: string, body: string) => fetch(`${server.endpoint}/specs/a/${name}`, { method: 'PUT', body })
    await put('k', 'holdfast 2 {}\n')
    await assert.rejects(open(server).get('k'), { code: 'ERR_STORE_FORMAT', message: /is 2, .* format 1/ })
    await put('k', 'something else')
    await assert.rejects(open(server).get('k'), { code: 'ERR_STORE_FORMAT' })
    await put('holdfast.json', '{"holdfast":"store","format":2}')
    await assert.rejects(open(server).get('other'), { code: 'ERR_STORE_FORMAT', message: /is 2, .* format 1/ })
    await put('holdfast.json', 'no JSON')
    await assert.rejects(open(server).get('other'), { code: 'ERR_STORE_FORMAT' })
  }),
)

holds(
  'a value that was cut short is not returned, and can be replaced',
  withServer(async server => {
    const store = open<string>(server)
    await store.create('k', 'a value')
    const { body } = server.objects.get('/specs/a/k') as { body: Buffer }
    await fetch(`${server.endpoint}/specs/a/k`, { method: 'PUT', body: body.subarray(0, -3) })
    assert.is(await store.get('k'), undefined)
    assert.is((await store.create('k', 'new')).ok, true)
    assert.is((await store.get('k'))?.value, 'new')
  }),
)

holds(
  'what has ended stays so, whatever change was under way meanwhile',
  withServer(server => assertEndedStaysEnded(open(server), 300)),
)

holds('names: no two keys have one, and none leads elsewhere, also where case is folded', () => {
  const keys = hostileKeys()
  const names = keys.map(key => nameOf(key).name)
  assert.is(new Set(names.map(name => name.toLowerCase().normalize('NFC'))).size, new Set(keys).size)
  for (const [at, name] of names.entries()) {
    assert.match(name, /^[a-z0-9_-]{1,150}$/)
    if (!nameOf(keys[at] as string).isCut) assert.is(keyOf(name), keys[at])
  }
})

function hostileKeys(): string[] {
  const odd = [
    'a',
    'A',
    'é',
    'e\u0301',
    '..',
    '.',
    'con',
    'a/b',
    'a//b',
    '/a',
    'a b',
    'a+b',
    '%2e',
    '\0',
    '\n',
    '_61',
    '__',
    '☃',
    '😀',
  ]
  const long = [' '.repeat(4096), 'x'.repeat(4096), `${'x'.repeat(4095)}y`, `${'X'.repeat(4096)}`, '☃'.repeat(1365)]
  const random = Array.from({ length: 10_000 }, (_, at) => `${odd[at % odd.length]}${at}${odd[(at * 7) % odd.length]}`)
  return [...new Set([...odd, ...long, ...random])]
}

holds(
  'any key can be stored, and is listed by each of its beginnings',
  withServer(async server => {
    const store = open<number>(server)
    const keys = hostileKeys().slice(0, 60)
    for (const [at, key] of keys.entries()) await store.create(key, at)
    const listed: string[] = []
    for await (const key of store.keys()) listed.push(key)
    assert.equal(listed.sort(), [...keys].sort())
    for (const prefix of ['a', 'x'.repeat(200), '..', '☃☃', 'X']) {
      const some: string[] = []
      for await (const key of store.keys({ prefix })) some.push(key)
      assert.equal(some.sort(), keys.filter(key => key.startsWith(prefix)).sort())
    }
    for (const [at, key] of keys.entries()) assert.is((await store.get(key))?.value, at)
    for (const name of server.objects.keys()) assert.match(name, /^\/specs\/a\/[a-z0-9_.-]+$/)
  }),
)

holds('lists of names that look otherwise are refused rather than guessed at', () => {
  assert.equal(
    parseListing(
      '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a&amp;&#98;&#x63;</Key></Contents></ListBucketResult>',
    ),
    { names: ['a&bc'], next: undefined },
  )
  for (const xml of [
    '',
    '<html></html>',
    '<ListBucketResult></ListBucketResult>',
    'x<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>',
  ])
    assert.throws(() => parseListing(xml), { code: 'ERR_S3_REPLY' })
})

/** Makes the k-th change after the opening come to this end, and returns what each operation came to. */
async function each(
  fate: Fate,
  body: (store: Store<number>, doom: () => void, server: S3Server) => Promise<void>,
): Promise<void> {
  let doomed = -1
  const server = await startS3({ fate: change => (change === doomed ? fate : undefined) })
  try {
    const store = open<number>(server, { timeout: fate === 'silence' ? 1_000 : 30_000 })
    await store.get('opened')
    await body(
      store,
      () => {
        doomed = server.counts.changes
      },
      server,
    )
  } finally {
    await server.close()
  }
}

for (const fate of [
  'request lost',
  'reply lost',
  'conflict',
  'slow down',
  'error',
  'error, but done',
  'silence',
] as const)
  holds(`${fate}: each operation is done once, or says that it does not know`, () =>
    each(fate, async (store, doom) => {
      const mayNotKnow = fate === 'request lost' || fate === 'error' || fate === 'silence'
      doom()
      let entry = await store.create('k', 1).then(
        made => made.entry,
        async error => {
          assert.ok(mayNotKnow, String(error))
          assert.is(error.code, 'ERR_UNKNOWN_OUTCOME')
          // Nothing is there, and nothing else can have come of it.
          assert.is(await store.confirm(error), 'not done')
          return (await store.create('k', 1)).entry
        },
      )
      assert.is(entry?.value, 1)
      doom()
      const updated = await store.update('k', old => old.value + 1)
      assert.equal([updated.ok, updated.entry?.value], [true, 2])
      assert.is((await store.get('k'))?.value, 2)
      doom()
      const touched = await store.touch('k', 60_000)
      assert.equal([touched.ok, touched.entry?.value, touched.entry?.version], [true, 2, updated.entry?.version])
      entry = (await store.get('k')) as typeof entry
      doom()
      assert.is((await store.remove('k', { ifVersion: entry?.version })).ok, true)
      assert.is(await store.get('k'), undefined)
      assert.is((await store.create('k', 5)).ok, true)
    }),
  )

holds(
  'a client that repeats a request by itself is its own rival, and is recognised',
  withServer(async server => {
    let sent = 0
    const stubborn: typeof fetch = async (url, init) => {
      const first = await fetch(url, init)
      if (init?.method === 'GET') return first
      sent++
      return await fetch(url, init)
    }
    const store = s3Store<number>(stubborn, { bucket: 'specs', prefix: 'b/', endpoint: server.endpoint })
    // The probe sees a server that refuses, and that is all it asks for.
    await open(server, { prefix: 'b/' }).get('k')
    assert.equal((await store.create('k', 1)).ok, true)
    for (let value = 2; value < 20; value++)
      assert.is((await store.update('k', old => old.value + 1)).entry?.value, value)
    assert.is((await store.remove('k')).ok, true)
    assert.ok(sent > 20 && server.counts.refused > 20)
  }),
)

holds(
  'nothing is left of what was removed',
  withServer(async server => {
    const store = open<number>(server)
    for (let at = 0; at < 5; at++) await store.create(`k${at}`, at)
    for (let at = 0; at < 5; at++) await store.remove(`k${at}`)
    assert.equal([...server.objects.keys()].sort(), ['/specs/a/holdfast.json', '/specs/a/holdfast.probe'])
  }),
)

holds(
  'what a process left behind that was killed in a removal is swept',
  withServer(async server => {
    const store = open<number>(server)
    await store.create('k', 1)
    // The second request of a removal, the DELETE, is lost.
    const { changes } = server.counts
    server.faults.fate = change => (change >= changes + 1 ? 'request lost' : undefined)
    assert.is((await store.remove('k')).ok, true)
    server.faults.fate = () => undefined
    assert.is(await store.get('k'), undefined)
    assert.ok(server.objects.has('/specs/a/k'))
    assert.equal(await store.sweep(), { expired: 0, tombstones: 0, debris: 1 })
    assert.is(server.objects.has('/specs/a/k'), false)
  }),
)

holds(
  'where DELETE knows no condition, an object without a value stays, and reads as nothing',
  withServer(
    async server => {
      const store = open<number>(server)
      await store.create('k', 1)
      await store.remove('k')
      assert.is(await store.get('k'), undefined)
      for await (const key of store.keys()) assert.unreachable(key)
      assert.ok(server.objects.has('/specs/a/k'))
      assert.is((await store.create('k', 2)).ok, true)
      assert.is((await store.get('k'))?.value, 2)
    },
    { refusesDelete: true },
  ),
)

holds('a clock that the server proves wrong is corrected', async () => {
  for (const aheadMs of [-3_600_000, 3_600_000])
    await withServer(
      async server => {
        const { entry } = await open(server).create('k', 1, { ttl: 1_000 })
        const off = ((entry as Entry<unknown>).expires as number) - 1_000 - Date.now() - aheadMs
        note(`${aheadMs} ms: off by ${off} ms`)
        assert.ok(Math.abs(off) < 30_000, `${off}`)
      },
      { aheadMs },
    )()
})

holds(
  'bad input is refused before anything is sent',
  withServer(async server => {
    const { endpoint } = server
    const good = { bucket: 'specs', prefix: 'a/', endpoint }
    const refused = (options: object, code: string, client: unknown = fetch) =>
      assert.throws(() => s3Store(client as typeof fetch, options as S3StoreOptions<unknown>), { code })
    for (const bucket of [undefined, '', 'a/b', '..', 'ü']) refused({ ...good, bucket }, 'ERR_INVALID_ARG_VALUE')
    for (const prefix of ['/a', 'a//b', '../a', 'a/./b', 'ü', '?', 'x'.repeat(501)])
      refused({ ...good, prefix }, 'ERR_INVALID_ARG_VALUE')
    refused({ ...good, prefix: undefined }, 'ERR_INVALID_ARG_TYPE')
    for (const address of [undefined, '', 'localhost', 'ftp://x', 'https://x?y'])
      refused({ ...good, endpoint: address }, 'ERR_INVALID_ARG_VALUE')
    refused({ ...good, timeout: 0 }, 'ERR_OUT_OF_RANGE')
    refused({ ...good, retryFor: '1' }, 'ERR_INVALID_ARG_TYPE')
    refused({ ...good, region: 'x' }, 'ERR_INVALID_ARG_VALUE')
    for (const client of [null, {}, 'x', { send() {} }]) refused(good, 'ERR_INVALID_ARG_TYPE', client)
    assert.is(server.counts.requests, 0)
  }),
)

holds(
  'the sync form is refused before anything is sent',
  withServer(async server => {
    const store = open(server)
    for (const call of [
      () => store.get.sync('k'),
      () => store.create.sync('k', 1),
      () => store.remove.sync('k'),
      () => [...store.keys()],
    ])
      assert.throws(call, { code: 'ERR_INVALID_RETURN_VALUE', message: /promise form/ })
    assert.is(server.counts.requests, 0)
  }),
)

holds(
  'what the server refuses comes out with its status and reason; no bucket is not an empty store',
  withServer(async server => {
    const error = await assert.rejects(open(server, { bucket: 'missing' }).get('k'), { code: 'ERR_S3_REPLY' })
    assert.equal({ ...error }, { code: 'ERR_S3_REPLY', status: 404, reason: 'NoSuchBucket' })
  }),
)

holds('without a server the client’s own error comes out, after the time for which it is tried', async () => {
  const server = await startS3()
  await server.close()
  const began = performance.now()
  const error = await assert.rejects(open(server, { retryFor: 200 }).get('k'), { name: 'TypeError' })
  assert.is((error.cause as { code?: string }).code, 'ECONNREFUSED')
  assert.ok(performance.now() - began > 190)
})

holds(
  'no reply to a read ends it with a time-out of its own',
  withServer(async server => {
    const never: typeof fetch = () => new Promise(() => {})
    const store = s3Store(never, { bucket: 'specs', prefix: 'a/', endpoint: server.endpoint, timeout: 50 })
    await assert.rejects(store.get('k'), { code: 'ERR_TIMEOUT', name: 'TimeoutError' })
  }),
)

afterwards(() => Promise.all(servers.map(server => server.close())))
