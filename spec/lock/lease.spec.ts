// What a lease says of itself, and of the holder before.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import { cell, type Lease, lock, sweep, updateFile, within, withLock } from 'holdfast'
import { type Call, dual, type Hold, release, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { abortError, isInterruption } from '../../lib/core/interruption.js'
import { clockOf } from '../../lib/core/owner-words.js'
import { givesBack } from '../../lib/core/traits.js'
import { heldFields } from '../../lib/lock/token.js'
import { through } from '../broken/interfere.js'
import { assert, caught, explored, holds, nobodyThrew, note, prove, raced, scratch, sized } from '../support/kit.js'
import { until } from '../support/left.js'
import { layLock } from '../support/locks.js'

const previous = async (path: string): Promise<string> => {
  await using lease = await lock(path)
  return lease.previous
}

/** A process that takes the lock, and ends without releasing it. */
function die(path: string, how = 'process.kill(process.pid, "SIGKILL")', call = 'lock(path)'): void {
  const text = `import { lock, updateFile } from ${JSON.stringify(import.meta.resolve('holdfast'))}
    const path = ${JSON.stringify(path)}
    globalThis.lease = await ${call}
    ${how}`
  spawnSync(process.execPath, ['--input-type=module', '-e', text], { timeout: 240_000 })
}

holds('the first holder has none before it; after a release the next has one that released', async () => {
  const path = join(scratch(), 'thing')
  const seen: string[] = []
  for (let nth = 0; nth < 4; nth++) seen.push(await previous(path))
  // By the fast way, too, on which the thread begins with the state that it left.
  for (let nth = 0; nth < 3; nth++) seen.push(withLock.sync(path, one => one.previous))
  assert.equal(seen, ['none', ...Array(6).fill('released')])
  await updateFile(path, () => 'x')
  assert.is(await previous(path), 'released')
})

for (const [how, end] of [
  ['was killed', undefined],
  ['exited', 'process.exit()'],
  ['was killed under updateFile', ''],
] as const)
  holds(`after a holder that ${how}, the next has one that died, and only the next`, async () => {
    const path = join(scratch(), 'thing')
    if (end === '') die(path, '', "updateFile(path, () => process.kill(process.pid, 'SIGKILL'))")
    else die(path, end)
    const first = await lock.try(path)
    assert.is(first?.previous, 'died')
    await first?.release()
    assert.is(await previous(path), 'released')
  })

if (process.platform === 'linux')
  holds('after a thread that was terminated, too', async () => {
    const path = join(scratch(), 'thing')
    const text = `import('${import.meta.resolve('holdfast')}').then(async ({ lock }) => {
      globalThis.lease = await lock(${JSON.stringify(path)})
      require('node:worker_threads').parentPort.postMessage('held')
    })`
    const worker = new Worker(text, { eval: true })
    await new Promise(resolve => worker.once('message', resolve))
    await worker.terminate()
    assert.is(await previous(path), 'died')
  })

const elsewhere = { fence: 7, owner: 'elsewhere0-elsewhere0-1-0-0-0-0', id: '0123456789abcdef', staleMs: 60 }

holds('after a holder elsewhere that was silent, by whatever rule that was found out', async () => {
  const dir = scratch()
  // Watched by this call.
  layLock(join(dir, 'watched'), heldFields(elsewhere, 0))
  assert.is(await previous(join(dir, 'watched')), 'died')
  // By a clock that this thread shares with it.
  const lease = await lock(join(dir, 'mine'))
  const clock = clockOf(lease.owner) as string
  layLock(join(dir, 'behind'), heldFields({ ...elsewhere, owner: `${clock}-elsewhere0-1-0-0-0-0` }, 0))
  assert.is((await lock.try(join(dir, 'behind')))?.previous, 'died')
  // By what another call has left.
  layLock(join(dir, 'witnessed'), heldFields({ ...elsewhere, staleMs: 200 }, 0))
  let next: Lease | undefined
  await until(async () => {
    next = await lock.try(join(dir, 'witnessed'))
    return next
  })
  assert.is(next?.previous, 'died')
  await lease.release()
})

holds('a lock that was removed is new', async () => {
  const dir = scratch()
  const path = join(dir, 'thing')
  await (await lock(path)).release({ remove: true })
  assert.is(await previous(path), 'none')
  await wait(30)
  assert.equal(await sweep(dir, { locks: true }), ['thing.lock'])
  assert.is(await previous(path), 'none')
  rmSync(`${path}.lock`, { recursive: true })
  assert.is(await previous(path), 'none')
})

holds('a release that failed is one: for its thread, and when it has succeeded in the background', async () => {
  const path = join(scratch(), 'thing')
  const failure = Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'rename' })
  const hold = (await dual(() => lock.steps(path))()) as Hold
  const failing = through(release(hold), call => {
    if (call.op === 'rename') throw failure
    return call.op === 'later' ? { op: 'settle', args: [undefined] } : call
  })
  assert.is(await dual(() => failing)().catch(error => error), failure)
  assert.is(await previous(path), 'released')
})

