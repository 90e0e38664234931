// Worker threads that hold a lock when they end: their process lives on, and the lock is free.

import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { lock } from 'holdfast'
import { assert, holds, note, scratch, sized } from '../support/kit.js'
import { assertHeldByNamed } from '../support/left.js'
import { numbered } from '../support/locks.js'

/** Starts a thread that takes the lock, says so, and does as it is told. */
async function holder(path: string, form: 'promise' | 'sync' = 'promise'): Promise<[worker: Worker, owner: string]> {
  const text = `
    const { parentPort, workerData: { path, form } } = require('node:worker_threads')
    import(${JSON.stringify(import.meta.resolve('holdfast'))}).then(async ({ lock }) => {
      globalThis.lease = form === 'sync' ? lock.sync(path) : await lock(path, { stale: 50 })
      parentPort.on('message', text => eval(text))
      parentPort.postMessage(lease.owner)
    })`
  const worker = new Worker(text, { eval: true, workerData: { path, form } })
  const [owner] = await once(worker, 'message')
  return [worker, owner as string]
}

/** `once` of node:events would reject for the error of the thread. */
const exit = (worker: Worker): Promise<unknown> => new Promise(resolve => worker.once('exit', resolve))

/** How a thread ends. Each resolves when it has ended. */
const ends: Readonly<Record<string, (worker: Worker) => Promise<unknown>>> = {
  'is terminated': worker => worker.terminate(),
  'is terminated while it computes': async worker => {
    worker.postMessage('for (;;);')
    await wait(20)
    await worker.terminate()
  },
  exits: async worker => {
    worker.postMessage('process.exit()')
    await exit(worker)
  },
  'dies of an error': async worker => {
    worker.on('error', () => {})
    worker.postMessage('setImmediate(() => { throw new Error("its own") })')
    await exit(worker)
  },
}

if (process.platform !== 'linux')
  holds.skip('a thread that has ended holds nothing', 'only /proc says that it has ended')
else
  for (const [how, end] of Object.entries(ends))
    holds(`a thread that ${how} holds nothing, and until then it is not robbed`, async () => {
      const dir = scratch()
      const times = sized(how === 'is terminated' ? 6 : 2, 100)
      let longest = 0
      for (let nth = 0; nth < times; nth++) {
        const path = numbered(join(dir, `${nth}`))
        const [worker, owner] = await holder(path, nth % 2 ? 'sync' : 'promise')
        const before = await lock.holder(path)
        assert.equal([before?.owner, before?.pid, before?.alive], [owner, process.pid, true])
        assert.is(await lock.try(path, { stale: 1 }), undefined)
        if (nth % 2 === 0) await assertHeldByNamed(() => lock(path, { stale: 1, timeout: 30 }))
        await end(worker)
        const began = performance.now()
        const lease = nth % 3 ? await lock.try(path) : await lock(path, { timeout: 20_000 })
        longest = Math.max(longest, performance.now() - began)
        assert.is(lease?.fence, 2, `${how}, ${nth}: ${(await lock.holder(path))?.owner}`)
        await lease?.release()
      }
      note(`${times} threads: free within ${longest.toFixed(1)} ms`)
    })

holds('threads of one process keep each other out, and give the lock to each other', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const [worker, owner] = await holder(path)
  const mine = await lock(`${path}-2`)
  assert.is.not(mine.owner, owner)
  await mine.release()
  const waiting = lock(path)
  await wait(20)
  worker.postMessage('lease.release()')
  const lease = await waiting
  assert.is(lease.fence, 2)
  await lease.release()
  await worker.terminate()
})

holds('a thread that blocks waits for another thread of its process', async () => {
  const path = numbered(join(scratch(), 'thing'))
  const [worker] = await holder(path)
  worker.postMessage('setTimeout(() => lease.release(), 100)')
  assert.is(lock.sync(path, { timeout: 10_000 }).fence, 2)
  await worker.terminate()
})
