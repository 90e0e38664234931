// A store in a table of SQLite, through both packages: the contract, and what is of SQLite alone.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SqliteLike, sqliteStore } from 'holdfast/sqlite'
import { type Call, driveSync } from 'holdfast/steps'
import { storeContract } from 'holdfast/testing'
import { openTable } from '../../lib/store/sqlite/table.js'
import { through } from '../broken/interfere.js'
import { assert, holds, scratch } from '../support/kit.js'
import { assertEndedStaysEnded } from '../support/late-changes.js'
import { until } from '../support/left.js'
import { type Connection, type Sqlite, sqlites } from '../support/sqlite-engines.js'

const file = (): string => join(scratch(), 'store.db')

/** Declares a test for each of the packages. */
function each(name: string, body: (sqlite: Sqlite) => unknown): void {
  for (const sqlite of sqlites) {
    const title = `${sqlite.name}: ${name}`
    if (sqlite.why) holds.skip(title, sqlite.why)
    else holds(title, () => body(sqlite))
  }
}

const used = sqlites.filter(({ why }) => why === undefined)
for (const { name, why } of sqlites) if (why) holds.skip(`${name}: the contract`, why)
for (const { name, open } of used) {
  const dir = scratch()
  // A connection for each store object, as processes have them.
  const at = (place: string) => open(join(dir, `${place}.db`))
  for (const line of storeContract((place, options) => sqliteStore(at(place), options)))
    holds(`${name}: ${line.name}`, line.run)
}

const pragma = (db: SqliteLike, name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() as object)[0]

each('what has ended stays so, whatever change was under way meanwhile', ({ open }) =>
  assertEndedStaysEnded(sqliteStore(open(file())), 60),
)

each('opening makes the table once, keeps a log, and leaves what the caller has set', ({ open }) => {
  const path = file()
  const db = open(path)
  db.exec('PRAGMA synchronous = OFF; PRAGMA user_version = 7')
  const store = sqliteStore<number>(db, { table: 'numbers' })
  assert.ok(store.create.sync('k', 1).ok)
  assert.is(pragma(db, 'journal_mode'), 'wal')
  assert.is(pragma(db, 'synchronous'), 0)
  assert.is(pragma(db, 'user_version'), 7)
  assert.is(pragma(db, 'busy_timeout'), 5_000)
  const again = open(path, { timeout: 123 })
  assert.is(sqliteStore<number>(again, { table: 'NUMBERS' }).get.sync('k')?.value, 1)
  assert.is(pragma(again, 'busy_timeout'), 123)
  // Stores with tables of their own share a database, and no keys.
  assert.is(sqliteStore(again).get.sync('k'), undefined)
})

each(
  'a connection that only reads opens a store that is there, and its changes fail as SQLite says',
  ({ name, open }) => {
    const path = file()
    sqliteStore<number>(open(path)).create.sync('k', 1)
    const db = open(path, name === 'node:sqlite' ? { readOnly: true } : { readonly: true })
    const store = sqliteStore<number>(db)
    assert.is(store.get.sync('k')?.value, 1)
    assert.throws(() => store.remove.sync('k'), { message: /readonly/ })
  },
)

each('a database in memory, or a temporary one, keeps a store, too', ({ open }) => {
  for (const path of [':memory:', '']) {
    const store = sqliteStore<string>(open(path))
    assert.ok(store.create.sync('k', 'v').ok)
    assert.is(store.get.sync('k')?.value, 'v')
  }
})

