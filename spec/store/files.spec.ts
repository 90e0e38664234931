// The store over a directory: what is in there, what is refused, and what a value is that was left in part.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileStore, type Store } from 'holdfast/store'
import { nameOf, shardOf } from '../../lib/store/files/names.js'
import { assert, holds, scratch } from '../support/kit.js'

const rooted = (): string => join(scratch(), 'store')
const cellOf = (root: string, key: string): string => join(root, shardOf(key), nameOf(key))

/** The names of the files with values beside the cell of a key. */
const filesOf = (root: string, key: string): string[] =>
  readdirSync(join(root, shardOf(key))).filter(name => name.startsWith(`.${nameOf(key)}.`))
const fileOf = (root: string, key: string): string => join(root, shardOf(key), filesOf(root, key)[0] as string)

/** Everything below, but for directories of shards. */
const leftIn = (root: string): string[] =>
  (readdirSync(root, { recursive: true }) as string[]).filter(name => !/^([0-9a-f]{2}|holdfast\.json)$/.test(name))

const long = 'a long value, which is in a file of its own'

holds('a store is made by the first change, in a directory that only its user may read', () => {
  const root = join(scratch(), 'not', 'there')
  const store = fileStore<string>(root)
  assert.is(store.get.sync('a'), undefined)
  assert.equal([...store.keys()], [])
  assert.equal(store.sweep.sync(), { expired: 0, tombstones: 0, debris: 0 })
  assert.not(existsSync(root))
  assert.ok(store.create.sync('a', 'x').ok)
  assert.is(statSync(root).mode & 0o777, 0o700)
  assert.equal(JSON.parse(readFileSync(join(root, 'holdfast.json'), 'utf8')), { kind: 'store', format: 1, shards: 256 })
  const open = rooted()
  fileStore(open, { mode: '755' }).create.sync('a', 'x')
  assert.is(statSync(open).mode & 0o777, 0o755)
})

holds('a short value is in the token, a longer one in a file that is replaced with it', async () => {
  const root = rooted()
  const store = fileStore<unknown>(root)
  for (const value of [0, 'x'.repeat(26), [1.5, null, true], { ä: '☃' }]) {
    await store.create('k', value)
    assert.equal(filesOf(root, 'k'), [])
    assert.equal((await store.get('k'))?.value, value)
    assert.equal(fileStore(root).get.sync('k')?.value, value)
    await store.remove('k')
  }
  assert.equal(leftIn(root), [])
  await store.create('k', 'x'.repeat(27))
  assert.is(filesOf(root, 'k').length, 1)
  const first = filesOf(root, 'k')
  await store.touch('k', 60_000)
  assert.equal(filesOf(root, 'k'), first, 'a touch has written the value again')
  for (const value of [long, 'short', `${long}!`, `${long}?`]) {
    await store.update('k', value)
    assert.is(filesOf(root, 'k').length, value.startsWith(long) ? 1 : 0)
    assert.is(fileStore(root).get.sync('k')?.value, value)
  }
  assert.ok((await store.remove('k')).ok)
  assert.equal(leftIn(root), [])
})

holds('bytes of any length come back as they were', () => {
  const root = rooted()
  const store = fileStore<Uint8Array>(root, { codec: 'bytes' })
  const written = (length: number) => [
    Buffer.from(Array.from({ length }, (_, at) => (at * 37 + length * 11) & 255)),
    Buffer.alloc(length, 'a-word-0'),
  ]
  for (let length = 0; length < 50; length++)
    for (const [nth, bytes] of written(length).entries()) {
      const key = `${length}-${nth}`
      assert.ok(store.create.sync(key, bytes).ok)
      const kept = fileStore<Uint8Array>(root, { codec: 'bytes' }).get.sync(key)
      assert.equal(Buffer.from(kept?.value as Uint8Array), bytes)
      // In the token there is room for 45 characters, and base 32 makes so many of 28 bytes.
      assert.is(filesOf(root, key).length, length > (nth === 0 ? 28 : 45) ? 1 : 0, key)
    }
})

holds('another format is refused, and the error names both', async () => {
  const root = rooted()
  await fileStore(root).create('a', 1)
  for (const [text, what] of [
    ['{"kind":"store","format":2,"shards":256}', /format 2.*format 1/],
    ['{"kind":"store","format":1,"shards":16}', /16 shards.*256 shards/],
    ['{"kind":"content","format":1,"shards":256}', /"content"/],
    ['', /no format that can be read/],
  ] as const) {
    writeFileSync(join(root, 'holdfast.json'), text)
    const store = fileStore(root)
    for (const call of [() => store.get('a'), () => store.create('b', 1), async () => [...store.keys()]])
      await assert.rejects(call(), { code: 'ERR_STORE_FORMAT', message: what })
  }
  writeFileSync(join(root, 'holdfast.json'), '{ "format": 1, "kind": "store", "shards": 256, "more": true }')
  assert.is((await fileStore(root).get('a'))?.value, 1)
})

