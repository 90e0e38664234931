// `contentStore` in one process: what is put, read, checked out, leased, evicted, verified and removed.

import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, normalize } from 'node:path'
import { Readable } from 'node:stream'
import { sweep } from 'holdfast'
import { type Blob, type ContentStore, type ContentStoreOptions, contentStore } from 'holdfast/content'
import { drive, dual, type Steps } from 'holdfast/steps'
import { fileStore } from 'holdfast/store'
import { through } from './broken/interfere.js'
import { assert, holds, memory, scratch } from './support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
} from './support/laws.js'
import { eventually } from './support/left.js'
import { privateNames } from './support/trees.js'

const quick: ContentStoreOptions = { durability: 'none' }
const rooted = (): string => join(scratch(memory), 'store')
const opened = (options: ContentStoreOptions = {}): { root: string; store: ContentStore } => {
  const root = rooted()
  return { root, store: contentStore(root, { ...quick, ...options }) }
}

const digestOf = (data: string | Uint8Array, algorithm = 'sha256'): string =>
  `${algorithm}-${createHash(algorithm).update(data).digest('hex')}`

/** The generations that are there. */
const blobsIn = (root: string): string[] =>
  existsSync(join(root, 'blobs'))
    ? (readdirSync(join(root, 'blobs'), { recursive: true }) as string[]).filter(name => name.includes('.')).sort()
    : []

const blobPath = (root: string, digest: string): string =>
  join(root, 'blobs', blobsIn(root).find(name => name.includes(digest)) ?? 'none')

const kept = async (store: ContentStore, ...data: (string | Uint8Array)[]): Promise<string[]> => {
  const digests: string[] = []
  for (const one of data) {
    const { digest, lease } = await store.put(one)
    await lease.release()
    digests.push(digest)
  }
  return digests
}

holds('what is put can be read, whatever form it comes in; it is stored once', async () => {
  const { root, store } = opened()
  const text = 'the same bytes'
  const forms = [
    text,
    Buffer.from(text),
    ['the ', Buffer.from('same '), 'bytes'],
    Readable.from(['the same', ' bytes']),
    new Response(text),
  ]
  const made: boolean[] = []
  for (const data of forms) {
    const blob = await store.put(data as string)
    assert.is(blob.digest, digestOf(text))
    assert.is(blob.integrity, `sha256-${createHash('sha256').update(text).digest('base64')}`)
    assert.is(blob.size, text.length)
    assert.equal(blob.lease.digests, [blob.digest])
    made.push(blob.made)
    await blob.lease.release()
  }
  assert.equal(made, [true, false, false, false, false])
  assert.is(blobsIn(root).length, 1)
  assert.is(`${await store.read(digestOf(text))}`, text)
  assert.is(store.size.sync(digestOf(text)), text.length)
  assert.is((lstatSync(blobPath(root, digestOf(text))).mode & 0o222) === 0, true, 'a blob can be written')
  assert.equal(readdirSync(join(root, 'leases')), [])
})

holds('digests are taken in hex and in base64, of either algorithm, and nothing else is', async () => {
  const { store } = opened({ algorithm: 'sha512' })
  const both = [await store.put('x'), await store.put('x', { digest: digestOf('x') })]
  assert.equal(
    both.map(({ digest }) => digest),
    [digestOf('x', 'sha512'), digestOf('x')],
  )
  for (const { digest, integrity } of both) {
    assert.is(await store.has(digest), true)
    assert.is(await store.has(integrity), true)
    assert.is(await store.has(`${integrity}?option`), true)
  }
  assert.is(`${await store.read(`sha1-abc ${both.map(({ integrity }) => integrity).join(' ')}`)}`, 'x')
  const bad = ['', 'x', 'sha256-', `sha256-${'0'.repeat(63)}`, `sha1-${'0'.repeat(40)}`, '../../etc/passwd']
  for (const digest of [...bad, `sha256-${'A'.repeat(64)}`, `sha256-../${'0'.repeat(61)}`])
    await assert.rejects(store.has(digest), { code: 'ERR_INVALID_ARG_VALUE' })
  await store.close()
})

