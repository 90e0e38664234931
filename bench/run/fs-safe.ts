// The package @openclaw/fs-safe. Releases after 0.3 take Node 22, so an install may be without it.

import { optional } from './optional.js'

const loaded = await optional(() => import('@openclaw/fs-safe'))

/** Undefined where the package does not load: then it takes no part. */
export const rootOfFsSafe = loaded?.root

export function sayIfFsSafeIsMissing(): void {
  if (!loaded) console.error('@openclaw/fs-safe takes no part: it is not installed, or does not load on this Node.')
}
