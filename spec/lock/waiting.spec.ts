// A call that waits for a lock says who holds it: to its caller, to a diagnostics channel, and with NODE_DEBUG.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { getOrCreate, lock, single, updateFile, type Waiting, within, withLock } from 'holdfast'
import { clockOf } from '../../lib/core/owner-words.js'
import { heldFields } from '../../lib/lock/token.js'
import { assert, holds, scratch } from '../support/kit.js'
import { until } from '../support/left.js'
import { layLock } from '../support/locks.js'

const script = (text: string): string[] => [
  '--input-type=module',
  '-e',
  `import { lock } from ${JSON.stringify(import.meta.resolve('holdfast'))}\n${text}`,
]

/** A process that holds the locks until it is killed. */
async function holding(...paths: string[]): Promise<ChildProcess> {
  const text = `globalThis.leases = []
    for (const path of ${JSON.stringify(paths)}) leases.push(await lock(path, { label: 'the other' }))
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, script(text), { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout as NodeJS.EventEmitter, 'data')
  return child
}

type Call = (path: string, onWait: (waiting: Waiting) => unknown) => Promise<unknown>

const released = async (lease: Promise<{ release(): Promise<void> }>) => (await lease).release()

const calls: Readonly<Record<string, Call>> = {
  lock: (path, onWait) => released(lock(path, { onWait })),
  withLock: (path, onWait) => withLock(path, () => {}, { onWait }),
  updateFile: (path, onWait) => updateFile(path, () => 'x', { onWait }),
  getOrCreate: (path, onWait) => getOrCreate(path, () => 'x', { onWait }),
  single: async (path, onWait) => {
    const one = await single(path, { onWait })
    if (one.isFirst) await one.lease.release()
  },
  'lock of several paths': (path, onWait) => released(lock([`${path}-2`, path], { onWait })),
}

holds('who waits is told at once who holds the lock, and then every second, in all forms', async () => {
  const dir = scratch()
  const names = [...Object.keys(calls), 'lock.sync', 'lock.shared', 'within']
  const before = Date.now()
  const child = await holding(...names.map(name => join(dir, name)))
  const began = Date.now()
  const seen = new Map<string, Waiting[]>(names.map(name => [name, []]))
  const noting = (name: string) => (waiting: Waiting) => void seen.get(name)?.push(waiting)
  const sync = spawn(
    process.execPath,
    script(`import { writeSync } from 'node:fs'
      const onWait = waiting => void writeSync(1, JSON.stringify(waiting) + '\\n')
      lock.sync(${JSON.stringify(join(dir, 'lock.sync'))}, { onWait }).release.sync()`),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  sync.stdout.setEncoding('utf8').on('data', (lines: string) => {
    for (const line of lines.trim().split('\n')) noting('lock.sync')(JSON.parse(line))
  })
  await using root = await within(dir)
  const waits = Object.entries(calls).map(([name, call]) => call(join(dir, name), noting(name)))
  waits.push(released(lock.shared(join(dir, 'lock.shared'), { onWait: noting('lock.shared') })))
  waits.push(released(root.lock('within', { onWait: noting('within') })))
  await until(() => [...seen.values()].every(all => all.length >= 3))
  child.kill('SIGKILL')
  await Promise.all([...waits, once(sync, 'exit')])
  for (const [name, all] of seen) {
    assert.ok(all.length >= 3, `${name}: ${all.length}`)
    for (const [nth, { holder, since, waited }] of all.slice(0, 2).entries()) {
      assert.equal([holder.pid, holder.label, holder.alive], [child.pid, 'the other', true], name)
      assert.is(since, holder.since)
      assert.ok((since ?? 0) > before - 2_000 && (since ?? 0) < began + 2_000, name)
      const last = all[nth - 1]?.waited
      assert.ok(last === undefined ? waited < 30_000 : waited >= last + 990, `${name}: ${waited}`)
    }
  }
})

holds('who waits for its turn in its thread is told, too', async () => {
  const dir = scratch()
  for (const [name, call] of Object.entries(calls)) {
    const path = join(dir, name)
    const lease = await lock(path, { label: 'mine' })
    const seen: Waiting[][] = [[], []]
    const waits = seen.map(one => call(path, waiting => void one.push(waiting)))
    await until(() => seen.every(one => one.length > 0))
    for (const [one] of seen) assert.equal([one?.holder.label, one?.holder.pid], ['mine', process.pid], name)
    await lease.release()
    await Promise.all(waits)
  }
  await using root = await within(dir)
  const lease = await root.lock('below')
  const seen: Waiting[] = []
  const onWait = (waiting: Waiting) => void seen.push(waiting)
  const waits = [root.updateFile('below', () => 'x', { onWait }), root.withLock('below', () => {}, { onWait })]
  await until(() => seen.length >= 2)
  assert.equal(
    seen.slice(0, 2).map(({ holder }) => holder.fence),
    [lease.fence, lease.fence],
  )
  await lease.release()
  await Promise.all(waits)
})

holds('nothing is said where nobody waits', async () => {
  const path = join(scratch(), 'thing')
  const onWait = () => assert.unreachable()
  for (let nth = 0; nth < 3; nth++) await (await lock(path, { onWait })).release()
  const lease = await lock(path)
  assert.is(await lock.try(path, { onWait }), undefined)
  await assert.rejects(
    getOrCreate(path, () => 'x', { wait: false, onWait }),
    { code: 'ERR_LOCK_HELD' },
  )
  await lease.release()
})

holds('an error that onWait throws ends the call, wherever it waits, and those behind it go on', async () => {
  const dir = scratch()
  const own = new Error('own')
  const ways: Readonly<Record<string, () => unknown>> = {
    thrown: () => {
      throw own
    },
    rejected: () => Promise.reject(own),
  }
  const child = await holding(...Object.keys(calls).map(name => join(dir, name)))
  for (const [name, call] of Object.entries(calls))
    for (const [how, fail] of Object.entries(ways)) {
      const path = join(dir, name)
      assert.is(await call(path, fail).catch(error => error), own, name)
      // In the queue of this thread.
      const lease = await lock(`${path}-${how}`)
      const failing = call(`${path}-${how}`, fail).catch(error => error)
      const behind = call(`${path}-${how}`, () => {})
      assert.is(await failing, own, name)
      await lease.release()
      await behind
    }
  const [name = ''] = Object.keys(calls)
  assert.throws(() => lock.sync(join(dir, name), { onWait: ways.thrown as () => never }), { message: /^own$/ })
  assert.throws(() => lock.sync(join(dir, name), { onWait: async () => {} }), { code: 'ERR_INVALID_RETURN_VALUE' })
  await assert.rejects(lock(join(dir, name), { onWait: 'x' as never }), { code: 'ERR_INVALID_ARG_TYPE' })
  child.kill('SIGKILL')
})

holds('a call that is stopped in the queue says nothing more', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const stop = new AbortController()
  let said = 0
  const stopSoon = () => {
    said++
    setTimeout(() => stop.abort(), 30)
  }
  await assert.rejects(lock(path, { signal: stop.signal, onWait: stopSoon }), { code: 'ABORT_ERR' })
  await wait(1_100)
  assert.is(said, 1)
  await lease.release()
})

holds('the channels carry waits and takeovers, with the holder before and what has shown that it is over', async () => {
  const dir = scratch()
  const messages: { name: string; message: Record<string, unknown> & { holder: { pid: number } } }[] = []
  const stop = new AbortController()
  const hear = (message: unknown, name: string | symbol) => {
    messages.push({ name: String(name), message: message as (typeof messages)[number]['message'] })
    stop.abort()
  }
  const channels = [channel('holdfast:wait'), channel('holdfast:takeover')]
  for (const one of channels) one.subscribe(hear)
  try {
    const path = join(dir, 'dead')
    const child = await holding(path)
    await assert.rejects(lock(path, { signal: stop.signal }), { code: 'ABORT_ERR' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lease = await withLock(path, one => one)
    const clock = clockOf(lease.owner) as string
    const elsewhere = { fence: 7, owner: 'elsewhere0-elsewhere0-1-0-0-0-0', id: '0123456789abcdef', staleMs: 40 }
    layLock(join(dir, 'beat'), heldFields({ ...elsewhere, owner: `${clock}-elsewhere0-1-0-0-0-0` }, 0))
    layLock(join(dir, 'watched'), heldFields(elsewhere, 0))
    await withLock(join(dir, 'beat'), () => {})
    await withLock(join(dir, 'watched'), () => {})
    // The first of these looks leaves word of it.
    layLock(join(dir, 'witnessed'), heldFields({ ...elsewhere, staleMs: 250 }, 0))
    await until(async () => lock.try(join(dir, 'witnessed')).then(one => one?.release().then(() => true)))
    const of = (name: string) => messages.filter(one => one.name === name).map(({ message }) => message)
    const [first] = of('holdfast:wait')
    assert.equal([first?.function, first?.path, first?.holder.pid], ['lock', path, child.pid])
    assert.equal(
      of('holdfast:takeover').map(({ path, holder, evidence }) => [path, holder.pid, evidence]),
      [
        [path, child.pid, 'dead'],
        [join(dir, 'beat'), 1, 'beat'],
        [join(dir, 'watched'), 1, 'watched'],
        [join(dir, 'witnessed'), 1, 'witnessed'],
      ],
    )
    assert.equal([of('holdfast:takeover')[0]?.fence, of('holdfast:takeover')[0]?.function], [lease.fence, 'withLock'])
  } finally {
    for (const one of channels) one.unsubscribe(hear)
  }
})

holds('NODE_DEBUG=holdfast prints both, and without it nothing is printed', async () => {
  const path = join(scratch(), 'thing')
  const run = async (debug: string) => {
    const { pid } = await holding(path)
    const text = `const stop = new AbortController()
      await lock(${JSON.stringify(path)}, { signal: stop.signal, onWait: () => stop.abort() }).catch(() => {})
      process.kill(${pid}, 'SIGKILL')
      await (await lock(${JSON.stringify(path)})).release()`
    const env = { ...process.env, NODE_DEBUG: debug }
    return { pid, said: spawnSync(process.execPath, script(text), { encoding: 'utf8', env }).stderr }
  }
  const { pid, said } = await run('holdfast')
  const shown = path.replaceAll('\\', '\\\\')
  assert.match(said, new RegExp(`HOLDFAST \\d+: waits for ${shown} \\(\\d+ ms\\), which is held by process ${pid}`))
  assert.match(said, new RegExp(`HOLDFAST \\d+: takes ${shown} over \\(fence \\d+\\) from process ${pid}.*: dead`))
  assert.is((await run('')).said, '')
})
