// Filesystems that refuse some links, or all.

import { getSystemErrorMap } from 'node:util'
import type { Call, Steps } from 'holdfast/steps'
import { isWindows } from '../windows/flavour.js'
import { through } from './interfere.js'

const numbers = new Map([...getSystemErrorMap()].map(([errno, [code]]) => [code, errno]))

/** What the system reports where there are no hard links. */
const none = isWindows ? 'EISDIR' : 'EPERM'

/** The same steps, where links are refused: all of them, as by a filesystem that has none, or those that are chosen. */
export const linkless = <T>(
  steps: Steps<T>,
  code: 'EPERM' | 'EISDIR' | 'EXDEV' | 'EMLINK' = none,
  refuses: (call: Call) => boolean = () => true,
): Steps<T> =>
  through(steps, call => {
    if (call.op !== 'link' || !refuses(call)) return call
    throw Object.assign(new Error(`${code}, link`), { code, errno: numbers.get(code), syscall: 'link' })
  })
