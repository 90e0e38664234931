// What a holder says of itself: its label, where it is and since when, and the data that it publishes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { cell, getOrCreate, type Holder, lock, sweep, updateFile, within, withLock } from 'holdfast'
import { type Call, dual, fs, type Hold, publish, release, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { writePayload } from '../../lib/cell/payload.js'
import { readState } from '../../lib/cell/transition.js'
import { beatOnce } from '../../lib/lock/hold.js'
import { readNote } from '../../lib/lock/holder/note.js'
import { heldFields } from '../../lib/lock/token.js'
import { through } from '../broken/interfere.js'
import { assert, caught, explored, holds, nobodyThrew, prove, scratch, sized } from '../support/kit.js'
import { assertNothingLeftBehind, assertOriginalErrorComesOut, assertSyncAndAsyncAgree } from '../support/laws.js'
import { assertHeldByNamed } from '../support/left.js'
import { layLock, numbered } from '../support/locks.js'

const files = (dir: string): string[] => readdirSync(dir).filter(name => name.includes('.payload.'))

const closeTo = (ms: number | undefined, expected: number): boolean => Math.abs((ms ?? 0) - expected) < 30_000

holds('a holder is seen with its label, its host, and since when it holds the lock', async () => {
  const dir = scratch()
  const path = numbered(join(dir, 'thing'))
  const lease = await lock(path, { label: 'nightly "backup"' })
  const { since, ...rest } = (await lock.holder(path)) as Holder
  assert.ok(closeTo(since, Date.now()))
  assert.equal(rest, {
    ...{ owner: lease.owner, pid: process.pid, thread: undefined, host: hostname(), fence: 1, alive: true },
    ...{ label: 'nightly "backup"', data: undefined },
  })
  assert.is(files(dir).length, 1)
  const held = await assertHeldByNamed(() => lock(path, { timeout: 10 }))
  assert.is((held.holder as Holder).label, 'nightly "backup"')
  assert.match(held.message, `process ${process.pid}, which is alive ("nightly \\"backup\\"", fence 1)`)
  await lease.renew()
  await lease.release()
  assert.equal(files(dir), [])
  await using next = await lock(path)
  assert.equal([(await lock.holder(path))?.label, next.fence], [undefined, 2])
})

holds('since is the time of taking, however many heartbeats there were', async () => {
  const path = join(scratch(), 'thing')
  await using lease = await lock(path)
  const before = (await lock.holder(path))?.since
  for (let nth = 0; nth < 3; nth++) {
    await new Promise(resolve => setTimeout(resolve, 30))
    await lease.renew()
  }
  assert.ok(Math.abs(((await lock.holder(path))?.since ?? 0) - (before ?? 0)) <= 2)
})

holds('of a holder elsewhere, host and since are what it has left; without that they are unknown', async () => {
  const dir = scratch()
  const foreign = { fence: 7, owner: 'elsewhere0-elsewhere0-1-0-0-0-0', id: '0123456789abcdef', staleMs: 10_000 }
  layLock(join(dir, 'bare'), heldFields(foreign, 5_000))
  const bare = (await lock.holder(join(dir, 'bare'))) as Holder
  assert.equal([bare.host, bare.since, bare.label, bare.data], [undefined, undefined, undefined, undefined])
  // The same, with a note of its own: as if this thread were there.
  const path = join(dir, 'thing')
  const there = (steps: Steps<unknown>) =>
    dual(() => through(steps, call => (call.op === 'thread' ? { op: 'settle', args: [foreign.owner] } : call)))()
  const hold = await there(lock.steps(path, { label: 'far' }))
  const { host, since, label, alive } = (await lock.holder(path)) as Holder
  assert.equal([host, label, alive], [hostname(), 'far', undefined])
  assert.ok(closeTo(since, Date.now()))
  await there(release(hold as never))
  assert.equal(files(dir), [])
})

holds('what is published is seen until the lock is released, and the next holder begins without', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  const seen = async () => (await lock.holder(path))?.data
  const lease = await lock(path)
  assert.is(await seen(), undefined)
  for (const data of [{ url: 'http://localhost:3000', deep: [1, { a: null }] }, 'text\nof two lines', 0, null, false]) {
    await lease.publish(data)
    assert.equal(await seen(), data)
    assert.is(files(dir).length, 1)
  }
  lease.publish.sync({ sync: true })
  await lease.renew()
  assert.equal(lock.holder.sync(path)?.data, { sync: true })
  await Promise.all([1, 2, 3, 4].map(nth => lease.publish(nth)))
  assert.is(await seen(), 4)
  await lease.release()
  assert.equal([files(dir), await seen()], [[], undefined])
  await assert.rejects(lease.publish(1), { code: 'ERR_LEASE_LOST' })
  await withLock(path, async () => assert.is(await seen(), undefined))
  await withLock(
    path,
    async one =>
      one
        .publish('x')
        .then(seen)
        .then(data => assert.is(data, 'x')),
    { label: 'it' },
  )
  assert.equal(files(dir), [])
})

