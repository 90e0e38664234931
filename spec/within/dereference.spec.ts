// `copy` with `dereference` below a root: links in the tree are followed, as far as they stay inside.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { copy, within } from 'holdfast'
import { type Call, driveSync } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, holds, memory, note, sized, startOf } from '../support/kit.js'
import { shapeOf } from '../support/trees.js'
import { type Ground, layOut } from './ground.js'

const dereference = { dereference: true, retryFor: 20 } as const

/** A tree with links to files and directories of the root. */
function layLinks({ root }: Ground): void {
  mkdirSync(join(root, 'tree/deep'), { recursive: true })
  const links = { file: '../f', 'deep/file': '../../a/./f', 'deep/dir': '../../a/b', far: '../far', chain: 'deep/file' }
  for (const [name, to] of Object.entries({ ...links, absolute: join(root, 'a/b') }))
    symlinkSync(to, join(root, 'tree', name))
}

for (const form of ['promise', 'sync'] as const)
  holds(`${form}: links in a tree are followed, and what they lead to is copied, as outside of a root`, async () => {
    const ground = layOut()
    layLinks(ground)
    const { root } = ground
    using dir = within.sync(root)
    await copy(join(root, 'tree'), join(root, 'plain'), dereference)
    if (form === 'sync') dir.copy.sync('tree', 'bound', dereference)
    else await dir.copy('tree', 'bound', dereference)
    assert.equal(shapeOf(join(root, 'bound')), shapeOf(join(root, 'plain')))
    assert.is(readFileSync(join(root, 'bound/absolute/f'), 'utf8'), 'inside')
  })

const waysOut: Readonly<Record<string, (ground: Ground) => string>> = {
  'to a file': () => '../../../outside/f',
  'to a directory': () => '../../../outside/a',
  'to an absolute path': ({ outside }) => join(outside, 'f'),
  'to a descriptor': () => '/proc/self/fd/0',
  'to a link that leads out'({ root, outside }) {
    symlinkSync(outside, join(root, 'a/out'))
    return '../../a/out/f'
  },
}

for (const [way, lay] of Object.entries(waysOut))
  holds(`a link in a tree that leads out, ${way}, is refused, and nothing outside is read`, async () => {
    const ground = layOut()
    const { root, told } = ground
    layLinks(ground)
    symlinkSync(lay(ground), join(root, 'tree/deep/out'))
    const before = told()
    using dir = within.sync(root)
    for (const call of [() => dir.copy('tree', 'bound', dereference), () => dir.copy.sync('tree', 'sync', dereference)])
      try {
        await call()
        assert.unreachable('it leads out')
      } catch (error) {
        const { code, path } = error as NodeJS.ErrnoException
        assert.is(code, 'ERR_OUTSIDE_ROOT', String(error))
        assert.ok(path === 'tree/deep/out' || path === 'a/out', path)
      }
    assert.is(told(), before)
    for (const made of ['bound', 'sync']) assert.not.ok(existsSync(join(root, made, 'deep/out')))
  })

/** Before each call in turn, a link inside or its directory becomes one that leads out. */
holds('a link that is followed becomes one that leads out, before any call: nothing outside is read', () => {
  // In `npm test` it is one of three calls, others each time.
  const stride = sized(3, 1)
  let swaps = 0
  for (const place of ['tree/deep/file', 'tree/deep/dir', 'tree/deep', 'a/b'])
    for (let k = startOf(stride); ; k += stride) {
      const ground = layOut(memory)
      const { root, outside, told } = ground
      layLinks(ground)
      mkdirSync(join(outside, 'dir'))
      const before = told()
      using dir = within.sync(root)
      let calls = 0
      const door = (call: Call): Call => {
        if (calls++ !== k) return call
        if (place.startsWith('tree/deep/')) unlinkSync(join(root, place))
        else renameSync(join(root, place), join(root, 'aside'))
        symlinkSync(place === 'tree/deep/file' ? join(outside, 'f') : outside, join(root, place))
        swaps++
        return call
      }
      try {
        driveSync(through(dir.copy.steps('tree', 'bound', dereference), door))
      } catch {}
      assert.is(told(), before, `${place}, ${k}`)
      const copied = existsSync(join(root, 'bound')) ? readdirSync(join(root, 'bound'), { recursive: true }) : []
      for (const name of copied.map(String).filter(one => /f$|file|chain|far/.test(one)))
        assert.is(readFileSync(join(root, 'bound', name), 'utf8'), 'inside', `${place}, ${k}: ${name}`)
      if (calls <= k) break
    }
  note(`${swaps} swaps`)
  assert.ok(swaps > 100 / stride)
})