holds('a value that was left in part counts as absent, is reported, and is replaced by the next change', async () => {
  for (const damage of [
    (file: string) => truncateSync(file, 20),
    (file: string) => truncateSync(file, 0),
    (file: string) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from('x')])),
    (file: string) =>
      writeFileSync(
        file,
        readFileSync(file).map((byte, at) => (at === 30 ? byte ^ 1 : byte)),
      ),
    (file: string) =>
      writeFileSync(
        file,
        readFileSync(file).map((byte, at) => (at === 9 ? 2 : byte)),
      ),
    (file: string) => rmSync(file),
    (file: string) => {
      renameSync(file, `${file}.elsewhere`)
      symlinkSync(`${file}.elsewhere`, file)
    },
  ]) {
    const root = rooted()
    const { version } = (await fileStore<string>(root).create('k', long)).entry as { version: string }
    damage(fileOf(root, 'k'))
    const reported: unknown[] = []
    const listen = (message: unknown) => reported.push(message)
    subscribe('holdfast:bad-value', listen)
    const store = fileStore<string>(root)
    assert.is(await store.get('k'), undefined)
    assert.is(store.get.sync('k'), undefined)
    unsubscribe('holdfast:bad-value', listen)
    assert.equal(reported, [
      { key: 'k', version },
      { key: 'k', version },
    ])
    assert.equal([...store.keys()].length <= 1, true)
    const made = await store.create('k', `${long}, anew`)
    assert.ok(made.ok)
    assert.is((await store.get('k'))?.value, `${long}, anew`)
  }
})

holds(
  'a key of more than 150 bytes is found by its hash, listed by its own name, and no other key is read for it',
  async () => {
    const root = rooted()
    const store = fileStore<string>(root)
    const [one, other] = ['☃'.repeat(1000), 'ä'.repeat(2048)]
    await store.create(one, 'short')
    await store.create(other, long)
    assert.equal([...store.keys()].sort(), [one, other].sort())
    assert.equal([...store.keys({ prefix: '☃' })], [one])
    await store.update(one, 'shorter')
    await store.touch(one, 60_000)
    assert.is((await fileStore<string>(root).get(one))?.value, 'shorter')
    await store.remove(one, { tombstone: 60_000 })
    assert.is((await store.get(one))?.gone, true)
    assert.not((await store.create(one, 'x')).ok)
    assert.equal([...store.keys()], [other])
    // As if two keys had one hash.
    const third = `${one}!`
    mkdirSync(join(root, shardOf(third)), { recursive: true })
    renameSync(
      fileOf(root, other),
      join(root, shardOf(third), filesOf(root, other)[0]?.replace(nameOf(other), nameOf(third)) as string),
    )
    renameSync(cellOf(root, other), cellOf(root, third))
    await assert.rejects(store.get(third), { code: 'ERR_KEY_COLLISION' })
  },
)

holds('keys that differ for their user differ on the disk, in ASCII of lower case', () => {
  const keys = [
    'a',
    'A',
    '_',
    '_61',
    '_5f',
    'é',
    'e\u0301',
    '.',
    '..',
    '../..',
    '/',
    '\\',
    ':',
    'con',
    'CON',
    'com1',
    'nul.txt',
    ' ',
    '\0',
  ]
  const names = keys.map(nameOf)
  assert.is(new Set(names).size, keys.length)
  for (const name of names) {
    assert.match(name, /^[a-z0-9_-]+$/)
    assert.not.match(name, /^(con|prn|aux|nul|com\d|lpt\d)$/)
  }
  assert.is(nameOf('con'), '_63on')
})

holds('the root may be a link, and what is below it is not followed', async () => {
  const dir = scratch()
  mkdirSync(join(dir, 'real'))
  symlinkSync(join(dir, 'real'), join(dir, 'root'))
  const store = fileStore<string>(join(dir, 'root'))
  await store.create('k', 'mine')
  assert.ok(existsSync(join(dir, 'real', 'holdfast.json')))
  const [root, elsewhere] = [join(dir, 'root'), join(dir, 'elsewhere')]
  renameSync(cellOf(root, 'k'), elsewhere)
  symlinkSync(elsewhere, cellOf(root, 'k'))
  const before = readdirSync(elsewhere)
  const fresh = fileStore<string>(root)
  for (const call of [() => fresh.get('k'), () => fresh.update('k', 'x'), () => fresh.create('k', 'x')])
    await assert.rejects(call(), { code: 'ERR_NOT_A_CELL', message: /it is a link/ })
  assert.equal([...fresh.keys()], [])
  rmSync(cellOf(root, 'k'))
  renameSync(elsewhere, cellOf(root, 'k'))
  renameSync(join(root, shardOf('k')), elsewhere)
  symlinkSync(elsewhere, join(root, shardOf('k')))
  await assert.rejects(fileStore(root).get('k'), { code: 'ERR_NOT_A_CELL', message: /it is a link/ })
  assert.equal(readdirSync(cellOf(root, 'k')), before)
})