holds('a digest that is given is checked, and if it is another one nothing is stored', async () => {
  const { root, store } = opened()
  const wrong = digestOf('another')
  const late = () => Readable.from(['by', 'tes'])
  for (const data of ['bytes', late()])
    await assert.rejects(store.put(data, { digest: wrong }), { code: 'ERR_DIGEST', message: new RegExp(wrong) })
  assert.equal([blobsIn(root), readdirSync(join(root, 'leases'))], [[], []])
  // Also where a blob of that digest is there already.
  await kept(store, 'another')
  await assert.rejects(store.put(late(), { digest: wrong }), { code: 'ERR_DIGEST' })
  await assert.rejects(store.put('bytes', { digest: wrong }), { code: 'ERR_DIGEST' })
  assert.is((await store.put(Readable.from(['ano', 'ther']), { digest: wrong })).made, false)
  await store.close()
  assert.equal(readdirSync(join(root, 'leases')), [])
})

holds('a blob without a byte is always there, and never stored', async () => {
  const { root, store } = opened()
  const digest = digestOf('')
  const { made, size, lease } = await store.put('')
  assert.equal([made, size, await store.has(digest), await store.size(digest)], [false, 0, true, 0])
  assert.is((await store.put(Readable.from([]))).digest, digest)
  assert.is((await store.read(digest))?.length, 0)
  assert.is((await (await store.stream(digest))?.toArray())?.length, 0)
  assert.equal(await store.lease([digest]).then(one => [one.digests, one.missing]), [[digest], []])
  await lease.release()
  const to = join(scratch(memory), 'a/b')
  assert.is(await store.checkout(digest, to, { parents: true }), 'copied')
  assert.is(await store.checkout(digest, to), 'already')
  assert.is(readFileSync(to).length, 0)
  assert.is(await store.remove(digest), false)
  assert.equal(blobsIn(root), [])
})

holds('what is not there is undefined, also before anything was put', async () => {
  const { root, store } = opened()
  const digest = digestOf('nothing')
  const to = join(scratch(), 'to')
  const results = async () => [
    await store.has(digest),
    await store.size(digest),
    await store.read(digest),
    await store.stream(digest),
    await store.checkout(digest, to),
    await store.remove(digest),
    (await store.lease([digest])).missing,
  ]
  const none = [false, undefined, undefined, undefined, undefined, false, [digest]]
  assert.equal(await results(), none)
  assert.equal(existsSync(join(root, 'holdfast.json')), false)
  await kept(store, 'something')
  assert.equal(await results(), none)
  assert.is(existsSync(to), false)
})

holds('ranges and streams return the bytes that they ask for', async () => {
  const { store } = opened()
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251))
  const [digest = ''] = await kept(store, bytes)
  for (const [start, end] of [
    [0, 10],
    [5, 5],
    [299_999, 300_000],
    [100_000, 250_000],
    [200_000, Number.POSITIVE_INFINITY],
    [400_000, 500_000],
    [10, 5],
  ] as const) {
    const wanted = bytes.subarray(start, Math.max(start, end))
    assert.ok((await store.read(digest, { start, end }))?.equals(wanted), `read ${start} ${end}`)
    const pieces = (await (await store.stream(digest, { start, end }))?.toArray()) ?? []
    assert.ok(Buffer.concat(pieces).equals(wanted), `stream ${start} ${end}`)
  }
  assert.ok(store.read.sync(digest)?.equals(bytes))
})

holds('a stream comes to its end although the blob is removed, and one that is destroyed closes its file', async () => {
  const { root, store } = opened()
  const bytes = Buffer.alloc(500_000, 'x')
  const [digest = ''] = await kept(store, bytes)
  const open = () => readdirSync('/proc/self/fd').length
  const before = process.platform === 'linux' ? open() : 0
  const stream = (await store.stream(digest)) as Readable
  const other = (await store.stream(digest)) as Readable
  await new Promise(resolve => other.once('data', resolve))
  other.destroy()
  assert.is(await store.remove(digest), true)
  assert.is(Buffer.concat(await stream.toArray()).length, bytes.length)
  if (process.platform === 'linux') await eventually(() => assert.is(open(), before))
  assert.equal(blobsIn(root), [])
})

