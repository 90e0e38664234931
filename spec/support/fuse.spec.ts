// The filesystem that loses replies does what it is asked for, and both of its mounts show it at once.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { link, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { noFuse, onTwoMounts } from './fuse.js'
import { assert, holds } from './kit.js'

const why = noFuse()
const test = (name: string, body: () => Promise<void>) => (why ? holds.skip(name, why) : holds(name, body))

test('what is done at one mount is seen at the other at once', () =>
  onTwoMounts(async ({ behind, points: [one, two] }) => {
    for (let turn = 0; turn < 20; turn++) {
      await mkdir(join(one, 'd'))
      const file = await open(join(two, 'd/file'), 'wx', 0o640)
      await file.write('x'.repeat(200_000))
      await file.close()
      assert.is(readFileSync(join(one, 'd/file'), 'utf8').length, 200_000)
      assert.is(statSync(join(one, 'd/file')).mode & 0o777, 0o640)
      await rename(join(one, 'd'), join(one, 'e'))
      assert.equal(readdirSync(two), ['e'])
      await link(join(two, 'e/file'), join(two, 'again'))
      assert.is(statSync(join(one, 'e/file')).nlink, 2)
      renameSync(join(behind, 'e/file'), join(behind, 'moved'))
      assert.equal(readdirSync(join(one, 'e')), [])
      for (const name of ['again', 'moved', 'e']) rmSync(join(two, name), { recursive: true })
      assert.equal(readdirSync(one), [])
    }
  }))

test('each second change is done, and says that it failed', () =>
  onTwoMounts(async ({ behind, points: [one, two], loseEvery }) => {
    assert.is(await loseEvery(2), 0)
    for (let turn = 0; turn < 4; turn++) {
      const dir = join(one, `${turn}`)
      const made = await mkdir(dir).catch(error => error.code)
      assert.is(made, turn % 2 === 1 ? 'EIO' : undefined)
      assert.ok(existsSync(dir) && existsSync(join(behind, `${turn}`)) && existsSync(join(two, `${turn}`)))
    }
    assert.is(await loseEvery(0), 2)
    mkdirSync(join(one, 'd'))
    writeFileSync(join(one, 'd/x'), 'x')
    rmSync(join(two, 'd'), { recursive: true })
  }))