holds('what has expired goes when other keys are made, and at once with sweep; what is alive stays', async () => {
  const root = rooted()
  const store = fileStore<number>(root, { durability: 'none' })
  const keys = Array.from({ length: 400_000 }, (_, at) => `k${at}`).filter(key => shardOf(key) === '07')
  const [old, fresh] = [keys.slice(0, 300), keys.slice(300)]
  const manual = fileStore<number>(root, { durability: 'none', gc: 'manual' })
  for (const key of old) manual.create.sync(key, 1, { ttl: 1 })
  const [kept] = fresh.splice(0, 1) as [string]
  manual.create.sync(kept, 2, { ttl: 3_600_000 })
  await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal([...store.keys()], [kept])
  const left = () => old.filter(key => existsSync(cellOf(root, key))).length
  const byHand = fresh.splice(0, 64)
  for (const key of byHand) manual.create.sync(key, 3)
  assert.is(left(), old.length)
  // One create in 64 looks at its neighbours, at random. On a busy machine it may have time for a single one of them.
  const mostMade = 1024
  let made = 0
  for (; (made % 64 > 0 || left() === old.length) && made < mostMade; made++)
    store.create.sync(fresh.pop() as string, 3)
  assert.ok(left() < old.length, 'nothing has gone')
  const ended = left()
  assert.is(store.sweep.sync().expired, ended)
  assert.is([...store.keys()].length, 1 + byHand.length + made)
  assert.is(left(), 0)
})

holds('sweep removes what killed processes leave, and says how much', async () => {
  const root = rooted()
  const store = fileStore<string>(root)
  await store.create('k', long)
  // An owner of this boot that is dead: no process has the pid that is greatest.
  const owner = filesOf(root, 'k')[0]?.split('.')[2]?.split('-') as string[]
  const dead = [owner[0], (2 ** 22).toString(36), owner[2]].join('-')
  const shard = join(root, shardOf('k'))
  writeFileSync(join(shard, `.k.${dead}.${'0'.repeat(16)}.payload.holdfast`), 'never named')
  mkdirSync(join(shard, `.other.${dead}.${'1'.repeat(16)}.holdfast`))
  writeFileSync(join(root, `.holdfast.json.${dead}.${'2'.repeat(16)}.holdfast`), '')
  mkdirSync(join(shard, 'empty'))
  // Not of this store, so it stays.
  mkdirSync(join(shard, 'Some.Thing'))
  writeFileSync(join(shard, 'Some.Thing/x'), '')
  assert.equal(await store.sweep(), { expired: 0, tombstones: 0, debris: 4 })
  assert.equal(await store.sweep(), { expired: 0, tombstones: 0, debris: 0 })
  assert.is((await store.get('k'))?.value, long)
  assert.equal([...store.keys()], ['k'])
  assert.is(leftIn(root).length, 3 + 2)
})

holds('a store that is removed as a whole is made anew by the next change', async () => {
  const root = rooted()
  const store = fileStore<number>(root)
  await store.create('a', 1)
  rmSync(root, { recursive: true })
  assert.is(await store.get('a'), undefined)
  assert.ok((await store.create('a', 2)).ok)
  assert.ok(existsSync(join(root, 'holdfast.json')))
  assert.is((await fileStore<number>(root).get('a'))?.value, 2)
  await store.remove('a')
  rmdirSync(join(root, shardOf('a')))
  assert.ok((await store.create('a', 3)).ok)
})

holds('each durability keeps entries; bad options are refused before anything is made', async () => {
  for (const durability of ['none', 'file', 'full'] as const) {
    const root = rooted()
    const store = fileStore<string>(root, { durability })
    await store.create('k', long)
    await store.update('k', `${long}!`)
    assert.is((await store.get('k'))?.value, `${long}!`)
    assert.ok((await store.remove('k')).ok)
    assert.equal(leftIn(root), [])
  }
  const root = rooted()
  const open = fileStore as (dir: unknown, options?: object) => Store<unknown>
  for (const [options, code] of [
    [{ durabilty: 'none' }, 'ERR_INVALID_ARG_VALUE'],
    [{ durability: 'some' }, 'ERR_INVALID_ARG_VALUE'],
    [{ gc: 'never' }, 'ERR_INVALID_ARG_VALUE'],
    [{ mode: 'rwx' }, 'ERR_INVALID_ARG_VALUE'],
    [{ maxValueBytes: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ maxValueBytes: 2 ** 31 + 1 }, 'ERR_OUT_OF_RANGE'],
    [{ codec: 'xml' }, 'ERR_INVALID_ARG_VALUE'],
  ] as const)
    assert.throws(() => open(root, options), { code })
  for (const dir of [undefined, 7, null]) assert.throws(() => open(dir), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => open(''), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.not(existsSync(root))
  const store = fileStore<string>(root, { maxValueBytes: 10 })
  await assert.rejects(store.create('k', 'x'.repeat(9)), { code: 'ERR_OUT_OF_RANGE' })
  assert.not(existsSync(root))
})

if (process.getuid?.() !== 0)
  holds('what may not be read is an error, and not a miss', async () => {
    const root = rooted()
    await fileStore(root).create('k', 1)
    chmodSync(cellOf(root, 'k'), 0)
    await assert.rejects(fileStore(root).get('k'), { code: 'EACCES' })
    chmodSync(cellOf(root, 'k'), 0o700)
  })