holds('a blob that is damaged goes into quarantine, counts as missing, and is healed by the next put', async () => {
  const { root, store } = opened()
  const heard: unknown[] = []
  const hear = (message: unknown) => void heard.push(message)
  subscribe('holdfast:bad-blob', hear)
  const damage = (digest: string, how: 'cut' | 'changed') => {
    const path = blobPath(root, digest)
    chmodSync(path, 0o644)
    if (how === 'cut') truncateSync(path, 3)
    else writeFileSync(path, 'BYTES')
  }
  for (const how of ['cut', 'changed'] as const) {
    const [digest = ''] = await kept(store, 'bytes')
    damage(digest, how)
    assert.is(await store.read(digest), undefined)
    assert.is(await store.has(digest), false)
    damage((await kept(store, 'bytes'))[0] ?? '', how)
    // Of one that is there, put reads the bytes.
    const { made, lease } = await store.put('bytes')
    assert.is(made, true)
    assert.is(`${await store.read(digest)}`, 'bytes')
    await lease.release()
    damage(digest, how)
    await assert.rejects(
      store.stream(digest).then(stream => stream?.toArray() as Promise<unknown>),
      { code: 'ERR_DIGEST' },
    )
    damage((await kept(store, 'bytes'))[0] ?? '', how)
    assert.equal(await store.verify(), { checked: 1, bad: [digest] })
    assert.equal(await store.verify(), { checked: 0, bad: [] })
  }
  unsubscribe('holdfast:bad-blob', hear)
  assert.is(heard.length, 8)
  assert.is((await store.usage()).bad, 8)
})

holds('with verify: size, only the number of bytes is looked at', async () => {
  const { root, store } = opened({ verify: 'size' })
  const [digest = ''] = await kept(store, 'bytes')
  chmodSync(blobPath(root, digest), 0o644)
  writeFileSync(blobPath(root, digest), 'BYTES')
  assert.is(`${await store.read(digest)}`, 'BYTES')
  truncateSync(blobPath(root, digest), 2)
  assert.is(await store.read(digest), undefined)
})

holds('a checkout is a read-only link, or a copy if that is asked for', async () => {
  const { root, store } = opened()
  const [digest = ''] = await kept(store, 'bytes')
  const dir = scratch(memory)
  const at = (name: string) => join(dir, name)
  assert.is(await store.checkout(digest, at('a')), 'linked')
  assert.is(statSync(at('a')).ino, statSync(blobPath(root, digest)).ino)
  assert.is(await store.checkout(digest, at('a')), 'already')
  assert.is(store.checkout.sync(digest, at('b'), { mode: 'copy' }), 'copied')
  assert.is(statSync(at('b')).nlink, 1)
  writeFileSync(at('b'), 'changed')
  assert.is(`${await store.read(digest)}`, 'bytes')
  await assert.rejects(store.checkout(digest, at('b')), { code: 'EEXIST' })
  await assert.rejects(store.checkout(digest, at('b'), { mode: 'copy' }), { code: 'EEXIST' })
  assert.is(readFileSync(at('b'), 'utf8'), 'changed')
  assert.is(await store.checkout(digest, at('b'), { replace: true }), 'linked')
  assert.is(await store.checkout(digest, at('b'), { replace: true, mode: 'copy' }), 'copied')
  assert.is(statSync(at('b')).nlink, 1)
  assert.is(await store.checkout(digest, at('b'), { mode: 'copy' }), 'already')
  await assert.rejects(store.checkout(digest, at('c/d')), { code: 'ENOENT' })
  assert.is(await store.checkout(digest, at('c/d'), { parents: true }), 'linked')
  assert.is(await store.checkout(digest, at('e/f'), { parents: true, mode: 'copy' }), 'copied')
  assert.equal(privateNames(dir), [])
})

holds(
  'a checkout to a name that has the blob never finds the name taken, whenever the blob is removed meanwhile',
  async () => {
    for (const mode of ['auto', 'link'] as const) {
      const seen = new Set<unknown>()
      for (let at = 0, calls = 1; at < calls; at++) {
        const { root, store } = opened()
        const [digest = ''] = await kept(store, 'bytes')
        const to = join(scratch(memory), 'to')
        await store.checkout(digest, to)
        calls = 0
        const next = contentStore(root)
        const steps = through(next.checkout.steps(digest, to, { mode }), call => {
          if (calls++ === at) unlinkSync(blobPath(root, digest))
          return call
        })
        seen.add(await drive(steps))
        assert.is(readFileSync(to, 'utf8'), 'bytes')
      }
      // Removed at first, and at last.
      assert.equal(seen, new Set([undefined, 'already']))
    }
  },
)

