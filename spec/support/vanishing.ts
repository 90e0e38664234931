// A directory that another process removes in the middle of a call.

import { existsSync, renameSync, rmSync } from 'node:fs'
import { type Call, type Door, door } from 'holdfast/steps'
import { isWindows } from '../windows/flavour.js'
import { assert } from './kit.js'

/** All of it goes at once. Windows refuses that while a file in it is open. */
export function vanish(dir: string): void {
  const gone = `${dir}-gone`
  try {
    if (existsSync(dir)) renameSync(dir, gone)
    rmSync(gone, { recursive: true, force: true })
  } catch (error) {
    if (!isWindows) throw error
  }
}

/** A door through which the directory goes before the k-th call; and what that call was, once it was made. */
export function vanishingBefore(k: number, dir: string): { readonly door: Door; readonly met: () => Call | undefined } {
  let calls = 0
  let met: Call | undefined
  const performSync: Door['performSync'] = call => {
    if (++calls === k) {
      met = call
      vanish(dir)
    }
    return door.performSync(call)
  }
  return { door: { ...door, performSync }, met: () => met }
}

/** `run` gets such a door. Returns before how many calls the directory went; what `run` throws says which one it was. */
export function beforeEachCall(dirOf: (k: number) => string, run: (door: Door, k: number) => void): number {
  for (let k = 1; ; k++) {
    assert.ok(k < 1000, 'it does not end')
    const vanishing = vanishingBefore(k, dirOf(k))
    try {
      run(vanishing.door, k)
    } catch (error) {
      const met = vanishing.met()
      assert.unreachable(`before call ${k}, ${met?.op} ${met?.args[0]}: ${error}`)
    }
    if (!vanishing.met()) return k - 1
  }
}