each('what is no connection, no name or no option is refused', ({ open }) => {
  for (const db of [undefined, null, {}, 'store.db', { exec() {} }])
    assert.throws(() => sqliteStore(db as never), { code: 'ERR_INVALID_ARG_TYPE', message: /"db"/ })
  const db = open(':memory:')
  assert.throws(() => sqliteStore(db, { table: 1 as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  for (const table of ['', 'a b', 'a"; DROP TABLE x; --', '1a', 'sqlite_x', 'SQLITE_X', 'x'.repeat(64), 'ä'])
    assert.throws(() => sqliteStore(db, { table }), { code: 'ERR_INVALID_ARG_VALUE', message: /table/ })
  assert.throws(() => sqliteStore(db, { tabel: 'x' } as never), { code: 'ERR_INVALID_ARG_VALUE', message: /table/ })
  assert.throws(() => sqliteStore(db, { codec: 'xml' as never }), { code: 'ERR_INVALID_ARG_VALUE' })
  assert.throws(() => sqliteStore(db, { retryFor: -1 }), { code: 'ERR_OUT_OF_RANGE' })
})

each('a table of something else, or of another format, is refused, and left as it is', ({ open }) => {
  const db = open(file())
  db.exec('CREATE TABLE users (name TEXT)')
  assert.throws(() => sqliteStore(db, { table: 'users' }), { code: 'ERR_STORE_FORMAT', message: /users/ })
  db.exec("CREATE TABLE items (k BLOB, id TEXT); INSERT INTO items VALUES (x'00', 'a')")
  assert.throws(() => sqliteStore(db, { table: 'items' }), { code: 'ERR_STORE_FORMAT', message: /items/ })
  sqliteStore(db, { table: 'newer' })
  db.exec("UPDATE newer SET id = '2' WHERE k = x''")
  const { message } = assert.throws(() => sqliteStore(db, { table: 'newer' }), { code: 'ERR_STORE_FORMAT' })
  assert.match(message, /"newer" is 2, .* reads format 1/)
  const names = (db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[]).map(
    ({ name }) => name,
  )
  assert.equal(names, ['users', 'items', 'newer'])
})

each('a table that was emptied by hand is a store again', ({ open }) => {
  const path = file()
  const db = open(path)
  sqliteStore(db).create.sync('k', 1)
  db.exec('DELETE FROM holdfast')
  const store = sqliteStore(open(path))
  assert.is(store.get.sync('k'), undefined)
  assert.ok(store.create.sync('k', 2).ok)
  assert.is(sqliteStore(db).get.sync('k')?.value, 2)
})

each('a database that is not on a local filesystem is refused', ({ open }) => {
  const path = file()
  const db = open(path)
  const asked: unknown[] = []
  const elsewhere = through(openTable(db, '"holdfast"', 0), (call: Call) => {
    if (call.op !== 'local') return call
    asked.push(call.args[0])
    return { op: 'settle', args: [false] }
  })
  const error = assert.throws(() => driveSync(elsewhere), { code: 'ERR_NOT_LOCAL' })
  assert.is((error as NodeJS.ErrnoException).path, path)
  assert.equal(asked, [path])
  assert.is(db.prepare('SELECT name FROM sqlite_master').get() ?? undefined, undefined)
})

each('a caller that has a transaction open reads what that sees, and changes nothing', async ({ open }) => {
  const path = file()
  const db = open(path)
  const store = sqliteStore<number>(db)
  const other = sqliteStore<number>(open(path))
  store.create.sync('k', 1)
  db.exec('BEGIN')
  assert.is(store.get.sync('k')?.value, 1)
  other.update.sync('k', 2)
  assert.is(store.get.sync('k')?.value, 1)
  for (const change of [
    () => store.create('new', 1),
    () => store.update('k', 3),
    () => store.touch('k', 1_000),
    () => store.remove('k'),
  ])
    await assert.rejects(change(), { code: 'ERR_OPEN_TRANSACTION' })
  assert.throws(() => sqliteStore(db, { table: 'x' }), { code: 'ERR_OPEN_TRANSACTION' })
  db.exec('COMMIT')
  assert.is(store.get.sync('k')?.value, 2)
  assert.ok(store.update.sync('k', 3).ok)
})

each(
  'a change waits while another connection writes, and the event loop goes on after the busy timeout',
  async ({ open }) => {
    const path = file()
    const writer = open(path)
    const store = sqliteStore<number>(open(path, { timeout: 1 }))
    writer.exec('BEGIN IMMEDIATE')
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    const change = store.create('k', 1)
    await until(() => turns > 5)
    writer.exec('COMMIT')
    assert.ok((await change).ok)
    clearInterval(ticking)
  },
)

each('a database that stays locked fails as SQLite says when the patience is over', async ({ name, open }) => {
  const path = file()
  const writer = open(path)
  sqliteStore(writer)
  const store = sqliteStore<number>(open(path, { timeout: 1 }), { retryFor: 50 })
  writer.exec('BEGIN IMMEDIATE')
  const code = name === 'node:sqlite' ? 'ERR_SQLITE_ERROR' : 'SQLITE_BUSY'
  await assert.rejects(store.create('k', 1), { code, message: /locked/ })
  assert.throws(() => store.create.sync('k', 1), { code, message: /locked/ })
  await assert.rejects(store.create('k', 1, { timeout: 10 }), { code: 'ERR_TIMEOUT' })
  // Readers wait for none that writes.
  assert.is(await store.get('k'), undefined)
  writer.exec('ROLLBACK')
  assert.ok((await store.create('k', 1)).ok)
})

each('settings of the connection change nothing', ({ name, open }) => {
  const options = { readBigInts: true, returnArrays: true }
  const db = open(':memory:', name === 'node:sqlite' ? options : {}) as Connection & { defaultSafeIntegers?(): void }
  db.defaultSafeIntegers?.()
  const store = sqliteStore<number[]>(db, { table: 't' })
  assert.ok(store.create.sync('k', [1], { ttl: 1e9 }).ok)
  assert.ok(store.touch.sync('k', 1e15).ok)
  assert.equal(store.get.sync('k')?.value, [1])
  assert.is(typeof store.update.sync('k', [2], { ttl: 5_000 }).entry?.gone, 'boolean')
  assert.equal([...store.keys()], ['k'])
})

each('keys come in pages, and beginnings are taken byte by byte', ({ open }) => {
  const store = sqliteStore<number>(open(':memory:'))
  const odd = ['a%', 'a_b', 'ab', 'a', 'A', 'a\0', 'a\0b', 'ä', 'a\u0308', '\u{10ffff}', '\u{10ffff}x', '☃', '%', '\0']
  const many = Array.from({ length: 700 }, (_, number) => `many/${number}`)
  for (const key of [...odd, ...many]) assert.ok(store.create.sync(key, 1).ok)
  assert.equal(new Set(store.keys()), new Set([...odd, ...many]))
  assert.equal([...store.keys()].length, odd.length + many.length)
  for (const prefix of [...odd, 'many/', 'many/6', 'x', 'A%'])
    assert.equal(
      [...store.keys({ prefix })].sort(),
      [...odd, ...many].filter(key => key.startsWith(prefix)).sort(),
      prefix,
    )
})

each('bytes of every kind are kept, none included', ({ open }) => {
  const store = sqliteStore<Uint8Array>(open(file()), { codec: 'bytes' })
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  for (const [at, value] of [Buffer.alloc(0), Buffer.from([0]), all, Buffer.alloc(3 * 2 ** 20, all)].entries()) {
    assert.ok(store.create.sync(`${at}`, value).ok)
    assert.ok(Buffer.from(store.get.sync(`${at}`)?.value as Uint8Array).equals(value))
    store.touch.sync(`${at}`, 60_000)
    assert.ok(Buffer.from(store.get.sync(`${at}`)?.value as Uint8Array).equals(value))
  }
})

each('several processes open one new database at the same moment', async ({ name }) => {
  const path = file()
  const script = fileURLToPath(new URL('sqlite/opener.js', import.meta.url))
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--no-warnings', script, name, path, `${Date.now() + 800}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  const said = await Promise.all(
    children.map(async child => {
      let text = ''
      child.stdout.setEncoding('utf8').on('data', more => (text += more))
      await once(child, 'close')
      return text.trim()
    }),
  )
  assert.equal(said.filter(one => one === 'made').length, 1, said.join())
  assert.equal(said.filter(one => one === 'met').length, 5, said.join())
})