/** Takes the lock, and releases it. */
function* taking(path: string): Steps<string> {
  const hold = yield* lock.steps(path)
  yield* release(hold)
  return hold.previous
}

/** The rename that takes the lock is made, and reports an error; and before the next call the whole is aborted. */
function* cut<T>(steps: Steps<T>): Steps<T> {
  let isTaken = false
  let next = steps.next()
  while (!next.done) {
    const call = next.value
    try {
      if (isTaken && !givesBack(call)) throw abortError('explored')
      const value = yield call
      const takes = call.op === 'rename' && /\.h\.[^/]*$/.test(String(call.args[1]))
      if (takes) throw Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'rename', taken: true })
      next = steps.next(value)
    } catch (error) {
      isTaken = (error as { taken?: boolean }).taken ?? false
      next = steps.throw(error)
    }
  }
  return next.value
}

function* unheard(path: string): Steps<string> {
  try {
    return (yield* cut(lock.steps(path))).previous
  } catch (error) {
    if (!isInterruption(error)) throw error
    return 'nothing'
  }
}

/** Frees what it took without knowing it, and forgets what was before. */
const forgetful = (path: string): Steps<string> =>
  through(unheard(path), ({ op, args }: Call) => ({
    op,
    args: op === 'rename' ? args.map(name => String(name).replace(/(\.f\.[0-9a-z]+)-[dn]/, '$1')) : args,
  }))

/** Several want the lock of one that died. The first of those that get it is the one that can repair. */
const repairing = (takers: Record<string, (path: string) => Steps<string>>, budgets: Partial<World> = {}): World => ({
  ...budgets,
  setup: dir => void cell.create.sync(join(dir, 'x.lock'), { fields: ['h', '7', 'explored-9-0'] }),
  players: dir => Object.fromEntries(Object.entries(takers).map(([name, take]) => [name, take(join(dir, 'x'))])),
  check: ending => {
    nobodyThrew(ending)
    const ends = Object.values(ending.outcomes)
    const seen = ends.flatMap(end => (end.how === 'returned' && end.value !== 'nothing' ? [end.value] : []))
    const died = seen.filter(one => one === 'died').length
    const killed = ends.filter(({ how }) => how === 'killed').length
    // What one that was killed has seen is not known.
    const isKnown = killed === 0 && seen.length > 0
    if (seen.includes('none') || (isKnown && died !== 1)) throw new Error(`seen: ${seen}`)
  },
})

for (const [what, takers, budgets] of [
  ['two', { A: taking, B: taking }, { kills: 1, lies: sized(0, 1) }],
  ['two, one of which never hears that it has it', { A: unheard, B: taking }, { kills: 1 }],
] as const)
  explored(`explored: ${what} want the lock of one that died: the first that gets it knows`, () => {
    const { complete } = prove(`previous, ${what}`, repairing(takers, budgets), { maxSchedules: 10_000_000 })
    assert.ok(complete)
  })

explored('the same world catches: a call that gives up what it took, and forgets what was before', () => {
  caught('forgetful', /seen: released/, repairing({ A: forgetful, B: taking }))
})

/** What is taken in the clean-up of a call whose caller has gone is given back. */
holds('a call that never got what it took is no holder: the next one has what that had before it', async () => {
  const dir = scratch()
  const passOn = async (path: string) => {
    const hold = (await dual(() => lock.steps(path))()) as Hold
    hold.endsAs = hold.previous
    await dual(() => release(hold))()
  }
  for (const [name, before] of [
    ['dead', 'died'],
    ['fresh', 'none'],
  ] as const) {
    const path = join(dir, name)
    if (name === 'dead') die(path)
    await passOn(path)
    await passOn(path)
    assert.equal([await previous(path), await previous(path)], [before, 'released'])
  }
})

