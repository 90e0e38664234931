// `single` in its three forms, of locks that are found by their paths, and of those below a root (../within.ts).

import { dual } from '../core/dual.js'
import type { Steps } from '../core/steps.js'
import { release } from '../lock/hold.js'
import { startLease } from '../lock/lease.js'
import type { LockWay } from '../lock/wanted.js'
import { asStarting, type Instance, instance } from './instance.js'
import type { Single, SingleOptions } from './options.js'

export interface SingleFunction {
  <T = unknown>(path: string | URL, options?: SingleOptions<T>): Promise<Single<T>>
  /** The same, without a promise: `start` must not return one either. */
  sync<T = unknown>(path: string | URL, options?: SingleOptions<T>): Single<T>
  /** The same, as steps of a larger algorithm: they return the hold, if this call is the one. */
  steps<T = unknown>(path: string | URL, options?: SingleOptions<T>): Steps<Instance<T>>
}

export function singleBy({ locking, run, noteHold }: LockWay): SingleFunction {
  function* noted(steps: Steps<Instance<unknown>>): Steps<Instance<unknown>> {
    const found = yield* run(steps)
    if (found.hold) noteHold?.(found.hold)
    return found
  }
  const find = dual(
    function single(path: string | URL, options: SingleOptions = {}): Steps<Instance<unknown>> {
      return noted(instance(asStarting(locking(path, options, 'single'), options)))
    },
    {
      patient: true,
      *giveBack({ hold }) {
        if (hold) yield* run(release(hold))
      },
    },
  )
  const single = async (path: string | URL, options?: SingleOptions) => asSingle(await find(path, options))
  const sync = (path: string | URL, options?: SingleOptions) => asSingle(find.sync(path, options))
  return Object.assign(single, { sync, steps: find.steps }) as SingleFunction
}

function asSingle(found: Instance<unknown>): Single<unknown> {
  if (found.hold) {
    const lease = startLease(found.hold)
    const end = { [Symbol.asyncDispose]: () => lease.release(), [Symbol.dispose]: () => lease.release.sync() }
    return { isFirst: true, data: found.data, lease, ...end }
  }
  const { data, holder } = found
  return { isFirst: false, data, holder, [Symbol.asyncDispose]: async () => {}, [Symbol.dispose]: () => {} }
}
