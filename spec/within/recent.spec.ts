// The directories that a root has used last stay open. What their paths lead to when the next call begins decides all the
// same.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Within, within } from 'holdfast'
import { assert, holds, memory } from '../support/kit.js'
import { type Ground, layOut } from './ground.js'

const uses: Readonly<Record<string, (dir: Within) => Promise<unknown>>> = {
  writeFile: dir => dir.writeFile('a/b/f', 'new', { retryFor: 20 }),
  'writeFile, sync': async dir => dir.writeFile.sync('a/b/f', 'new', { retryFor: 20 }),
  readFile: dir => dir.readFile('a/b/f', { encoding: 'utf8' }),
  list: dir => dir.list('a/b'),
  lstat: dir => dir.lstat('a/b/f'),
  mkdirp: dir => dir.mkdirp('a/b/new', { retryFor: 20 }),
  remove: dir => dir.remove('a/b/f', { retryFor: 20 }),
  copy: dir => dir.copy('a/b/f', 'copied', { retryFor: 20 }),
  lock: async dir => (await dir.lock('a/b/f', { retryFor: 20 })).release(),
}

/** Another process does this between two calls. */
const changes: Readonly<Record<string, (ground: Ground) => void>> = {
  'a link out in the place of the directory'({ dir, root, outside }) {
    renameSync(join(root, 'a/b'), join(dir, 'aside'))
    symlinkSync(join(outside, 'a/b'), join(root, 'a/b'))
  },
  'a link out in the place of the one above'({ dir, root, outside }) {
    renameSync(join(root, 'a'), join(dir, 'aside'))
    symlinkSync(join(outside, 'a'), join(root, 'a'))
  },
  'a link to the very directory, which was moved out'({ root, outside }) {
    rmSync(join(outside, 'a/b'), { recursive: true })
    renameSync(join(root, 'a/b'), join(outside, 'a/b'))
    symlinkSync(join(outside, 'a/b'), join(root, 'a/b'))
  },
  'a link to the one above, which was moved out'({ root, outside }) {
    rmSync(join(outside, 'a'), { recursive: true })
    renameSync(join(root, 'a'), join(outside, 'a'))
    symlinkSync(join(outside, 'a'), join(root, 'a'))
  },
}

for (const [change, make] of Object.entries(changes))
  holds(`after ${change}, no call leads out`, async () => {
    for (const [name, use] of Object.entries(uses)) {
      const ground = layOut(memory)
      using dir = within.sync(ground.root)
      for (let times = 0; times < 2; times++) await dir.lstat('a/b/f')
      make(ground)
      const before = ground.told()
      try {
        await use(dir)
        assert.unreachable(`${name}: it leads out`)
      } catch (error) {
        assert.is((error as NodeJS.ErrnoException).code, 'ERR_OUTSIDE_ROOT', `${name}: ${error}`)
      }
      assert.is(ground.told(), before, name)
    }
  })

holds('after another directory has come in its place, that is the one which a call is about', async () => {
  for (const how of ['replaced', 'removed', 'link inside']) {
    const { dir: top, root } = layOut(memory)
    using dir = within.sync(root)
    for (let times = 0; times < 2; times++) await dir.writeFile('a/b/f', 'old')
    if (how === 'removed') rmSync(join(root, 'a/b'), { recursive: true })
    else renameSync(join(root, 'a/b'), join(top, 'aside'))
    mkdirSync(join(root, how === 'link inside' ? 'other' : 'a/b'))
    if (how === 'link inside') symlinkSync('../other', join(root, 'a/b'))
    await dir.writeFile('a/b/f', 'new')
    await dir.mkdirp('a/b/c/d')
    assert.is(readFileSync(join(root, 'a/b/f'), 'utf8'), 'new', how)
    assert.is(await dir.readFile('a/b/f', { encoding: 'utf8' }), 'new', how)
    if (how !== 'removed') assert.is(readFileSync(join(top, 'aside/f'), 'utf8'), 'old')
  }
})

if (process.platform === 'linux' && process.getuid?.() === 0)
  holds('what was mounted meanwhile over a directory that is open is refused', async () => {
    const { root, outside } = layOut()
    using dir = within.sync(root)
    for (let times = 0; times < 2; times++) await dir.readFile('a/b/f')
    writeFileSync(join(outside, 'a/b/f'), 'secret')
    const { status } = spawnSync('mount', ['--bind', join(outside, 'a/b'), join(root, 'a/b')])
    if (status !== 0) return
    try {
      for (const [name, use] of Object.entries(uses))
        await use(dir).then(
          () => assert.unreachable(name),
          ({ code }) => assert.is(code, 'ERR_OUTSIDE_ROOT', name),
        )
    } finally {
      spawnSync('umount', [join(root, 'a/b')])
    }
    assert.is(readFileSync(join(outside, 'a/b/f'), 'utf8'), 'secret')
  })
else holds.skip('mounts over what is open', 'it takes Linux, and root')
