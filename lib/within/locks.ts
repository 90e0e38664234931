// Locks below a root. A lease goes on after the call that took it: its heartbeats and its release are made from the root,
// too, which stays open for them.

import { type Lock, type LockWay, lockBy } from '../lock/functions.js'
import { asSharedLocking, type SharingOptions, turnOf } from '../lock/options.js'
import { type WithLock, withLockBy } from '../lock/work.js'
import { type SingleFunction, singleBy } from '../single/functions.js'
import type { Bound } from './bind.js'
import { contained } from './contained.js'
import { placesBelow } from './options.js'
import { relativeTo } from './paths.js'
import { assertOpen, begin, end } from './root.js'

export function lockFunctions(bound: Bound): {
  readonly lock: Lock
  readonly withLock: WithLock
  readonly single: SingleFunction
} {
  const { root } = bound
  const placed = (options: SharingOptions): SharingOptions => {
    const { lockPath, lockDir } = options
    return lockPath === undefined && lockDir === undefined ? options : { ...options, ...placesBelow(options, bound) }
  }
  const way: LockWay = {
    locking(path, options, as) {
      assertOpen(root)
      const locking = asSharedLocking(bound.path(path, 'path', 'file'), placed(options), as)
      const shown = relativeTo(root.path, locking.path)
      return { ...locking, shown, through: steps => contained(root, steps) }
    },
    turn: (path, options) => turnOf(bound.path(path, 'path'), options && placesBelow(options, bound)),
    circle: new Map(),
    run: steps => contained(root, steps),
    noteHold(hold) {
      begin(root)
      hold.whenOver.push(() => end(root))
    },
  }
  return { lock: lockBy(way), withLock: withLockBy(way), single: singleBy(way) }
}
