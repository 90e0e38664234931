// Where a lock is: beside its path, at a path of its own, or in a directory for all locks.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cell, createExclusive, getOrCreate, lock, single, sweep, updateFile, within, withLock } from 'holdfast'
import { driveSync, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, asUser, canBeAnother, everyPlace, holds, places, scratch } from '../support/kit.js'
import { assertRefusesBadInput } from '../support/laws.js'
import { assertHeldByNamed, eventually } from '../support/left.js'
import { isWindows } from '../windows/flavour.js'

const posix = process.platform !== 'win32'
const busy = { code: 'ERR_LOCK_HELD' }
type Place = { readonly lockPath?: string | URL; readonly lockDir?: string | URL }

/** Whatever takes the lock of a path finds that one lock held. */
async function assertHeld(path: string, place: Place): Promise<void> {
  assert.is((await lock.holder(path, place))?.pid, process.pid)
  assert.is(lock.holder.sync(path, place)?.pid, process.pid)
  assert.is(await lock.try(path, place), undefined)
  assert.is(lock.try.sync(path, place), undefined)
  const soon = { ...place, timeout: 60 }
  await assertHeldByNamed(() => lock(path, soon))
  await assertHeldByNamed(() => withLock(path, () => assert.unreachable(), soon))
  await assertHeldByNamed(() => updateFile(path, () => 'x', soon))
  await assert.rejects(
    getOrCreate(path, () => 'x', { ...place, refresh: true, wait: false }),
    busy,
  )
  for (const call of [() => lock.sync(path, soon), () => updateFile.sync(path, () => 'x', soon)])
    assert.throws(call, busy)
}

for (const { kind, dir } of places)
  holds(`on ${kind}: a lock is where lockPath or lockDir say, for each function that takes it`, async () => {
    const top = scratch(dir)
    const path = join(top, 'thing')
    for (const [nth, place] of [
      { lockPath: join(top, 'its-lock') },
      { lockPath: pathToFileURL(join(top, 'by url')) },
      { lockDir: join(top, 'locks') },
      { lockDir: pathToFileURL(join(top, 'more/locks')) },
    ].entries()) {
      const lease = await lock(path, { ...place, parents: true })
      assert.not(existsSync(`${path}.lock`))
      await assertHeld(path, place)
      assert.is(await lock.holder(path), undefined)
      await lease.renew()
      await lease.release()
      await updateFile(path, () => 'new', place)
      await getOrCreate(join(top, `made-${nth}`), () => 'made', place)
      withLock.sync(path, () => {}, place)
      await (await lock(path, place)).release({ remove: true })
      assert.not(existsSync(`${path}.lock`) || existsSync(join(top, `made-${nth}.lock`)))
    }
    const left = readdirSync(join(top, 'locks'))
    assert.is(left.length, 1)
    assert.equal(await sweep(join(top, 'locks'), { locks: true }), left)
    assert.equal(readdirSync(join(top, 'locks')), [])
  })

holds('lockPath and lockDir at once are refused, and so is what is no path', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  const bad = [
    [{ lockPath: join(dir, 'a'), lockDir: dir }, 'ERR_INVALID_ARG_VALUE'],
    [{ lockPath: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ lockDir: {} }, 'ERR_INVALID_ARG_TYPE'],
    [{ lockDir: '' }, 'ERR_INVALID_ARG_VALUE'],
    [{ lockPath: '/' }, 'ERR_INVALID_ARG_VALUE'],
    [{ lockPath: 'a\0b' }, 'ERR_INVALID_ARG_VALUE'],
  ] as const
  const rows = bad.map(([options, code]) => [[path, options], code] as const)
  for (const act of [lock, lock.try, lock.holder]) await assertRefusesBadInput(act as typeof lock, dir, rows as never)
  const working = bad.map(([options, code]) => [[path, () => 'x', options], code] as const)
  for (const act of [withLock, updateFile, getOrCreate])
    await assertRefusesBadInput(act as typeof withLock, dir, working as never)
  assert.equal(readdirSync(dir), [])
})

holds('in a lockDir, all spellings of one path, and all ways through links, are one lock', async () => {
  const top = scratch()
  mkdirSync(join(top, 'real/deep'), { recursive: true })
  mkdirSync(join(top, 'other'))
  symlinkSync(join(top, 'real/deep'), join(top, 'other/link'), 'junction')
  const lockDir = join(top, 'locks')
  mkdirSync(lockDir)
  await using _ = await lock(join(top, 'real/deep/thing'), { lockDir })
  const spellings = [
    join(top, 'other/link/thing'),
    `${top}/real//deep/./thing/`,
    relative(process.cwd(), join(top, 'real/deep/thing')),
    // Where a link is on the way, only the system knows where this leads.
    ...(posix ? [`${top}/other/link/../deep/thing`] : []),
  ]
  for (const path of spellings) {
    assert.is(await lock.try(path, { lockDir }), undefined, path)
    assert.throws(() => lock.sync(path, { lockDir }), busy)
  }
  assert.equal(readdirSync(lockDir).length, 1)
  // Nothing is there yet, and each has a lock of its own.
  for (const path of ['no/where/thing', 'no/thing', 'real/thing', 'other/thing'])
    assert.is(await withLock(join(top, path), () => path, { lockDir }), path)
  assert.equal(readdirSync(lockDir).length, 5)
  assert.ok(readdirSync(lockDir).every(name => /^thing-[0-9a-f]{32}\.lock$/.test(name)))
})