holds('executable and not are two inodes: the other one is made when it is first asked for', async () => {
  const { root, store } = opened()
  const dir = scratch(memory)
  const { digest, lease } = await store.put('#!/bin/sh\n', { executable: true })
  await lease.release()
  const mode = (name: string) => statSync(join(dir, name)).mode & 0o111
  assert.is(await store.checkout(digest, join(dir, 'run'), { executable: true }), 'linked')
  assert.is(await store.checkout(digest, join(dir, 'read')), 'linked')
  assert.is(await store.checkout(digest, join(dir, 'read too')), 'linked')
  assert.ok(mode('run') !== 0 && mode('read') === 0)
  assert.is(blobsIn(root).length, 2)
  await kept(store, 'text')
  assert.is(await store.checkout(digestOf('text'), join(dir, 'text'), { executable: true }), 'linked')
  assert.ok(mode('text') !== 0)
  assert.is(await store.remove(digest), true)
  assert.is(await store.has(digest), false)
  assert.equal(readdirSync(join(root, 'leases')), [])
})

holds('checkoutMany makes each file by itself, in the order given, and reports how far it is', async () => {
  const { store } = opened()
  const digests = await kept(store, ...Array.from({ length: 40 }, (_, at) => `blob ${at}`))
  const dir = scratch(memory)
  const files = [...digests, digestOf('missing')].map((digest, at) => [digest, join(dir, `${at % 7}/${at}`)] as const)
  const seen: number[] = []
  const done = await store.checkoutMany(files, {
    parents: true,
    concurrency: 8,
    onProgress: ({ done: count, total }) => void seen.push(count / total),
  })
  assert.equal(
    [...done.keys()],
    files.map(([, to]) => to),
  )
  assert.equal([...done.values()], [...digests.map(() => 'linked'), undefined])
  assert.is(seen.length, 41)
  assert.is(seen.at(-1), 1)
  for (const [at] of digests.entries()) assert.is(readFileSync(join(dir, `${at % 7}/${at}`), 'utf8'), `blob ${at}`)
  assert.ok([...store.checkoutMany.sync(files).values()].every(one => one === 'already' || one === undefined))
})

holds('a lease keeps a blob: it is not removed, not evicted, and read through its own link', async () => {
  const { root, store } = opened({ maxBytes: 0 })
  const blob = await store.put('kept')
  assert.is(await store.remove(blob.digest), false)
  assert.is(contentStore(root).remove.sync(blob.digest), false)
  assert.equal(await store.evict().then(({ count, left }) => [count, left.pinned]), [0, 1])
  // Whatever another program does.
  rmSync(join(root, 'blobs'), { recursive: true })
  assert.is(`${await store.read(blob.digest)}`, 'kept')
  assert.is(await store.has(blob.digest), true)
  const to = join(scratch(memory), 'to')
  assert.is(await store.checkout(blob.digest, to), 'linked')
  assert.is(`${Buffer.concat((await (await store.stream(blob.digest))?.toArray()) ?? [])}`, 'kept')
  await blob.lease.release()
  await blob.lease.release()
  assert.is(await store.has(blob.digest), false)
  assert.equal(readdirSync(join(root, 'leases')), [])
})

holds('a lease of several blobs names those that are missing, and is given back as a whole', async () => {
  const { root, store } = opened()
  const digests = await kept(store, 'a', 'b')
  const missing = digestOf('c')
  const lease = await store.lease([...digests, missing, ...digests])
  assert.equal([lease.digests, lease.missing], [digests, [missing]])
  assert.is(readdirSync(join(root, 'leases')).length, 2)
  assert.is((await store.usage()).pinned, 2)
  lease.release.sync()
  assert.equal(readdirSync(join(root, 'leases')), [])
  await store.lease(digests)
  await store.close()
  assert.equal(readdirSync(join(root, 'leases')), [])
  await assert.rejects(store.has(missing), { code: 'ERR_STORE_CLOSED' })
})

