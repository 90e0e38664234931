import type { Steps } from '../../core/steps.js'
import type { Inner } from '../inner.js'

/** Later calls are refused at once. Then all claims are released, whichever of that fails, and the engine is closed. */
export function* close({ backing, life }: Inner<unknown>): Steps<void> {
  if (life.isOver) return
  life.isOver = true
  let failure: { readonly error: unknown } | undefined
  for (const giveBack of [...life.held]) {
    try {
      yield* giveBack()
    } catch (error) {
      failure ??= { error }
    }
  }
  if (backing.close) yield* backing.close()
  if (failure) throw failure.error
}