holds('a release that removes the lock removes the data', async () => {
  const dir = scratch()
  const lease = await lock(join(dir, 'thing'), { label: 'it' })
  await lease.publish([1])
  await lease.release({ remove: true })
  assert.equal(readdirSync(dir), [])
})

holds('published too late, data is refused, and nothing of it is left', async () => {
  const dir = scratch()
  const lease = await lock(join(dir, 'thing'))
  const ends = await Promise.allSettled([lease.publish('a'), lease.release(), lease.publish('b')])
  const how = ends.map(end => (end.status === 'rejected' ? end.reason.code : 'done'))
  assert.is(how[1], 'done')
  assert.is(how[2], 'ERR_LEASE_LOST')
  assert.equal(files(dir), [])
})

holds('bad labels and data are refused before anything happens', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  for (const [label, code] of [
    [1, 'ERR_INVALID_ARG_TYPE'],
    ['', 'ERR_INVALID_ARG_VALUE'],
    ['x'.repeat(201), 'ERR_OUT_OF_RANGE'],
  ] as const) {
    await assert.rejects(lock(path, { label: label as string }), { code })
    assert.throws(() => updateFile.sync(path, () => 'x', { label: label as string }), { code })
    await assert.rejects(
      getOrCreate(path, () => 'x', { label: label as string }),
      { code },
    )
  }
  await assert.rejects(lock(join(dir, 'x'.repeat(200)), { label: 'it' }), { code: 'ERR_OUT_OF_RANGE' })
  assert.equal(readdirSync(dir), [])
  const lease = await lock(path)
  await lease.publish('before')
  const circle: { self?: unknown } = {}
  circle.self = circle
  const own = new Error('of toJSON')
  for (const [data, expected] of [
    [undefined, { code: 'ERR_INVALID_ARG_VALUE' }],
    [() => 1, { code: 'ERR_INVALID_ARG_VALUE' }],
    ['x'.repeat(2 ** 20), { code: 'ERR_OUT_OF_RANGE' }],
    [circle, { name: 'TypeError' }],
    [1n, { name: 'TypeError' }],
  ] as const) {
    await assert.rejects(lease.publish(data), expected)
    assert.throws(() => lease.publish.sync(data), expected)
  }
  const failing = {
    toJSON: () => {
      throw own
    },
  }
  assert.is(await lease.publish(failing).catch(error => error), own)
  await lease.publish('x'.repeat(2 ** 20 - 2))
  assert.is(String((await lock.holder(path))?.data).length, 2 ** 20 - 2)
  await lease.release()
})

const ops = (steps: Steps<unknown>): string[] => {
  const seen: string[] = []
  const noted = (call: Call): Call => {
    seen.push(call.op)
    return call
  }
  dual(() => through(steps, noted)).sync()
  return seen
}

holds(
  'a lock that says nothing of itself makes no call for it, and one with a label writes and removes one file',
  () => {
    const path = join(scratch(), 'thing')
    const turn = (label?: string) =>
      function* (): Steps<void> {
        yield* release(yield* lock.steps(path, { label }))
      }
    for (let nth = 0; nth < 3; nth++) dual(turn()).sync()
    const [bare, labelled] = [ops(turn()()), ops(turn('it')())]
    assert.equal(
      bare.filter(op => !/thread|now|random|holding|recall|remember/.test(op)),
      ['rename', 'rename'],
    )
    const more = ['open', 'write', 'close', 'rename', 'rename', 'unlink']
    assert.equal(
      labelled.filter(op => !/thread|now|random|holding|recall|remember|self/.test(op)),
      more,
    )
  },
)