for (const [part, code] of [
  ['evict.lock', 'EBUSY'],
  ['usage', 'EBUSY'],
  ['evicted.json', undefined],
] as const)
  holds(`evict retries what is refused for ever no longer than \`retryFor\` says: ${part}`, async () => {
    const { root, store } = opened()
    const { evict } = contentStore(root, { maxBytes: 0 })
    const { lease } = await store.put('a blob')
    await lease.release()
    let refused = 0
    const steps = through(evict.steps({ retryFor: 40 }), call => {
      if (call.op !== 'rename' || !call.args.some(path => normalize(`${path}`).startsWith(join(root, part))))
        return call
      refused++
      throw Object.assign(new Error('EBUSY'), { code: 'EBUSY', syscall: 'rename', errno: -16 })
    })
    // A step is retried for ten seconds otherwise.
    const ended = await drive(steps, { timeout: 60_000 }).catch(error => error.code)
    assert.ok(refused > 0)
    assert.is(typeof ended === 'string' ? ended : undefined, code)
  })

holds('pieces of any size are summed and written whole, from memory that is used again', async () => {
  const kib = 1024
  for (const sizes of [
    [64, 64, 64, 64, 1],
    [100, 100, 100, 3],
    [256],
    [300, 1, 255, 1024, 5],
    [255, 1, 256, 257, 0, 2],
  ]) {
    const { store } = opened()
    const memoryOfAll = Buffer.alloc(1024 * kib)
    const whole: Buffer[] = []
    const pieces = function* () {
      for (const [at, size] of sizes.entries()) {
        const piece = memoryOfAll.subarray(0, size * kib).fill(`${at} ${size} `)
        whole.push(Buffer.from(piece))
        yield piece
      }
    }
    const later = async function* () {
      yield* pieces()
    }
    const { digest, size } = await store.put(later())
    const bytes = Buffer.concat(whole.splice(0))
    assert.equal([digest, size], [digestOf(bytes), bytes.length])
    assert.ok((await store.read(digest))?.equals(bytes))
    assert.is(opened().store.put.sync(pieces()).digest, digest)
  }
})

holds('every call retries what is refused for ever no longer than `retryFor` says', async () => {
  const { root, store } = opened()
  const [digest = ''] = await kept(store, 'a blob')
  const stranger = contentStore(root, quick)
  const file = join(scratch(memory), 'file')
  writeFileSync(file, 'another')
  const acts: Record<string, [() => Steps<unknown>, refuse: string, under: string]> = {
    put: [() => store.put.steps('new'), 'link', 'blobs'],
    adopt: [() => store.adopt.steps(file), 'link', 'blobs'],
    lease: [() => contentStore(root, quick).lease.steps([digest]), 'link', 'leases'],
    read: [() => stranger.read.steps(digest), 'open', 'blobs'],
    checkout: [() => stranger.checkout.steps(digest, `${file}-out`), 'link', '../'],
  }
  for (const [name, [stepsOf, op, under]] of Object.entries(acts)) {
    let refused = 0
    const isUnder = (path: unknown) =>
      normalize(`${path}`).startsWith(under === '../' ? `${file}-out` : join(root, under))
    const steps = through(stepsOf(), call => {
      if (call.op !== op || !isUnder(call.args[op === 'open' ? 0 : 1])) return call
      refused++
      throw Object.assign(new Error('EBUSY'), { code: 'EBUSY', syscall: op, errno: -16 })
    })
    // A step is retried for ten seconds otherwise.
    const ended = await drive(steps, { timeout: 60_000, retryFor: 40 }).catch(error => error.code)
    assert.is(ended, 'EBUSY', name)
    assert.ok(refused > 1, `${name}: ${refused}`)
  }
})

holds(
  'a put that passes a limit evicts before it resolves, down to what leaves room, the longest unused first',
  async () => {
    const { root, store } = opened({ maxBytes: 40 * 4096, evictBytes: 10 * 4096 })
    const used = () => blobsIn(root).length
    const most: number[] = []
    const digests: string[] = []
    for (let at = 0; at < 100; at++) {
      digests.push(...(await kept(store, `${at}`.repeat(100))))
      most.push(used())
    }
    assert.ok(Math.max(...most) <= 40, `${Math.max(...most)} were there`)
    assert.ok(Math.min(...most.slice(40)) >= 29, `only ${Math.min(...most.slice(40))} were left`)
    for (const digest of digests.slice(-20)) assert.is(contentStore(root).has.sync(digest), true)
    for (const digest of digests.slice(0, 20)) assert.is(contentStore(root).has.sync(digest), false)
  },
)

