// Windows neither replaces nor removes a file that is read-only, so it is made writable first. If the call fails all the same,
// or is stopped, it is read-only again.

import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Call, driveSync, type Steps } from 'holdfast/steps'
import { systemError } from '../../lib/core/errors.js'
import { timeoutError } from '../../lib/core/interruption.js'
import { achieve, noEvidence } from '../../lib/parts/achieve.js'
import { silently } from '../../lib/parts/delete-job.js'
import { removeAt } from '../../lib/parts/set-aside.js'
import { through } from '../broken/interfere.js'
import { assert, holds, scratch } from '../support/kit.js'
import { asOnWindows } from './as-on-windows.js'

const isWritable = (path: string): boolean => (lstatSync(path).mode & 0o222) !== 0

/** Runs the steps. Calls that `refuse` picks report EPERM while what they are about is read-only, and `times` more. */
function refused(steps: Steps<unknown>, refuse: (call: Call) => string | undefined, times: number): unknown[] {
  const modes: boolean[] = []
  const door = (call: Call): Call => {
    const path = refuse(call)
    if (path === undefined) return call
    modes.push(isWritable(path))
    if (modes.filter(Boolean).length > times) return call
    throw systemError('EPERM', call.op, 'injected', ...(call.args as [string, string]))
  }
  asOnWindows(() => driveSync(through(steps, door)))
  return modes
}

const trial = (path: string, retryFor = 20) => ({ as: 'spec', path, retryFor })

function lay(): { readonly dir: string; readonly from: string; readonly to: string } {
  const dir = scratch()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  writeFileSync(from, 'new')
  writeFileSync(to, 'old', { mode: 0o444 })
  return { dir, from, to }
}

const replace = (from: string, to: string, retryFor?: number): Steps<true> =>
  achieve<true>(
    function* () {
      yield { op: 'rename', args: [from, to] }
      return true
    },
    noEvidence,
    trial(to, retryFor),
  )

const renames = ({ op, args }: Call) => (op === 'rename' ? (args[1] as string) : undefined)
const unlinks = ({ op, args }: Call) => (op === 'unlink' ? (args[0] as string) : undefined)

holds('a file that is read-only is replaced, and removed', () => {
  const { from, to } = lay()
  assert.equal(refused(replace(from, to, 1_000), renames, 1).slice(0, 2), [false, true])
  assert.ok(isWritable(to))
  const other = lay()
  assert.equal(refused(removeAt(other.to, silently(), trial(other.to, 1_000)), unlinks, 0), [false, true])
  assert.equal(readdirSync(other.dir), ['from'])
})

holds('if it cannot be replaced or removed all the same, it is read-only again', () => {
  const { from, to } = lay()
  assert.throws(() => refused(replace(from, to), renames, Infinity), { code: 'EPERM' })
  assert.not(isWritable(to))
  assert.throws(() => refused(removeAt(to, silently(), trial(to)), unlinks, Infinity), { code: 'EPERM' })
  assert.not(isWritable(to))
})

holds('in a directory that is removed, too', () => {
  const dir = scratch()
  const file = join(dir, 'tree/file')
  mkdirSync(join(dir, 'tree'))
  writeFileSync(file, 'old', { mode: 0o444 })
  const inTree = ({ op, args }: Call) => (op === 'unlink' && /file$/.test(`${args[0]}`) ? `${args[0]}` : undefined)
  const act = () => refused(removeAt(join(dir, 'tree'), silently(), trial(dir)), inTree, Infinity)
  assert.throws(act, { code: 'EPERM' })
  assert.not(isWritable(file))
})

holds('if the call is stopped meanwhile, it is read-only again', () => {
  const { from, to } = lay()
  let stopped = false
  const stopping = through(replace(from, to, 1_000), call => {
    if (call.op !== 'sleep' || stopped) return call
    assert.ok(isWritable(to))
    stopped = true
    throw timeoutError(1, undefined)
  })
  assert.throws(() => refused(stopping, renames, Infinity), { code: 'ERR_TIMEOUT' })
  assert.ok(stopped && !isWritable(to))
})

holds('a file that has come to its name meanwhile stays as it is', () => {
  const { from, to } = lay()
  let replaced = false
  const steps = through(replace(from, to), call => {
    if (call.op === 'sleep' && !replaced) {
      replaced = true
      // What was there keeps its inode: a new one gets another.
      driveSync(
        (function* (): Steps<void> {
          yield { op: 'rename', args: [to, `${to}-old`] }
        })(),
      )
      writeFileSync(to, 'another')
    }
    return call
  })
  assert.throws(() => refused(steps, renames, Infinity), { code: 'EPERM' })
  assert.ok(replaced && isWritable(to))
})
