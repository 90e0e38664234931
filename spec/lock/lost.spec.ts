// A holder that has lost its lock is told what was seen; and what is refused, and what waits, when the lock is held here.

import { once } from 'node:events'
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Holder, type Lease, lock, withLock } from 'holdfast'
import { type Call, driveSync, renew } from 'holdfast/steps'
import { freeFields, freeToken, heldFields } from '../../lib/lock/token.js'
import { through } from '../broken/interfere.js'
import { assert, holds, scratch } from '../support/kit.js'
import { changeLock, layLock } from '../support/locks.js'

interface Lost extends Error {
  readonly code: string
  readonly path: string
  readonly holder?: Holder
  readonly cause?: NodeJS.ErrnoException
}

/** What a holder is told whose lock comes to this: by `renew`, by its signal, by `release`, and by `withLock`. */
async function lostBy(change: (path: string, lease: Lease) => void): Promise<Lost> {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  change(path, lease)
  const error = (await lease.renew().catch(error => error)) as Lost
  assert.equal([error.code, error.path, lease.state], ['ERR_LEASE_LOST', path, 'lost'])
  const { reason } = lease.signal
  const released = (await lease.release().catch(error => error)) as Lost
  assert.equal([reason.message, released.message], [error.message, error.message])
  const under = join(scratch(), 'thing')
  const other = (await withLock(under, one => change(under, one)).catch(error => error)) as Lost
  assert.is(other.message.replace(under, path).replaceAll(/\d{10,}/g, ''), error.message.replaceAll(/\d{10,}/g, ''))
  return error
}

const another = { fence: 5, owner: 'elsewhere0-elsewhere0-7-0-0-0-0', id: '0123456789abcdef', staleMs: 10_000 }
/** Not below the fence of a lock that was numbered by the clock. */
const later = { ...another, fence: 2 ** 52 }

holds('ERR_LEASE_LOST names who has taken the lock over, and its fence', async () => {
  const error = await lostBy(path => changeLock(path, () => heldFields(later, 0)))
  assert.match(error.message, /another holder has taken it over: process 7, which may or may not be alive/)
  assert.match(error.message, `fence ${later.fence}`)
  assert.equal([error.holder?.pid, error.holder?.fence, error.holder?.owner], [7, later.fence, later.owner])
})

holds('a renewal beside a heartbeat that finds the loss first reports it, too', () => {
  const path = join(scratch(), 'thing')
  const hold = driveSync(lock.steps(path))
  changeLock(path, () => heldFields(later, 0))
  let isBeside = false
  let heartbeat: unknown
  const see = (call: Call): Call => {
    if (call.op !== 'rename' || isBeside) return call
    isBeside = true
    heartbeat = codeOf(() => driveSync(renew(hold)))
    return call
  }
  const own = codeOf(() => driveSync(through(renew(hold), see)))
  assert.equal([own, heartbeat], ['ERR_LEASE_LOST', 'ERR_LEASE_LOST'])
})

const codeOf = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return (error as Lost).code
  }
}

for (const [what, expected, change] of [
  [
    'was released again meanwhile',
    /taken it over, and released it \(fence 4503599627370496\)/,
    path => changeLock(path, () => freeFields(freeToken(later.fence, later.owner))),
  ],
  [
    'was freed',
    /another process has freed it/,
    (path, { fence }) => changeLock(path, () => freeFields(freeToken(fence, later.owner))),
  ],
  ['was removed', /its directory is gone/, path => rmSync(`${path}.lock`, { recursive: true })],
  [
    'was emptied',
    /its directory is empty/,
    path => {
      for (const name of readdirSync(`${path}.lock`)) rmSync(join(`${path}.lock`, name))
    },
  ],
  [
    'was replaced by another package’s lock file',
    /something else is in its place/,
    path => {
      rmSync(`${path}.lock`, { recursive: true })
      writeFileSync(`${path}.lock`, '')
    },
  ],
] as readonly [string, RegExp, (path: string, lease: Lease) => void][])
  holds(`ERR_LEASE_LOST says that the lock ${what}`, async () => {
    const error = await lostBy(change)
    assert.match(error.message, expected)
    assert.is(error.holder, undefined)
  })