holds('the name of a lock in a lockDir begins with that of its path, in at most 143 bytes', async () => {
  const top = scratch()
  const names = [isWindows ? 'a_b_c.txt' : 'a:b*c?.txt', '雪'.repeat(80), 'x'.repeat(255), '.env']
  for (const name of names) await withLock(join(top, 'none', name), () => {}, { lockDir: top })
  const made = readdirSync(top)
  assert.equal(made.map(name => name.slice(0, 5)).sort(), ['.env-', 'a_b_c', 'xxxxx', '雪'.repeat(5)])
  assert.ok(made.every(name => Buffer.byteLength(name) <= 143))
  assert.equal((await sweep(top, { locks: true })).length, 4)
})

for (const { kind, dir } of everyPlace)
  holds(`on ${kind}: a name of any length has a lock beside it`, async () => {
    const top = scratch(dir)
    const long = 'x'.repeat(250)
    const names = [long, `${long}a`, `${long}bcdef`, `${'雪'.repeat(84)}`, `${'雪'.repeat(85)}`]
    for (const name of names) {
      const path = join(top, name)
      await using lease = await lock(path)
      assert.is((await lock.holder(path))?.fence, lease.fence)
      assert.is(await lock.try(`${top}/./${name}`), undefined)
    }
    assert.ok(existsSync(join(top, `${long}.lock`)))
    assert.equal(readdirSync(top).length, names.length)
    assert.ok(readdirSync(top).every(name => name.endsWith('.lock')))
    for (const name of names) {
      await updateFile(join(top, name), () => 'x')
      assert.is((await getOrCreate(join(top, name), () => 'y')).made, false)
    }
    assert.equal((await sweep(top, { locks: true })).length, names.length)
    assert.equal(readdirSync(top).sort(), [...names].sort())
  })

holds('a lockPath with any name is swept if it has the mark of a lock, and no other cell is', async () => {
  const top = scratch()
  mkdirSync(join(top, 'deep'))
  await withLock(join(top, 'x'), () => {}, { lockPath: join(top, 'guard') })
  await withLock(join(top, 'x'), () => {}, { lockPath: join(top, 'deep/guard') })
  await using _ = await lock(join(top, 'x'), { lockPath: join(top, 'held') })
  // It looks like a free lock, and is a user's.
  await cell.create(join(top, 'cell'), { fields: ['f', '1'] })
  assert.equal(await sweep(top), [])
  assert.equal(await sweep(top, { locks: true, recursive: true, dryRun: true }), posix ? ['deep/guard', 'guard'] : [])
  assert.equal(await sweep(top, { locks: true }), posix ? ['guard'] : [])
  assert.equal(sweep.sync(top, { locks: true, recursive: true }), posix ? ['deep/guard'] : [])
  assert.equal((await cell.read(join(top, 'cell')))?.fields, ['f', '1'])
})

holds('calls of one thread wait in line for one lock, and not for another', async () => {
  const top = scratch()
  const place = { lockPath: join(top, 'one') }
  const order: string[] = []
  const first = await lock(join(top, 'a'), place)
  const waiting = ['b', 'c', 'a'].map(name => withLock(join(top, name), () => order.push(name), place))
  const made = getOrCreate(join(top, 'd'), () => 'x', place).then(() => order.push('d'))
  const updated = updateFile(join(top, 'e'), () => 'x', place).then(() => order.push('e'))
  // Not the lock that is beside it.
  assert.is(await withLock(join(top, 'a'), () => 'free'), 'free')
  assert.equal(order, [])
  await first.release()
  await Promise.all([...waiting, made, updated])
  assert.equal(order.slice(0, 3), ['b', 'c', 'a'])
  assert.equal(order.slice(3).sort(), ['d', 'e'])
})

holds('updateFile follows the link of a file to another lock in the lockDir, and getOrCreate does, too', async () => {
  const top = scratch()
  for (const name of ['one', 'two', 'locks'])
    name === 'locks' ? mkdirSync(join(top, name)) : writeFileSync(join(top, name), name)
  const lockDir = join(top, 'locks')
  symlinkSync('one', join(top, 'link'))
  await using _ = await lock(join(top, 'two'), { lockDir })
  assert.is(await updateFile(join(top, 'link'), old => `${old}!`, { lockDir }), 'one!')
  symlinkSync('two', join(top, 'next'))
  renameSync(join(top, 'next'), join(top, 'link'))
  await assertHeldByNamed(() => updateFile(join(top, 'link'), () => 'x', { lockDir, timeout: 60 }))
  await assert.rejects(
    getOrCreate(join(top, 'link'), () => 'x', { lockDir, refresh: true, wait: false }),
    busy,
  )
  assert.is(readFileSync(join(top, 'two'), 'utf8'), 'two')
})

