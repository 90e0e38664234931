import type { Lease } from '../../lock/lease.js'
import type { SharingOptions } from '../../lock/options.js'
import { lock } from '../../lock.js'
import { endOrLoss, start } from '../child.js'
import type { Call } from '../command.js'
import { EndsWith, status, statusOf } from '../failure.js'
import { describeHolder } from '../say.js'

export async function runLock(call: Call): Promise<number> {
  const lease = await take(call)
  call.say.detail(`has the lock, fence ${lease.fence}`)
  try {
    const env = { HOLDFAST_FENCE: `${lease.fence}`, ...(lease.slot && { HOLDFAST_SLOT: `${lease.slot}` }) }
    return await endOrLoss(await start(call, call.program, { env }), lease.signal, call)
  } finally {
    await giveBack(lease, call)
  }
}

/** The program has ended, and its status counts more than that the lock was lost in the last moment. */
export async function giveBack(lease: Lease, { say }: Call): Promise<void> {
  try {
    await lease.release()
  } catch (error) {
    if (!lease.signal.aborted) say.error((error as Error).message)
  }
}

async function take(call: Call): Promise<Lease> {
  const { given, operands, say } = call
  const [path = ''] = operands
  const options = lockOptions(call)
  const otherStatus = given.integer('exit-code', 0, 255)
  if (!given.flag('no-wait')) {
    try {
      return await lock(path, options)
    } catch (error) {
      if (otherStatus === undefined || statusOf(error) !== status.timedOut) throw error
      say.remark((error as Error).message)
      throw new EndsWith(otherStatus)
    }
  }
  const lease = await lock.try(path, options)
  if (lease) return lease
  const holder = await lock.holder(path, { lockPath: given.text('lock-path') })
  say.remark(`the lock is held${holder ? ` by ${describeHolder(holder)}` : ''}: ${path}`)
  throw new EndsWith(otherStatus ?? status.no)
}

const lockOptions = ({ given, say, signal }: Call): SharingOptions => ({
  signal,
  timeout: given.duration('wait'),
  stale: given.duration('stale'),
  shared: given.flag('shared') || undefined,
  holders: given.integer('holders', 1, 1000),
  label: given.text('label'),
  mode: given.mode(),
  parents: given.flag('parents'),
  lockPath: given.text('lock-path'),
  onWait: say.waiting,
})
