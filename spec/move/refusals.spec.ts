import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emplace, link, move, symlink } from 'holdfast'
import { assert, holds, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'

/** Both forms, as promises. */
const forms = [move, async (...args: Parameters<typeof move.sync>) => move.sync(...args)]

const onWindows = process.platform === 'win32'

holds('a link never takes the place of what it leads to, however it leads there', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  writeFileSync(at('file'), 'text')
  mkdirSync(at('full/in'), { recursive: true })
  writeFileSync(at('full/in/file'), 'text')
  symlinkSync('.', at('here'))
  const links = {
    plain: ['file', 'file'],
    dotted: ['full/../file', 'file'],
    absolute: [at('file'), 'file'],
    through: ['plain', 'file'],
    between: ['through', 'through'],
    spelt: ['here/file', 'here/file'],
    'full/up': ['../file', 'file'],
    directory: ['full', 'full'],
    inner: ['full/in/file', 'full'],
    innermost: ['here/full/in', 'full'],
  } as const
  for (const [name, [text]] of Object.entries(links)) symlinkSync(text, at(name))
  const before = told(dir)
  for (const [name, [, target]] of Object.entries(links))
    for (const overwrite of [true, 'with-gap'] as const)
      for (const way of forms) {
        // Without a gap, a directory with something in it is not replaced anyway.
        if (overwrite === true && target === 'full') continue
        const refused = { code: 'EINVAL', message: /leads to what it would replace/ }
        await assert.rejects(way(at(name), at(target), { overwrite }), refused)
        if (overwrite === true) await assert.rejects(emplace(at(name), at(target)), refused)
      }
  assert.equal(told(dir), before)
  // Without `overwrite` the target stays, and that is no error.
  assert.is(await move(at('plain'), at('file')), false)
  // A link that leads elsewhere, or nowhere, takes the place of anything.
  symlinkSync('nowhere', at('dangling'))
  symlinkSync('circle', at('circle'))
  for (const name of ['dangling', 'circle', 'between']) {
    writeFileSync(at('other'), '')
    assert.is(await move(at(name), at('other'), { overwrite: true }), true)
  }
})

if (onWindows) holds.skip('special files', 'there are none among files here')
else
  holds('a device, a pipe or a socket is replaced only with a gap, or by one of them', async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    const pipe = (name: string) => assert.is(spawnSync('mkfifo', [at(name)]).status, 0)
    pipe('pipe')
    for (const way of forms) {
      writeFileSync(at('file'), 'text')
      symlinkSync('nowhere', at('link'))
      const before = told(dir)
      for (const name of ['file', 'link'])
        await assert.rejects(way(at(name), at('pipe'), { overwrite: true }), {
          code: 'EINVAL',
          message: /special file/,
        })
      assert.is(await way(at('file'), at('pipe')), false)
      assert.equal(told(dir)?.slice(1), before?.slice(1))
      pipe('new')
      assert.is(await way(at('new'), at('pipe'), { overwrite: true }), true)
      assert.is(await way(at('link'), at('file'), { overwrite: true }), true)
      assert.is(await way(at('file'), at('pipe'), { overwrite: 'with-gap' }), true)
      assert.equal(told(dir)?.slice(1), ['pipe/ link nowhere'])
      assert.is(await move(at('pipe'), at('x'), { overwrite: true }), true)
      pipe('pipe')
      spawnSync('rm', [at('x')])
    }
  })

holds('a link is not made in the place of what it would lead to, by `symlink` or `link`, either', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  writeFileSync(at('file'), 'text')
  symlinkSync('.', at('here'))
  symlinkSync('file', at('plain'))
  symlinkSync('plain', at('through'))
  const before = told(dir)
  for (const text of ['file', './file', at('file'), 'here/file', 'plain', 'through'])
    for (const way of [symlink, async (...args: Parameters<typeof symlink.sync>) => symlink.sync(...args)])
      await assert.rejects(way(text, at('file'), { replace: true }), { code: 'EINVAL', message: /lead to itself/ })
  // macOS links what a link leads to.
  if (!onWindows && process.platform !== 'darwin')
    for (const way of [link, async (...args: Parameters<typeof link.sync>) => link.sync(...args)]) {
      await assert.rejects(way(at('through'), at('plain'), { replace: true }), {
        code: 'EINVAL',
        message: /leads to what/,
      })
      assert.is(await way(at('plain'), at('file'), { replace: true }), 'already')
    }
  assert.equal(told(dir), before)
  assert.is(await symlink('elsewhere', at('file'), { replace: true }), 'linked')
})