holds('updateFile and getOrCreate have labels, too, and so do locks below a root', async () => {
  const dir = scratch()
  await using root = await within(dir)
  const label = async (path: string) => (await lock.holder(join(dir, path)))?.label
  const seen: unknown[] = []
  await updateFile(join(dir, 'a'), async () => void seen.push(await label('a')), { label: 'updating' })
  await getOrCreate(join(dir, 'b'), async () => `${seen.push(await label('b'))}`, { label: 'making' })
  await root.updateFile('c', async () => void seen.push(await label('c')), { label: 'updating below' })
  await root.getOrCreate('d', async () => `${seen.push(await label('d'))}`, { label: 'making below' })
  await root.withLock(
    'e',
    async lease => {
      await lease.publish({ at: 'e' })
      seen.push(await label('e'), (await root.lock.holder('e'))?.data)
    },
    { label: 'below' },
  )
  assert.equal(seen, ['updating', 'making', 'updating below', 'making below', 'below', { at: 'e' }])
  assert.equal(files(dir), [])
})

holds('a label that cannot be written is no reason to go without the lock; data that cannot is an error', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  const failure = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', errno: -28, syscall: 'write' })
  const full = (steps: Steps<unknown>) =>
    dual(() =>
      through(steps, call => {
        if (call.op === 'write') throw failure
        return call
      }),
    )()
  const hold = (await full(lock.steps(path, { label: 'it' }))) as never
  assert.is((await lock.holder(path))?.label, undefined)
  await dual(() => publish(hold, 'first'))()
  assert.is(await full(publish(hold, 'second')).catch(error => error), failure)
  assert.equal([(await lock.holder(path))?.data, files(dir).length], ['first', 1])
  await dual(() => release(hold))()
  assert.equal(files(dir), [])
})

holds('a note that is gone, torn or not to be read is as none', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  const lease = await lock(path, { label: 'it' })
  const file = join(dir, files(dir)[0] as string)
  const label = async () => (await lock.holder(path))?.label
  chmodSync(file, 0)
  if (process.geteuid?.() !== 0 && process.platform !== 'win32') assert.is(await label(), undefined)
  for (const torn of ['', '{"host":"a"', '{"host":"a","atMs":1,"label":"b"}\n{"c"']) {
    rmSync(file)
    writeFileSync(file, torn)
    assert.is(await label(), undefined)
  }
  rmSync(file)
  assert.is(await label(), undefined)
  await lease.release()
})