holds('a use is a checkout, a lease, or a read after an hour; the mtime stays as it is', async () => {
  const { root, store } = opened({ maxCount: 4 })
  const pause = () => new Promise(resolve => setTimeout(resolve, 15))
  const digests: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    digests.push(...(await kept(store, name)))
    await pause()
  }
  const [a = '', b = '', c = ''] = digests
  const before = statSync(blobPath(root, a)).mtimeMs
  await (await store.lease([a])).release()
  await pause()
  const to = join(scratch(memory), 'to')
  await store.checkout(c, to)
  rmSync(to)
  await pause()
  await kept(store, 'e')
  assert.equal(
    digests.map(digest => store.has.sync(digest)),
    [true, false, true, true],
  )
  assert.is(await store.has(b), false)
  assert.is(statSync(blobPath(root, a)).mtimeMs, before)
})

holds('maxAge removes what was not used for so long; times of the future count as now', async () => {
  const { root, store } = opened({ maxAge: 1500 })
  const [old = ''] = await kept(store, 'old')
  await new Promise(resolve => setTimeout(resolve, 1600))
  const [young = ''] = await kept(store, 'young')
  utimesSync(blobPath(root, young), 4e9, 4e9)
  await store.evict()
  assert.equal([await store.has(young), contentStore(root).has.sync(old)], [true, false])
})

holds('a blob that is larger than the limit is taken, kept by its lease, and goes first', async () => {
  const { store } = opened({ maxBytes: 100_000 })
  const [small = ''] = await kept(store, 'small')
  const blob = await store.put(Buffer.alloc(500_000, 'x'))
  assert.is((await store.read(blob.digest))?.length, 500_000)
  assert.is(await store.has(small), true)
  await blob.lease.release()
  assert.is((await store.usage()).bytes <= 100_000, true)
})

holds('what is linked elsewhere frees nothing, so it does not count, and stays', async () => {
  const { store } = opened({ maxBytes: 20_000 })
  const dir = scratch(memory)
  for (let at = 0; at < 20; at++) {
    const [digest = ''] = await kept(store, `${at}`.repeat(2000))
    await store.checkout(digest, join(dir, `${at}`))
  }
  const { pinned, count, bytes } = await store.usage()
  assert.ok(pinned >= 18, `${pinned} are pinned`)
  assert.ok(bytes <= 20_000 && count <= 5)
})

holds('a blob that is missed after a call has said that it is there is explained by facts, once', async () => {
  const { root, store } = opened()
  const [digest = '', other = ''] = await kept(store, 'gone', 'removed')
  assert.is(await store.has(digest), true)
  await contentStore(root, { maxBytes: 0 }).evict()
  const error = await assert.rejects(store.read(digest), { code: 'ERR_EVICTED', message: /limit of 0 bytes/ })
  const { evictedAt, maxBytes, bytes } = error as Error & Record<string, number>
  assert.ok(Math.abs(Date.now() - (evictedAt ?? 0)) < 60_000)
  assert.equal([maxBytes, bytes], [0, 0])
  assert.is(await store.read(digest), undefined)
  await kept(store, 'removed')
  await contentStore(root).remove(other)
  assert.is(await store.read(other), undefined)
})

holds('adopt takes the file itself, and its name is gone; what others can still write is copied', async () => {
  const { root, store } = opened()
  const dir = scratch(memory)
  const file = join(dir, 'file')
  writeFileSync(file, 'bytes')
  const { ino } = statSync(file)
  const first = await store.adopt(file, { digest: digestOf('bytes') })
  assert.is(first.made, true)
  assert.is(statSync(blobPath(root, first.digest)).ino, ino)
  assert.is(existsSync(file), false)
  writeFileSync(file, 'bytes')
  assert.is((await store.adopt(file)).made, false)
  assert.is(existsSync(file), false)
  writeFileSync(file, 'two names')
  linkSync(file, join(dir, 'other'))
  const { digest } = store.adopt.sync(file)
  assert.is(existsSync(file), false)
  writeFileSync(join(dir, 'other'), 'changed')
  assert.is(`${await store.read(digest)}`, 'two names')
  const away = join(scratch(), 'away')
  writeFileSync(away, 'from elsewhere')
  assert.is((await store.adopt(away)).made, true)
  assert.is(existsSync(away), false)
  writeFileSync(file, '')
  assert.is((await store.adopt(file)).size, 0)
  assert.is(existsSync(file), false)
  await store.close()
  assert.equal(readdirSync(join(root, 'leases')), [])
})

