import type { Patience } from '../../core/input.js'
import type { Steps } from '../../core/steps.js'
import { checkOpen } from '../../parts/life.js'
import type { Backing, Claim, Kept } from '../backing.js'
import type { Swept } from '../contract.js'
import { isSpent } from '../expiry.js'
import type { Inner } from '../inner.js'
import { forEach } from './many.js'
import { eachPage } from './pages.js'

export function* sweep({ backing, life, writes }: Inner<unknown>, _options: Patience): Steps<Swept> {
  checkOpen(life)
  const swept = { expired: 0, tombstones: 0, debris: 0 }
  if (!writes) return swept
  yield* eachPage({ backing }, '', function* (entries) {
    yield* forEach(entries, function* ([key, kept]) {
      if (!(yield* isUseless(backing, kept))) return
      // Exactly that state: one that was touched meanwhile stays.
      if ((yield* backing.commit(key, kept, undefined)) !== 'removed') return
      swept[counts[kept.kind]]++
    })
  })
  if (backing.sweep) swept.debris += yield* backing.sweep()
  return swept
}

const counts = { live: 'expired', gone: 'tombstones', none: 'debris' } as const

/** Has it nothing to say, and no owner of a claim that may come back to it? */
function* isUseless({ claims }: Backing, kept: Kept): Steps<boolean> {
  const { claim } = kept
  if (!isSpent({ ...kept, claim: undefined })) return false
  return claim === undefined || (yield* claims.alive((claim as Claim).owner)) === false
}
