// A response of `fetch` as what a producer returns: its body is the content, and one that is not ok is never published.

import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createContext, runInContext } from 'node:vm'
import { getOrCreate, lock, type Producer, writeFile, writeFiles } from 'holdfast'
import { storeResponse } from '../broken/results.js'
import { assert, holds, scratch } from '../support/kit.js'
import { eventually, until } from '../support/left.js'

const whole = Buffer.alloc(300_000, 'model')

/** What the server does with a request, by its path. */
const replies: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/model': response => response.end(whole),
  '/empty': response => response.writeHead(204).end(),
  '/missing': response => response.writeHead(404, 'Not Here').end('a page that says so'),
  '/broken': response => {
    response.writeHead(200, { 'content-length': whole.length }).write(whole.subarray(0, 100_000))
    setTimeout(() => response.destroy(), 20)
  },
  '/stalled': response => {
    response.write(whole.subarray(0, 100_000))
  },
  '/endless-error': response => {
    response.writeHead(503)
    response.write(whole)
  },
}

/** Runs a test with a server, and asserts that no connection is left open by it. */
async function serving(test: (url: (path: string) => string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => replies[request.url ?? '']?.(response))
  const open = new Set<ServerResponse>()
  server.on('request', (_, response: ServerResponse) => {
    open.add(response)
    response.on('close', () => open.delete(response))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await test(path => `http://127.0.0.1:${port}${path}`)
    await eventually(() => assert.is(open.size, 0, 'a body was not cancelled'))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const left = (dir: string, ...names: string[]) => assert.equal(readdirSync(dir).sort(), names)

holds('the body of a response is streamed into the file', () =>
  serving(async url => {
    const dir = scratch()
    const path = join(dir, 'it')
    const download: Producer = (_, { signal }) => fetch(url('/model'), { signal })
    assert.is((await getOrCreate(path, download)).made, true)
    assert.ok(readFileSync(path).equals(whole))
    assert.is((await getOrCreate(path, download)).made, false)
    await getOrCreate(path, () => fetch(url('/empty')), { refresh: true })
    assert.is(readFileSync(path, 'utf8'), '')
    const { content } = await getOrCreate(path, () => fetch(url('/model')), { refresh: true, read: 'buffer' })
    assert.ok(content.equals(whole))
    left(dir, 'it', 'it.lock')
  }),
)

holds(
  'one that is not ok is an error with its status and its URL, its body is cancelled, and nothing is published',
  () =>
    serving(async url => {
      const dir = scratch()
      const path = join(dir, 'it')
      for (const [name, status, said] of [
        ['/missing', 404, '404 Not Here'],
        ['/endless-error', 503, '503 Service Unavailable'],
      ] as const) {
        const failing = getOrCreate(path, () => fetch(url(name)))
        const error = await assert.rejects(failing, { code: 'ERR_RESPONSE_NOT_OK', message: new RegExp(said) })
        const { published, ...of } = error as Error & { status?: number; url?: string; published?: unknown }
        assert.equal([of.status, of.url, published], [status, url(name), false])
        left(dir, 'it.lock')
      }
      writeFileSync(path, 'old')
      await assert.rejects(
        getOrCreate(path, () => fetch(url('/missing')), { maxAge: 0, validate: () => false }),
        {
          code: 'ERR_RESPONSE_NOT_OK',
        },
      )
      assert.is(readFileSync(path, 'utf8'), 'old')
      assert.is(lock.holder.sync(path), undefined)
    }),
)

holds('what is usually written stores the page that says there is none', () =>
  serving(async url => {
    const path = join(scratch(), 'it')
    await storeResponse(path, await fetch(url('/missing')))
    assert.is(readFileSync(path, 'utf8'), 'a page that says so')
  }),
)

holds('a body that was used, or is being read, is an error that says so', async () => {
  const dir = scratch()
  const used = new Response('x')
  await used.text()
  const locked = new Response('x')
  locked.body?.getReader()
  for (const response of [used, locked])
    await assert.rejects(
      getOrCreate(join(dir, 'it'), () => response),
      { code: 'ERR_BODY_USED' },
    )
  left(dir, 'it.lock')
})

holds('a body that fails, or is stopped, half-way publishes nothing, and is cancelled', () =>
  serving(async url => {
    const dir = scratch()
    const path = join(dir, 'it')
    const error = await assert.rejects(
      getOrCreate(path, () => fetch(url('/broken'))),
      { name: 'TypeError' },
    )
    assert.is((error as Error & { published?: unknown }).published, false)
    left(dir, 'it.lock')
    // The producer ignores its signal.
    await assert.rejects(
      getOrCreate(path, () => fetch(url('/stalled')), { timeout: 200 }),
      { code: 'ERR_TIMEOUT' },
    )
    // It is given back in the background.
    await until(() => !lock.holder.sync(path))
    const signal = AbortSignal.timeout(200)
    await assert.rejects(
      getOrCreate(path, () => fetch(url('/stalled')), { signal }),
      { code: 'ABORT_ERR' },
    )
    await until(() => !lock.holder.sync(path))
    const heeding: Producer = (_, production) => fetch(url('/stalled'), production)
    await assert.rejects(getOrCreate(path, heeding, { timeout: 200 }), { code: 'ERR_TIMEOUT' })
    await eventually(() => {
      assert.is(lock.holder.sync(path), undefined)
      left(dir, 'it.lock')
    })
  }),
)

/** A class of its own, as other packages and realms have; its body may be one of Node's streams, or may be missing. */
const foreign = (body: unknown, ok = true) =>
  ({ ok, status: ok ? 200 : 500, statusText: '', url: '', body, bodyUsed: false }) as const

holds('responses of other realms and packages are responses', async () => {
  const dir = scratch()
  const path = join(dir, 'it')
  const realm = createContext({ ReadableStream, Uint8Array })
  const ofRealm = runInContext(
    `new (class Response {
      ok = true; status = 200; bodyUsed = false
      body = new ReadableStream({ start(c) { c.enqueue(new Uint8Array([105, 116])); c.close() } })
    })()`,
    realm,
  )
  // Some streams of the web have no iterator.
  const bare = new Response('it').body as ReadableStream<Uint8Array>
  const onlyReader = { getReader: () => bare.getReader() }
  for (const response of [
    ofRealm,
    foreign(Readable.from(['i', 't'])),
    foreign(onlyReader),
    foreign(Buffer.from('it')),
  ]) {
    await getOrCreate(path, () => response as Response, { refresh: true })
    assert.is(readFileSync(path, 'utf8'), 'it')
  }
  const { content } = await getOrCreate(path, () => foreign(null), { refresh: true, read: 'utf8' })
  assert.is(content, '')
  const stream = Readable.from(['never read'])
  await assert.rejects(
    getOrCreate(path, () => foreign(stream, false), { refresh: true }),
    { code: 'ERR_RESPONSE_NOT_OK', message: /^The response is not ok: 500$/ },
  )
  assert.is(stream.destroyed, true)
})

holds('a directory is not made of a response', () =>
  serving(async url => {
    const dir = scratch()
    const got = getOrCreate(join(dir, 'it'), () => fetch(url('/stalled')), { kind: 'directory' })
    await assert.rejects(got, { code: 'ERR_INVALID_RETURN_VALUE', message: /a directory is filled by its producer/ })
    left(dir, 'it.lock')
  }),
)

holds(
  'of many files, one whose response is not ok is refused before any is written, and the others are cancelled',
  () =>
    serving(async url => {
      const dir = scratch()
      const responses = await Promise.all(['/stalled', '/endless-error', '/stalled'].map(path => fetch(url(path))))
      const files = responses.map((response, at) => [join(dir, String(at)), response] as const)
      await assert.rejects(writeFiles(files), { code: 'ERR_RESPONSE_NOT_OK' })
      left(dir)
      await responses[2]?.body?.cancel()
    }),
)

holds('the sync form takes no response, and other functions that write take one as well', async () => {
  const dir = scratch()
  let isCancelled = false
  const cancel = () => {
    isCancelled = true
  }
  const response = new Response(new ReadableStream({ cancel }))
  assert.throws(() => getOrCreate.sync(join(dir, 'it'), () => response), { code: 'ERR_INVALID_RETURN_VALUE' })
  assert.is(isCancelled, true)
  await writeFile(join(dir, 'a'), new Response('a'))
  await assert.rejects(writeFile(join(dir, 'a'), new Response('x', { status: 500 })), { code: 'ERR_RESPONSE_NOT_OK' })
  assert.is(readFileSync(join(dir, 'a'), 'utf8'), 'a')
  left(dir, 'a', 'it.lock')
})