holds('adopt leaves the file as it is if its bytes are others, and refuses what is no file', async () => {
  const { root, store } = opened()
  const file = join(scratch(memory), 'file')
  writeFileSync(file, 'bytes', { mode: 0o640 })
  const { mode } = statSync(file)
  await assert.rejects(store.adopt(file, { digest: digestOf('others') }), { code: 'ERR_DIGEST' })
  assert.equal([readFileSync(file, 'utf8'), statSync(file).mode, statSync(file).nlink], ['bytes', mode, 1])
  await assert.rejects(store.adopt(scratch()), { code: 'EINVAL' })
  await assert.rejects(store.adopt(join(root, 'none')), { code: 'ENOENT' })
  assert.equal(blobsIn(root), [])
})

holds('directories of the store that vanish are made anew', async () => {
  const { root, store } = opened({ maxBytes: 100_000 })
  const [digest = ''] = await kept(store, 'first')
  for (const name of ['blobs', 'leases', 'usage', 'evict.lock']) {
    rmSync(join(root, name), { recursive: true, force: true })
    const blob = await store.put(`after ${name}`)
    assert.is(`${await store.read(blob.digest)}`, `after ${name}`)
    await blob.lease.release()
  }
  assert.is(await store.has(digest), false)
})

holds('another kind of store, or another format, is refused', async () => {
  const root = rooted()
  await fileStore(root, { durability: 'none' }).create('key', 1)
  for (const call of [(one: ContentStore) => one.put('x'), (one: ContentStore) => one.has(digestOf('x'))])
    await assert.rejects(call(contentStore(root)), { code: 'ERR_STORE_FORMAT', message: /"store".*"content"/ })
  const other = rooted()
  await kept(contentStore(other, quick), 'x')
  await assert.rejects(fileStore(other).get('key'), { code: 'ERR_STORE_FORMAT' })
})

holds('what is in the directory and is not of the store stays', async () => {
  const { root, store } = opened({ maxBytes: 0 })
  const [digest = ''] = await kept(store, 'x')
  const others = ['blobs/readme', 'blobs/000/readme', 'leases/readme', 'bad/readme', 'readme']
  mkdirSync(join(root, 'bad'), { recursive: true })
  mkdirSync(join(root, 'blobs/000'), { recursive: true })
  for (const name of others) writeFileSync(join(root, name), 'x')
  await store.evict()
  await store.verify()
  await store.remove(digest)
  await sweep(root, { recursive: true })
  for (const name of others) assert.ok(existsSync(join(root, name)), name)
})

/** Puts, and gives the lease back: what is left is the blob alone. */
const putting = dual(function* putting(dir: string, data: string): Steps<Omit<Blob, 'lease'>> {
  const { lease, ...blob } = yield* contentStore(join(dir, 'store'), quick).put.steps(data)
  yield* lease.release.steps()
  return blob
})
const checkingOut = dual(function* checkingOut(dir: string, mode: 'auto' | 'copy', executable: boolean): Steps<string> {
  const options = { mode, executable }
  return `${yield* contentStore(join(dir, 'store'), quick).checkout.steps(digestOf('blob'), join(dir, 'to'), options)}`
})
const reading = dual(function* reading(dir: string): Steps<string> {
  return `${yield* contentStore(join(dir, 'store'), quick).read.steps(digestOf('blob'))}`
})
const adopting = dual(function* adopting(dir: string): Steps<string> {
  const { digest, lease } = yield* contentStore(join(dir, 'store'), quick).adopt.steps(join(dir, 'file'))
  yield* lease.release.steps()
  return digest
})
const setup = (dir: string) => void putting.sync(dir, 'blob')
const alone = (dir: string): [string] => [dir]
const putOf =
  (data: string) =>
  (dir: string): [string, string] => [dir, data]
type How = 'auto' | 'copy'
const checkoutOf =
  (mode: How, executable: boolean) =>
  (dir: string): [string, How, boolean] => [dir, mode, executable]