holds(
  'below a root, lockPath and lockDir are below it, and the lock is the one that is found without the root',
  async () => {
    const top = scratch()
    await using root = await within(top)
    for (const place of [{ lockPath: 'deep/guard' }, { lockDir: 'locks' }]) {
      const outside = Object.fromEntries(Object.entries(place).map(([name, at]) => [name, join(top, at)]))
      const lease = await root.lock('thing', { ...place, parents: true })
      assert.is((await root.lock.holder('thing', place))?.fence, lease.fence)
      await assertHeld(join(top, 'thing'), outside)
      await lease.release()
      await root.updateFile('thing', () => 'x', place)
      await root.getOrCreate('other', () => 'x', place)
      assert.is(await root.withLock('thing', () => 'done', place), 'done')
      await using _ = await lock(join(top, 'thing'), outside)
      assert.is(await root.lock.try('thing', place), undefined)
      await assertHeldByNamed(() => root.updateFile('thing', () => 'y', { ...place, timeout: 60 }))
    }
    await eventually(() => assert.equal(readdirSync(top).sort(), ['deep', 'locks', 'other', 'thing']))
    for (const place of [{ lockPath: '/elsewhere/x' }, { lockDir: '..' }, { lockPath: '../x' }])
      for (const call of [
        () => root.lock('thing', place),
        () => root.withLock('thing', () => {}, place),
        () => root.updateFile('thing', () => 'x', place),
        () => root.getOrCreate('new', () => 'x', place),
      ])
        await assert.rejects(call() as Promise<unknown>, { code: 'ERR_OUTSIDE_ROOT' })
  },
)

holds(
  'a lockDir serves shared locks, several at once, and the one instance; a lockPath is one lock for several files',
  async () => {
    const top = scratch()
    mkdirSync(join(top, 'real'))
    symlinkSync(join(top, 'real'), join(top, 'link'), 'junction')
    const place = { lockDir: join(top, 'locks'), parents: true }
    const [a, b] = ['real/a', 'link/b'].map(name => join(top, name)) as [string, string]
    const both = await Promise.all([lock.shared(a, place), lock.shared(join(top, 'link/a'), place)])
    await assertHeldByNamed(() => lock(join(top, 'link/a'), { ...place, timeout: 60 }))
    for (const lease of both) await lease.release()
    await using two = await lock([a, b], place)
    for (const path of [join(top, 'link/a'), join(top, 'real/b')]) assert.is(await lock.try(path, place), undefined)
    await two.release()
    await using first = await single(a, { ...place, data: 'one' })
    const other = await single(join(top, 'link/a'), place)
    assert.equal([first.isFirst, other.isFirst, other.data], [true, false, 'one'])
    const guard = { lockPath: join(top, 'guard') }
    await updateFile([join(top, 'x'), join(top, 'y')], () => ['1', '2'], guard)
    assert.equal(
      readdirSync(top).filter(name => /lock|guard/.test(name)),
      ['guard', 'locks'],
    )
    assert.equal(readdirSync(join(top, 'real')), [])
  },
)

/** How many calls the steps make that reach the disk. */
function callsOf(steps: Steps<unknown>): string[] {
  const calls: string[] = []
  driveSync(
    through(steps, call => {
      calls.push(call.op)
      return call
    }),
  )
  return calls
}

holds('a lock beside its path costs no call for all that', () => {
  const path = join(scratch(), 'thing')
  callsOf(lock.try.steps(path))
  const onDisk = (calls: readonly string[]) => calls.filter(op => op.startsWith('re'))
  assert.equal(onDisk(callsOf(lock.try.steps(path))), ['readdir'])
  assert.equal(onDisk(callsOf(lock.try.steps(path, { lockDir: dirname(path) }))), [
    'realpath',
    'readdir',
    'rename',
    'rename',
  ])
})

if (!canBeAnother()) holds.skip('a path beside which nothing can be made', 'it takes root')
else
  holds('a lockDir serves for paths beside which nothing can be made', async () => {
    const top = scratch()
    chmodSync(top, 0o755)
    mkdirSync(join(top, 'locks'))
    chmodSync(join(top, 'locks'), 0o777)
    const [path, lockDir] = [join(top, 'thing'), join(top, 'locks')].map(one => JSON.stringify(one))
    const { said, code } = asUser(`
      const { lock, withLock } = holdfast
      const refused = await lock(${path}).catch(error => error.code)
      const done = await withLock(${path}, () => 'done', { lockDir: ${lockDir} })
      console.log(refused, done)`)
    assert.equal([said.trim(), code], ['EACCES done', 0])
    await createExclusive(join(top, 'thing'), 'x')
  })
