// `sweep` in the directories below: it goes down by descriptor, however deep they are, and goes on when other processes
// move them meanwhile.

import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { remove, sweep } from 'holdfast'
import { type Call, driveSync, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, holds, note, scratch } from '../support/kit.js'

const debrisOf = (name: string): string => `.${name}.gone-0-0.0123456789abcdef.holdfast`
const options = { grace: 0, recursive: true }

/** Makes a chain of directories whose path is longer than any path may be, with debris in each, also a tree. */
function layDeep(top: string, levels: number): void {
  mkdirSync(top)
  let fd = openSync(top, constants.O_DIRECTORY)
  for (let level = 0; level < levels; level++) {
    const at = `/proc/self/fd/${fd}`
    writeFileSync(`${at}/${debrisOf('file')}`, '')
    mkdirSync(`${at}/${debrisOf('tree')}/a/b/c`, { recursive: true })
    mkdirSync(`${at}/leaf`)
    mkdirSync(`${at}/${'d'.repeat(200)}`)
    const next = openSync(`${at}/${'d'.repeat(200)}`, constants.O_DIRECTORY)
    closeSync(fd)
    fd = next
  }
  closeSync(fd)
}

if (process.platform !== 'linux') holds.skip('directories below', 'only Linux looks up names by a descriptor')
else {
  holds('however deep the directories are, at most four descriptors are open, and none is left', async () => {
    const levels = 40
    for (const form of ['promise', 'sync'] as const) {
      const top = join(scratch(), 'top')
      layDeep(top, levels)
      const open = () => readdirSync('/proc/self/fd').length
      const before = open()
      let most = 0
      const door = (call: Call): Call => {
        const own = ['list', 'readdir', 'open'].includes(call.op) ? 1 : 0
        most = Math.max(most, open() - before + own)
        return call
      }
      const dry = await sweep(top, { ...options, dryRun: true })
      const swept = form === 'sync' ? driveSync(through(sweep.steps(top, options), door)) : await sweep(top, options)
      assert.is(swept.length, 2 * levels)
      assert.equal(swept, dry)
      assert.equal(await sweep(top, options), [])
      if (form === 'sync') assert.ok(most > 2 && most <= 4, `${most} descriptors at once`)
      assert.is(open(), before)
      assert.is(await remove(top), true)
    }
  })

  const dirs = ['', 'a', 'a/b', 'a/b/c', 'a/d', 'a/d/e', 'f', 'f/g']

  /** Before the k-th call, `inside` is moved away. Returns the debris that is still there, and whether it was moved. */
  function sweepMoved(k: number, inside: string, to: string) {
    const dir = scratch()
    const at = (name: string) => join(dir, 'top', name)
    for (const name of dirs) mkdirSync(at(name), { recursive: true })
    for (const name of dirs) writeFileSync(at(join(name, debrisOf('x'))), '')
    let calls = 0
    const door = (call: Call): Call => {
      if (calls++ === k) renameSync(at(inside), join(dir, to))
      return call
    }
    const steps: Steps<string[]> = through(sweep.steps(at(''), options), door)
    const swept = driveSync(steps)
    const left = dirs.filter(name => existsSync(at(join(name, debrisOf('x')))))
    return { left, swept, isMoved: calls > k }
  }

  holds('a directory that is moved while it is swept keeps no other from being swept', () => {
    const before = readdirSync('/proc/self/fd').length
    let moved = 0
    for (const inside of ['a/b', 'a/d'])
      for (const to of ['away', 'top/f-new'])
        for (let k = 0; ; k++) {
          const { left, isMoved } = sweepMoved(k, inside, to)
          if (!isMoved) break
          moved++
          assert.equal(left, [], `${inside} was moved to ${to} before call ${k}`)
        }
    note(`moved ${moved} times`)
    assert.ok(moved > 100)
    assert.is(readdirSync('/proc/self/fd').length, before)
  })
}
