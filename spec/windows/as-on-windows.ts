// Windows' rules, tried elsewhere: what is decided by a look, or by what was injected.

import { platform } from '../../lib/core/platform.js'

/** Runs a test as if this was Windows. */
export function asOnWindows<T>(body: () => T): T {
  const { isWindows } = platform
  platform.isWindows = true
  try {
    return body()
  } finally {
    platform.isWindows = isWindows
  }
}