/** A process that holds the lock, with a label and data, until it is killed. */
async function stranded(path: string): Promise<void> {
  const text = `import { lock } from ${JSON.stringify(import.meta.resolve('holdfast'))}
    const lease = await lock(${JSON.stringify(path)}, { label: 'doomed' })
    await lease.publish({ pid: process.pid })
    console.log('held')
    setInterval(() => lease, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const holder = (await lock.holder(path)) as Holder
  assert.equal([holder.label, holder.data, holder.alive], ['doomed', { pid: child.pid }, true])
  child.kill('SIGKILL')
  await once(child, 'exit')
}

holds('what a process that was killed has said goes with its hold', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  await stranded(path)
  assert.equal(await sweep(dir), [])
  const left = (await lock.holder(path)) as Holder
  assert.equal([left.label, left.alive], ['doomed', false])
  await using lease = await lock(path)
  const now = await lock.holder(path)
  assert.equal([now?.label, now?.data, now?.fence, files(dir)], [undefined, undefined, lease.fence, []])
})

if (process.platform === 'linux')
  holds('of a worker thread, the id is seen that the system gives it', async () => {
    const path = join(scratch(), 'thing')
    const text = `import('${import.meta.resolve('holdfast')}').then(async ({ lock }) => {
      globalThis.lease = await lock(${JSON.stringify(path)})
      const tid = Number(require('node:fs').readlinkSync('/proc/thread-self').split('/').at(-1))
      require('node:worker_threads').parentPort.postMessage(tid)
    })`
    const worker = new Worker(text, { eval: true })
    const [tid] = await once(worker, 'message')
    assert.is((await lock.holder(path))?.thread, tid)
    await worker.terminate()
  })

const publishing = dual(function* publishing(path: string): Steps<unknown> {
  const hold = yield* lock.steps(path, { label: 'it' })
  try {
    yield* publish(hold, { a: 1 })
  } finally {
    yield* release(hold)
  }
  return hold.fence
})
const trial = { args: (dir: string): [string] => [numbered(join(dir, 'thing'))] }

holds('the original error comes out of a publication, and nothing is left behind', async () => {
  await assertOriginalErrorComesOut(publishing, trial)
  await assertSyncAndAsyncAgree(publishing, trial)
  await assertNothingLeftBehind(publishing, trial)
})

type Publish = (hold: Hold, data: string) => Steps<unknown>

/** Takes the lock, says who it is, publishes something, and releases the lock. Returns who it was. */
function* speaking(dir: string, name: string, publication: Publish = publish): Steps<string> {
  const hold = yield* lock.steps(join(dir, 'x'), { label: name })
  yield* publication(hold, `${name}2`)
  yield* release(hold)
  return hold.owner
}

/** Returns which thread holds the lock, and what it says of itself. */
function* looking(dir: string): Steps<readonly unknown[]> {
  const holder = yield* lock.holder.steps(join(dir, 'x'))
  return holder ? [holder.owner, holder.label, holder.data] : []
}

/** The token names the data, and only then it is written. */
function* publishLate(hold: Hold, data: string): Steps<void> {
  const note = { owner: yield* fs.self(), nonce: '0123456789abcdef' }
  yield* beatOnce(hold, note)
  const json = `${JSON.stringify({ label: data[0] })}\n${JSON.stringify(data)}`
  yield* writePayload(hold.locking.dir, note, Buffer.from(json), 'none')
}

/** Takes data that is gone for none. */
function* lookOnce(dir: string): Steps<readonly unknown[]> {
  const cell = join(dir, 'x.lock')
  const state = yield* readState(cell, { as: 'test', path: cell })
  const note = typeof state === 'object' && state.payload ? yield* readNote(cell, state.payload) : undefined
  if (typeof state === 'string' || state.fields[0] === 'f') return []
  return note === 'gone' || !note ? [state.fields[2], undefined, undefined] : [state.fields[2], note.label, note.data]
}

interface Telling {
  readonly budgets?: Partial<World>
  readonly look?: (dir: string) => Steps<readonly unknown[]>
  readonly publication?: Publish
  /** The second holder says nothing. */
  readonly quiet?: boolean
}

function* silent(dir: string): Steps<string> {
  const hold = yield* lock.steps(join(dir, 'x'))
  yield* release(hold)
  return hold.owner
}

/** Two hold a lock, one after the other, and a third looks: it sees what the holder has said, and nothing else. */
const telling = ({ budgets = {}, look = looking, publication, quiet = false }: Telling = {}): World => ({
  ...budgets,
  setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['f', '0'] }),
  players: dir => ({ A: speaking(dir, 'A', publication), B: quiet ? silent(dir) : speaking(dir, 'B', publication) }),
  adversaries: dir => ({ R: look(dir) }),
  check: ending => {
    nobodyThrew(ending)
    const { A, B, R } = ending.outcomes
    const [owner, label, data] = (R?.how === 'returned' ? R.value : []) as unknown[]
    const names = { A, B }
    const said = Object.entries(names).find(([, end]) => end?.how === 'returned' && end.value === owner)?.[0]
    const killed = [A, B].some(end => end?.how === 'killed')
    const expected = quiet && said === 'B' ? undefined : said
    const isTrue = label === expected || (killed && said === undefined)
    const isOwn = data === undefined || data === `${label}2`
    if (owner && !(isTrue && isOwn)) throw new Error(`seen: ${[label, data]}`)
    if (!killed && files(ending.dir).length > 0) throw new Error(`left: ${files(ending.dir)}`)
  },
})

for (const [what, world, bounds] of [
  ['two holders', {}, { preemptions: sized(1, 3) }],
  ['two holders, one killed', { budgets: { kills: 1 }, quiet: sized(true, false) }, { preemptions: sized(1, 2) }],
] as const)
  explored(`explored: ${what}: what is seen of a holder is what that holder has said`, () => {
    prove(`notes, ${what}`, telling(world), { maxSchedules: sized(400, 10_000_000), maxSteps: 2_000, ...bounds })
  })

explored(
  'the same world catches: data that is written after the token that names it, and a look that reads once',
  () => {
    caught('written late', /seen: ,/, telling({ publication: publishLate }))
    caught('read once', /seen: ,/, telling({ look: lookOnce }))
  },
)