/** In the order of fields, on one line or several. */
const shown = (lease: Lease): Record<string, string> =>
  Object.fromEntries([...inspect(lease).matchAll(/(\w+): ('[^']*'|[^,\s}]+)/g)].map(([, name, value]) => [name, value]))

holds('a lease says its path, its state, and since when it is held, and shows them', async () => {
  const path = join(scratch(), 'thing')
  const before = Date.now()
  const lease = await lock(path)
  const { since, fence } = lease
  assert.ok(since > before - 2_000 && since < Date.now() + 2_000)
  assert.equal([lease.path, lease.state, (await lock.holder(path))?.fence], [path, 'held', fence])
  await wait(5)
  assert.is(lease.since, since)
  const time = new Date(since).toISOString()
  assert.equal(shown(lease), { path: inspect(path), fence: `${fence}`, since: time, state: "'held'" })
  assert.match(inspect(lease), /^Lease \{/)
  assert.match(inspect({ a: { b: { lease } } }, { depth: 1 }), /\[(Lease|Object)\]/)
  await lease.release()
  assert.equal([lease.state, shown(lease).state], ['released', "'released'"])
  const lost = await lock(path)
  rmSync(`${path}.lock`, { recursive: true })
  await lost.renew().catch(() => {})
  assert.equal([lost.state, shown(lost).state], ['lost', "'lost'"])
})

holds('below a root, a lease and its errors say the path from there', async () => {
  const top = scratch()
  await using root = await within(top)
  const lease = await root.lock('thing')
  const { signal } = lease
  assert.equal([lease.path, shown(lease).path], ['thing', "'thing'"])
  rmSync(join(top, 'thing.lock'), { recursive: true })
  await assert.rejects(lease.renew(), { code: 'ERR_LEASE_LOST', message: /: thing \(fence/ })
  assert.equal([signal.reason.path, signal.reason.message.includes(top)], ['thing', false])
})

/** A process that takes the lock again and again, publishes its pid, and now and then dies while it holds the lock. */
const mortal = (path: string, log: string): string => `
  import { appendFileSync } from 'node:fs'
  import { lock } from ${JSON.stringify(import.meta.resolve('holdfast'))}
  const note = text => appendFileSync(${JSON.stringify(log)}, text + '\\n')
  for (;;) {
    const lease = await lock(${JSON.stringify(path)}, { label: String(process.pid) })
    note('takes ' + lease.previous)
    await lease.publish({ pid: process.pid })
    if (Math.random() < 0.15) {
      note('dies')
      process.kill(process.pid, 'SIGKILL')
    }
    note('releases')
    await lease.release()
  }`

raced(
  'of processes that die at random, each death is known to the next holder, and each holder by what it says',
  async () => {
    const dir = scratch()
    const [path, log] = [join(dir, 'thing'), join(dir, 'log')]
    const deaths = sized(12, 300)
    let [died, looks] = [0, 0]
    const children = new Set<ChildProcess>()
    const start = () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', mortal(path, log)], { stdio: 'inherit' })
      children.add(child)
      child.once('exit', () => {
        children.delete(child)
        if (++died < deaths) start()
      })
    }
    for (let nth = 0; nth < 4; nth++) start()
    while (died < deaths) {
      const { pid, label, data } = (await lock.holder(path)) ?? {}
      if (data === undefined) {
        await wait(1)
        continue
      }
      looks++
      assert.equal([label, (data as { pid: number }).pid], [String(pid), pid])
    }
    for (const child of children) {
      child.removeAllListeners('exit').kill('SIGKILL')
      await once(child, 'exit')
    }
    const said = readFileSync(log, 'utf8').trim().split('\n')
    const before: Record<string, string> = { dies: 'died', releases: 'released' }
    const ends = said.map((line, at) => [line, before[said[at - 1] ?? ''] ?? 'none'] as const)
    for (const [line, expected] of ends) if (line.startsWith('takes')) assert.is(line, `takes ${expected}`)
    note(`${died} died, ${said.filter(line => line.startsWith('takes')).length} holds, ${looks} looks at what they say`)
    assert.ok(looks > deaths)
    assert.is((await lock.try(path))?.previous === 'none', false)
  },
)
