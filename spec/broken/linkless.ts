// Filesystems that refuse some links, or all.

import type { Call, Steps } from 'holdfast/steps'
import { through } from './interfere.js'

const numbers = { EPERM: 1, EXDEV: 18, EMLINK: 31 } as const

/** The same steps, where links are refused: all of them, as by a filesystem that has none, or those that are chosen. */
export const linkless = <T>(
  steps: Steps<T>,
  code: keyof typeof numbers = 'EPERM',
  refuses: (call: Call) => boolean = () => true,
): Steps<T> =>
  through(steps, call => {
    if (call.op !== 'link' || !refuses(call)) return call
    throw Object.assign(new Error(`${code}, link`), { code, errno: -numbers[code], syscall: 'link' })
  })
