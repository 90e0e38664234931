// While a tree is deleted, another process puts a link in the place of a directory or a file inside: nothing that the
// link leads to may be touched. Here that happens before each call in turn; ../attack has a process that never stops.

import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { emptyDir, remove, sweep } from 'holdfast'
import { type Call, driveSync, type Steps } from 'holdfast/steps'
import { removeInPlace } from '../broken/broken.js'
import { through } from '../broken/interfere.js'
import { assert, holds, note, scratch } from '../support/kit.js'

const onLinux = process.platform === 'linux'
const library = new URL('../../lib/index.js', import.meta.url).href

interface Place {
  readonly dir: string
  readonly tree: string
  readonly outside: string
}

/** A private name, which `sweep` removes. */
const debris = '.old.gone-0-0.0123456789abcdef.holdfast'

/** What every directory has in it. `sweep` removes it, too. */
const file = '.x.gone-0-0.0123456789abcdef.holdfast'

function layOut(name = debris): Place {
  const dir = scratch()
  const place = { dir, tree: join(dir, 'own', name), outside: join(dir, 'outside') }
  mkdirSync(join(place.tree, 'a/b/c'), { recursive: true })
  for (const at of ['', 'a', 'a/b', 'a/b/c']) writeFileSync(join(place.tree, at, file), '')
  mkdirSync(join(place.outside, 'b/c'), { recursive: true })
  for (const at of ['', 'b', 'b/c']) writeFileSync(join(place.outside, at, file), 'kept')
  return place
}

/** Puts a link to what is outside in the place of a directory, wherever its tree is by now. */
function swap({ dir, outside }: Place, inside: string): boolean {
  const own = join(dir, 'own')
  for (const top of readdirSync(own)) {
    const at = join(own, top, inside)
    if (!existsSync(at)) continue
    renameSync(at, join(dir, 'swapped'))
    symlinkSync(join(outside, inside.slice(2)), at)
    return true
  }
  return false
}

/** Returns how many of the swaps, each before another call, made the steps delete something outside. */
function swapAtEachCall(steps: (place: Place) => Steps<unknown>, name?: string): { swaps: number; lost: number } {
  const count = { swaps: 0, lost: 0 }
  for (const inside of ['a', 'a/b', 'a/b/c'])
    for (let k = 0; ; k++) {
      const place = layOut(name)
      let calls = 0
      const door = (call: Call): Call => {
        if (calls++ === k && swap(place, inside)) count.swaps++
        return call
      }
      try {
        driveSync(through(steps(place), door))
      } catch {}
      const files = readdirSync(place.outside, { recursive: true }).filter(one => String(one).endsWith(file))
      if (files.length < 3) count.lost++
      if (calls <= k) break
    }
  return count
}

const options = { retryFor: 50 }
const deleting: Readonly<Record<string, (place: Place) => Steps<unknown>>> = {
  remove: ({ tree }) => remove.steps(tree, options),
  emptyDir: ({ dir }) => emptyDir.steps(join(dir, 'own'), options),
  sweep: ({ dir }) => sweep.steps(join(dir, 'own'), { ...options, grace: 0 }),
  'sweep, recursively': ({ dir }) => sweep.steps(join(dir, 'own'), { ...options, grace: 0, recursive: true }),
}

if (onLinux) {
  for (const [one, steps] of Object.entries(deleting))
    holds(`${one}: a link that takes the place of a directory inside, before any of its calls, leads nowhere`, () => {
      const { swaps, lost } = swapAtEachCall(steps, one === 'sweep' ? debris : 'tree')
      note(`${one}: ${swaps} swaps`)
      assert.ok(swaps > 20, `only ${swaps} swaps`)
      assert.is(lost, 0)
    })

  holds('the same swaps make a walk by path delete what is outside', () => {
    const { swaps, lost } = swapAtEachCall(({ tree }) => removeInPlace.steps(tree), 'tree')
    note(`walk by path: ${lost} of ${swaps} swaps`)
    assert.ok(lost > 0)
  })

  for (const form of ['promise', 'sync'] as const)
    holds(`removes a tree whose paths are longer than any path may be, with four descriptors (${form})`, async () => {
      const tree = join(scratch(), 'tree')
      const levels = 60
      mkdirSync(tree)
      let fd = openSync(tree, constants.O_DIRECTORY)
      for (let level = 0; level < levels; level++) {
        const inner = `/proc/self/fd/${fd}/${'d'.repeat(200)}`
        mkdirSync(inner)
        writeFileSync(`/proc/self/fd/${fd}/file`, '')
        const next = openSync(inner, constants.O_DIRECTORY)
        closeSync(fd)
        fd = next
      }
      closeSync(fd)
      const before = readdirSync('/proc/self/fd').length
      let most = 0
      const door = (call: Call): Call => {
        const own = call.op === 'list' || call.op === 'open' ? 1 : 0
        most = Math.max(most, readdirSync('/proc/self/fd').length - before + own)
        return call
      }
      if (form === 'sync') driveSync(through(remove.steps(tree), door))
      else await remove(tree)
      assert.not(existsSync(tree))
      if (form === 'sync') assert.ok(most > 1 && most <= 4, `${most} descriptors at once`)
      assert.is(readdirSync('/proc/self/fd').length, before)
    })

  holds(
    'of a wide tree at most eight directories are open beside each other, and one of them with `concurrency` 1',
    () => {
      for (const [concurrency, expected] of [
        [64, 9],
        [1, 2],
      ] as const) {
        const tree = join(scratch(), 'tree')
        for (let n = 0; n < 40; n++) {
          mkdirSync(join(tree, `d${n}`), { recursive: true })
          writeFileSync(join(tree, `d${n}/file`), '')
        }
        const before = readdirSync('/proc/self/fd').length
        let most = 0
        const steps = through(remove.steps(tree, { concurrency }), call => {
          most = Math.max(most, readdirSync('/proc/self/fd').length - before)
          return call
        })
        assert.is(driveSync(steps), true)
        assert.not(existsSync(tree))
        // With the one above.
        assert.is(most, expected)
      }
    },
  )

  const script = (tree: string) =>
    `const { remove } = await import('${library}'); console.log(remove.sync('${tree}'), await remove('${tree}'))`

  holds('where the permission model refuses paths of descriptors, trees are removed all the same', () => {
    const { dir, tree } = layOut()
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
    const args = [flag, '--allow-fs-read=*', `--allow-fs-write=${dir}/*`, '--no-warnings', '--input-type=module']
    const { stdout, stderr } = spawnSync(process.execPath, [...args, '-e', script(tree)], { encoding: 'utf8' })
    assert.is(stdout, 'true false\n', stderr)
    assert.equal(readdirSync(join(dir, 'own')), [])
  })

  if (process.getuid?.() !== 0) holds.skip('where /proc is missing', 'it takes root')
  else
    holds('where /proc is missing, trees are removed all the same', () => {
      const { dir, tree } = layOut()
      const hidden = 'mount -t tmpfs none /proc && exec "$@"'
      const node = [process.execPath, '--input-type=module', '-e', script(tree)]
      const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', hidden, 'sh', ...node], { encoding: 'utf8' })
      assert.is(stdout, 'true false\n', stderr)
      assert.equal(readdirSync(join(dir, 'own')), [])
      assert.is(readFileSync(join(dir, 'outside', file), 'utf8'), 'kept')
    })
} else holds.skip('links that take the place of directories', 'only Linux looks up names by a descriptor')