holds('sync equals async', async () => {
  await assertSyncAndAsyncAgree(putting, { args: putOf('x') }, { setup, args: putOf('blob') })
  await assertSyncAndAsyncAgree(
    checkingOut,
    { setup, args: checkoutOf('auto', false) },
    { setup, args: checkoutOf('copy', false) },
    // Which of two generations is listed first is left to chance.
    { args: checkoutOf('auto', true) },
  )
  await assertSyncAndAsyncAgree(reading, { setup, args: alone })
})

holds('the original error comes out, whichever call fails; then nothing half done is there', async () => {
  const isThere = (dir: string, data: string) =>
    assert.is(`${contentStore(join(dir, 'store')).read.sync(digestOf(data))}`, data)
  await assertOriginalErrorComesOut(putting, { args: putOf('x'), done: dir => isThere(dir, 'x') })
  await assertOriginalErrorComesOut(putting, { setup, args: putOf('blob'), done: dir => isThere(dir, 'blob') })
  await assertOriginalErrorComesOut(reading, { setup, args: alone })
  for (const [mode, executable] of [
    ['auto', false],
    ['copy', false],
    ['auto', true],
  ] as const)
    await assertOriginalErrorComesOut(checkingOut, {
      setup,
      args: checkoutOf(mode, executable),
      done: dir => assert.is(readFileSync(join(dir, 'to'), 'utf8'), 'blob'),
    })
})

holds('nothing is left behind, whichever call fails or is aborted', async () => {
  await assertNothingLeftBehind(putting, { args: putOf('x') })
  await assertNothingLeftBehind(putting, { setup, args: putOf('blob') })
  await assertNothingLeftBehind(checkingOut, { setup, args: checkoutOf('auto', true) })
  await assertNothingLeftBehind(checkingOut, { setup, args: checkoutOf('copy', false) })
  await assertNothingLeftBehind(adopting, {
    setup: dir => writeFileSync(join(dir, 'file'), 'file'),
    args: alone,
  })
})

holds('bad input is refused before anything happens', async () => {
  const dir = scratch()
  const store = contentStore(join(dir, 'store'))
  const digest = digestOf('x')
  const type = 'ERR_INVALID_ARG_TYPE'
  const value = 'ERR_INVALID_ARG_VALUE'
  await assertRefusesBadInput(store.put, dir, [
    [[undefined], type],
    [[1], type],
    [['x', { digest: 1 }], type],
    [['x', { digest: 'md5-x' }], value],
    [['x', { executable: 1 }], type],
    [['x', { onProgress: 1 }], type],
    [['x', { mod: 1 }], value],
  ])
  await assertRefusesBadInput(store.adopt, dir, [
    [[1], type],
    [[''], value],
  ])
  await assertRefusesBadInput(store.read, dir, [
    [[1], type],
    [[digest, { start: -1 }], 'ERR_OUT_OF_RANGE'],
    [[digest, { end: 1.5 }], 'ERR_OUT_OF_RANGE'],
  ])
  await assertRefusesBadInput(store.checkout, dir, [
    [[digest], type],
    [['x', 'to'], value],
    [[digest, 'to', { mode: 'clone' }], value],
    [[digest, 'to', { replace: 1 }], type],
  ])
  await assertRefusesBadInput(store.checkoutMany, dir, [
    [['text'], type],
    [[[['x', 'to', 1]]], type],
    [[[['x', 'to']]], value],
    [[[], { concurrency: 0 }], 'ERR_OUT_OF_RANGE'],
  ])
  await assertRefusesBadInput(store.lease, dir, [
    [[digest], type],
    [[[1]], type],
  ])
  await assertRefusesBadInput(store.verify, dir, [[[{ concurrency: 'x' }], type]])
  const options: readonly (readonly [object, string])[] = [
    [{ maxBytes: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ maxBytes: 10, evictBytes: 11 }, 'ERR_OUT_OF_RANGE'],
    [{ maxAge: '1' }, type],
    [{ algorithm: 'md5' }, value],
    [{ verify: 'never' }, value],
    [{ durability: 'some' }, value],
    [{ maxbytes: 1 }, value],
  ]
  for (const [given, code] of options) assert.throws(() => contentStore(dir, given), { code })
  assert.throws(() => contentStore(1 as unknown as string), { code: type })
})