/** The directory becomes one that was merged from two others. */
function merge(path: string): void {
  rmSync(`${path}.lock`, { recursive: true })
  layLock(path, heldFields(another, 0))
  const [token = ''] = readdirSync(`${path}.lock`)
  writeFileSync(join(`${path}.lock`, token.replaceAll('0123456789abcdef', 'fedcba9876543210')), '')
}

holds('ERR_LEASE_LOST says that two states were merged, and what helps', async () => {
  const error = await lostBy(merge)
  assert.match(error.message, /something else is in its place/)
  assert.is(error.cause?.code, 'ERR_NOT_A_CELL')
  assert.match(error.cause?.message ?? '', /two states are in it, as after a merge/)
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  merge(path)
  await assert.rejects(lease.release({ remove: true }), {
    code: 'ERR_LEASE_LOST',
    message: /something else is in its place/,
  })
})

holds('a holder whose own state is among those that were merged holds the lock still', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const [token = ''] = readdirSync(`${path}.lock`)
  writeFileSync(join(`${path}.lock`, 't.1.fedcba9876543210...f.1'), '')
  await lease.renew()
  assert.is(lease.state, 'held')
  await assert.rejects(lock.try(path), { code: 'ERR_NOT_A_CELL' })
  rmSync(join(`${path}.lock`, 't.1.fedcba9876543210...f.1'))
  assert.not(readdirSync(`${path}.lock`).includes(token))
  await lease.release()
})

holds('an error of the work comes out, whatever has become of the lock', async () => {
  for (const change of [merge, (path: string) => rmSync(`${path}.lock`, { recursive: true })]) {
    const path = join(scratch(), 'thing')
    const own = new Error('own')
    const failing = () => {
      change(path)
      throw own
    }
    assert.is(await withLock(path, failing).catch(error => error), own)
    rmSync(`${path}.lock`, { recursive: true, force: true })
    assert.throws(() => withLock.sync(path, failing), { message: /^own$/ })
  }
})

holds('a second release ends when the lock is free', async () => {
  const path = join(scratch(), 'thing')
  const lease = await lock(path)
  const first = lease.release()
  await Promise.all([first, lease.release(), lease.release()])
  assert.is(await lock.holder(path), undefined)
  await lease.release()
  lease.release.sync()
})

/** A worker thread that holds the lock until it gets a message. */
async function workerHolding(path: string): Promise<Worker> {
  const text = `import(${JSON.stringify(import.meta.resolve('holdfast'))}).then(async ({ lock }) => {
    const lease = await lock(${JSON.stringify(path)})
    const { parentPort } = require('node:worker_threads')
    parentPort.once('message', () => lease.release())
    parentPort.postMessage('held')
  })`
  const worker = new Worker(text, { eval: true })
  await once(worker, 'message')
  return worker
}

holds('lock.sync waits for a worker thread that will give the lock back', async () => {
  const path = join(scratch(), 'thing')
  const worker = await workerHolding(path)
  let waits = 0
  const lease = lock.sync(path, { timeout: 20_000, onWait: () => void (waits++ || worker.postMessage('release')) })
  assert.is(lease.previous, 'released')
  assert.ok(waits > 0)
  lease.release.sync()
  await worker.terminate()
})

holds('lock.sync is refused at once when this thread holds the lock, by any spelling', async () => {
  const dir = scratch()
  symlinkSync(dir, join(dir, 'link'))
  const lease = await lock(join(dir, 'thing'))
  for (const path of [join(dir, 'thing'), `${dir}/.//thing`, join(dir, 'link/thing')]) {
    const began = performance.now()
    assert.throws(() => lock.sync(path), {
      code: 'ERR_LOCK_HELD',
      message: new RegExp(`${process.pid}, which is alive`),
    })
    assert.ok(performance.now() - began < 30_000)
  }
  await lease.release()
  lock.sync(join(dir, 'link/thing')).release.sync()
})
