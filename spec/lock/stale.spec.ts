// Holders that can make no heartbeat: they are told before others may take over.

import { existsSync, mkdir } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { getOrCreate, type Lease, lock, updateFile, withLock } from 'holdfast'
import { dual, type Steps } from 'holdfast/steps'
import { lossSignal } from '../../lib/lock/hold.js'
import type { Hold } from '../../lib/lock/job.js'
import { Heartbeats } from '../../lib/lock/lease/heartbeats.js'
import { through } from '../broken/interfere.js'
import { assert, holds, note, scratch } from '../support/kit.js'
import { until } from '../support/left.js'
import { stateOf } from '../support/locks.js'

const failure = (): Error => Object.assign(new Error('EIO'), { code: 'EIO', errno: -5, syscall: 'rename' })
const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
const [stale, heartbeat] = [300, 80]

/** A hold whose heartbeats are what the test says. */
function beating(beat: (hold: Hold) => Promise<void>): { readonly hold: Hold; readonly stop: () => void } {
  const locking = { path: 'thing', shown: 'thing', heartbeatMs: heartbeat }
  const hold = { locking, fence: 7, staleMs: stale, beatMs: monotonicMs(), over: undefined, silence: undefined }
  const fake = hold as unknown as Hold
  const heartbeats = new Heartbeats(fake, beat)
  return { hold: fake, stop: () => heartbeats.stop() }
}

/** Milliseconds until the signal reports that the lock may be lost. */
async function silentAfter(signal: AbortSignal, beganMs: number): Promise<number> {
  while (!signal.aborted) await wait(2)
  assert.is(signal.reason.code, 'ERR_LEASE_STALE')
  assert.match(signal.reason.message, new RegExp(`could not be renewed for ${stale} ms.*thing`))
  return monotonicMs() - beganMs
}

const fails: Readonly<Record<string, () => Promise<void>>> = {
  'fail at once': () => Promise.reject(failure()),
  'come to no end': () => new Promise(() => {}),
  'fail late': () => wait(heartbeat * 1.5).then(() => Promise.reject(failure())),
}
for (const [how, beat] of Object.entries(fails))
  holds(`a lease whose heartbeats ${how} is told after \`stale\``, async () => {
    const { hold, stop } = beating(beat)
    const ms = await silentAfter(lossSignal(hold), hold.beatMs)
    note(`told after ${ms.toFixed(0)} ms, stale ${stale}`)
    assert.ok(ms >= stale)
    assert.is((hold.silence?.cause as Error | undefined)?.message, how === 'come to no end' ? undefined : 'EIO')
    stop()
  })

holds('a lease whose heartbeats fail now and then is told nothing', async () => {
  let nth = 0
  const { hold, stop } = beating(async one => {
    // One that comes late, on a busy machine, is the last that there is time for.
    if (nth++ % 2 && monotonicMs() - one.beatMs < 2 * heartbeat) throw failure()
    one.beatMs = monotonicMs()
  })
  await wait(stale * 3)
  stop()
  assert.is(lossSignal(hold).aborted, false)
})

holds('a thread that was blocked for longer finds out that the lock is its own still', async () => {
  // Longer than a slow disk takes for a heartbeat.
  const patient = { stale: 1_500, heartbeat }
  const path = join(scratch(), 'thing')
  const lease = await lock(path, patient)
  const { signal } = lease
  const { nonce } = stateOf(path)
  for (const endsAt = performance.now() + patient.stale * 1.5; performance.now() < endsAt; );
  await until(() => stateOf(path).nonce !== nonce)
  await wait(stale)
  assert.is(signal.aborted, false)
  await lease.release()
})

/** Keeps the thread from everything else, for longer than `stale`, and until it is so. */
function block(isSo: () => boolean): void {
  for (const endsAt = performance.now() + stale * 1.5; performance.now() < endsAt || !isSo(); );
}

holds('a heartbeat that is made while its thread is blocked counts, though the thread hears of it later', async () => {
  const dir = join(scratch(), 'made')
  let isHeard = false
  const { hold, stop } = beating(one => {
    if (isHeard) return Promise.resolve()
    // From there, timers are the next that the event loop comes to.
    return new Promise(resolve => {
      setImmediate(() => {
        mkdir(dir, () => {
          isHeard = true
          one.beatMs = monotonicMs()
          resolve()
        })
        block(() => existsSync(dir))
      })
    })
  })
  await until(() => isHeard)
  stop()
  assert.is(lossSignal(hold).aborted, false)
})

holds('a thread that was blocked has a last chance also if the heartbeat before has failed', async () => {
  let nth = 0
  const { hold, stop } = beating(async one => {
    if (nth++ === 0) throw failure()
    await wait(20)
    one.beatMs = monotonicMs()
  })
  const began = hold.beatMs
  await until(() => nth > 0)
  block(() => true)
  await until(() => hold.beatMs !== began)
  stop()
  assert.is(lossSignal(hold).aborted, false)
})

/** Every heartbeat fails, and the release does not. */
const unheard = (steps: Steps<unknown>) =>
  dual(() =>
    through(steps, call => {
      const isBeat = call.op === 'rename' && [...call.args].every(name => /\.h\.[^/]*$/.test(String(name)))
      if (isBeat) throw failure()
      return call
    }),
  )()

holds('what works under a lock is told, too, and its own result comes out', async () => {
  const path = join(scratch(), 'thing')
  const options = { stale, heartbeat }
  const told: number[] = []
  // Before the lock is taken: how long that takes, too, is for the disk to say.
  let beganMs = monotonicMs()
  const work = async ({ signal }: Pick<Lease, 'signal'>) => {
    told.push(await silentAfter(signal, beganMs))
    beganMs = monotonicMs()
    return 'x'
  }
  assert.is(await unheard(withLock.steps(path, work, options)), 'x')
  await unheard(updateFile.steps(path, (_, one) => work(one), options)).catch(error => assert.is(error.code, 'EIO'))
  await unheard(getOrCreate.steps(`${path}-2`, (_, one) => work(one), options)).catch(error =>
    assert.is(error.code, 'EIO'),
  )
  note(`told after ${told.map(ms => ms.toFixed(0)).join(', ')} ms, stale ${stale}`)
  assert.ok(told.length === 3 && Math.min(...told) >= stale)
})
