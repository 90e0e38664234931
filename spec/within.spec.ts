// A directory that no path leads out of: every way out, limits, and what the functions do inside.

import { lstatSync, openSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { within } from 'holdfast'
import { assert, holds, memory } from './support/kit.js'
import { acts } from './within/acts.js'
import { type Ground, layOut } from './within/ground.js'

const onLinux = process.platform === 'linux'

/** Runs a call in its form, and returns the code of its error, or what it returned. */
async function tried(call: () => unknown): Promise<{ readonly code?: string | undefined; readonly value?: unknown }> {
  try {
    return { value: await call() }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
}

/** Each leads out, and every function must say so. `lay` is made in the root. */
const waysOut: Readonly<Record<string, { readonly path: string; readonly lay?: (ground: Ground) => void }>> = {
  '..': { path: '../outside/f' },
  'a name before ..': { path: 'a/../../outside/f' },
  '.. that would stay inside': { path: 'a/../f' },
  'an absolute path': { path: '/etc/hostname' },
  'dots, and a letter that some filesystems ignore': { path: '.\u200d./outside/f' },
  'a link of such dots': { path: 'out/f', lay: ({ root }) => symlinkSync('.\u{ad}./outside', join(root, 'out')) },
  'an absolute link': { path: 'out/f', lay: ({ root, outside }) => symlinkSync(outside, join(root, 'out')) },
  'a relative link': { path: 'a/out/f', lay: ({ root }) => symlinkSync('../../outside', join(root, 'a/out')) },
  'a link to the directory above': { path: 'up/outside/f', lay: ({ root }) => symlinkSync('..', join(root, 'up')) },
  'a link to a link': {
    path: 'one/f',
    lay({ root }) {
      symlinkSync('a/two', join(root, 'one'))
      symlinkSync('../../outside', join(root, 'a/two'))
    },
  },
  'a link that climbs behind another': {
    path: 'one/f',
    lay: ({ root }) => symlinkSync('to-b/../../../outside', join(root, 'one')),
  },
  'a slash behind a link': { path: 'out//f', lay: ({ root, outside }) => symlinkSync(outside, join(root, 'out')) },
  'a dot behind a link': { path: 'out/./f', lay: ({ root, outside }) => symlinkSync(outside, join(root, 'out')) },
  'a link to a directory that begins with the same letters': {
    path: 'out/f',
    lay({ root, outside }) {
      renameSync(outside, `${root}-outside`)
      symlinkSync(`${root}-outside`, join(root, 'out'))
      symlinkSync(`${root}-outside`, outside)
    },
  },
}

if (onLinux)
  Object.assign(waysOut, {
    'the descriptor of a directory': {
      path: 'out/f',
      lay: ({ root, outside }: Ground) => symlinkSync(`/proc/self/fd/${openSync(outside, 'r')}`, join(root, 'out')),
    },
    'the directory above that of a descriptor': {
      path: 'out/outside/f',
      lay({ root }: Ground) {
        symlinkSync(`/proc/self/fd/${openSync(root, 'r')}/..`, join(root, 'out'))
      },
    },
    'the root directory of the process': {
      path: 'out/etc/hostname',
      lay: ({ root }: Ground) => symlinkSync('/proc/self/root', join(root, 'out')),
    },
  })

for (const [way, { path, lay }] of Object.entries(waysOut))
  holds(`no function leads out: ${way}`, async () => {
    const ground = layOut(memory)
    lay?.(ground)
    const before = ground.told()
    using dir = within.sync(ground.root)
    for (const [name, act] of Object.entries(acts))
      for (const form of ['promise', 'sync'] as const) {
        const { code, value } = await tried(() => act(dir, form, path))
        assert.is(code, 'ERR_OUTSIDE_ROOT', `${name}, ${form}: ${code ?? JSON.stringify(value)}`)
        assert.is(ground.told(), before, name)
      }
  })

/** Each act whose path is itself a link that leads out; some are about the link, and leave what it leads to alone. */
holds(
  'a link that leads out, at the end of a path, is refused or taken for itself: nothing outside changes',
  async () => {
    for (const target of ['f', 'a', 'missing'])
      for (const [name, act] of Object.entries(acts))
        for (const form of ['promise', 'sync'] as const)
          for (const end of ['', '/']) {
            const ground = layOut(memory)
            symlinkSync(join(ground.outside, target), join(ground.root, 'out'))
            const before = ground.told()
            using dir = within.sync(ground.root)
            const { code, value } = await tried(() => act(dir, form, `out${end}`))
            assert.is(ground.told(), before, `${name}${end}, ${form}, ${target}`)
            assert.not.match(String(value), 'secret')
            if (
              /^(mkdirp|updateFile|getOrCreate|readFile|list|emptyDir|sweep|createExclusive|writeFile(?!, in))/.test(
                name,
              )
            )
              assert.ok(
                code === 'ERR_OUTSIDE_ROOT' || (end && code === 'ERR_INVALID_ARG_VALUE'),
                `${name}${end}, ${form}, ${target}: ${code} ${value}`,
              )
          }
  },
)

holds('links that stay inside are followed, also absolute ones that begin with the path of the root', async () => {
  for (const path of ['f', 'a/to-f', 'far', 'to-b/f', 'absolute/b/f', 'absolute/to-f', './/a/./b//f']) {
    const { root } = layOut(memory)
    using dir = within.sync(root)
    assert.is(await dir.readFile(path, { encoding: 'utf8' }), 'inside', path)
    await dir.writeFile(path, 'new')
    assert.is(dir.readFile.sync(path, { encoding: 'utf8' }), 'new', path)
    await dir.updateFile(path, (old = '') => `${old}er`)
    assert.is(readFileSync(join(root, path), 'utf8'), 'newer', path)
    assert.is(await dir.createExclusive(path, 'again'), false)
    assert.ok((await dir.list('to-b')).some(({ name, kind }) => name === 'f' && kind === 'file'))
  }
  const { root } = layOut(memory)
  await using dir = await within(root)
  assert.is(await dir.mkdirp('to-b/new/er'), 'to-b/new')
  assert.ok(lstatSync(join(root, 'a/b/new/er')).isDirectory())
  await dir.move('to-b/f', 'moved')
  await dir.copy('absolute', 'copied')
  assert.ok(lstatSync(join(root, 'copied')).isSymbolicLink())
  assert.is(await dir.getOrCreate('far', () => 'x').then(({ path, made }) => `${path} ${made}`), 'far false')
})

holds('more than 40 links, or links in a circle, are ELOOP', async () => {
  const { root } = layOut(memory)
  symlinkSync('circle/x', join(root, 'circle'))
  symlinkSync('self', join(root, 'self'))
  using dir = within.sync(root)
  for (const path of ['circle/f', 'self/f', 'self'])
    for (const name of ['readFile', 'list', 'writeFile', 'updateFile'])
      assert.is(
        (await tried(() => (acts[name] as NonNullable<(typeof acts)[string]>)(dir, 'promise', path))).code,
        'ELOOP',
        `${name} ${path}`,
      )
})
