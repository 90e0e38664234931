import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copy } from 'holdfast'
import { assert, holds, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'
import { privateNames } from '../support/trees.js'

/** Both forms, as promises. */
const forms = [copy, async (...args: Parameters<typeof copy.sync>) => copy.sync(...args)]

const onWindows = process.platform === 'win32'
const refused = { code: 'EINVAL', message: /leads to what it would replace/ }

holds('a link never takes the place of what it leads to, also inside a tree', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  for (const name of ['source/sub', 'target/sub']) mkdirSync(at(name), { recursive: true })
  writeFileSync(at('target/file'), 'text')
  writeFileSync(at('target/sub/file'), 'text')
  symlinkSync('target', at('here'))
  const links = {
    plain: 'target/file',
    absolute: at('target/file'),
    through: 'plain',
    roundabout: 'here/sub/../file',
  }
  for (const [name, text] of Object.entries(links)) symlinkSync(text, at(name))
  symlinkSync('through', at('between'))
  for (const put of forms) {
    const before = told(dir)
    for (const name of Object.keys(links)) await assert.rejects(put(at(name), at('target/file')), refused)
    await assert.rejects(put(at('between'), at('through')), refused)
    assert.equal(told(dir), before)
    // What is there stays, if that was asked for; and what the link leads to is its own target.
    await put(at('plain'), at('target/file'), { overwrite: false })
    await put(at('plain'), at('target/file'), { dereference: true })
    assert.equal(told(dir), before)
    symlinkSync('../../target/sub/file', at('source/sub/file'))
    for (const options of [{}, { preserveTimestamps: true }, { concurrency: 1 }]) {
      await assert.rejects(put(at('source'), at('target'), options), refused)
      assert.is(readFileSync(at('target/sub/file'), 'utf8'), 'text')
    }
    // Elsewhere, and onto another link, it is a link like any other.
    await put(at('source'), at('new'))
    assert.is(readlinkSync(at('new/sub/file')), '../../target/sub/file')
    await put(at('source'), at('new'))
    for (const name of ['source/sub/file', 'new']) spawnSync('rm', ['-r', at(name)])
  }
})

if (onWindows) holds.skip('special files', 'there are none among files here')
else
  holds(
    'a device, a pipe or a socket is not replaced, also inside a tree, and also if a link leads to it',
    async () => {
      const dir = scratch()
      const at = (name: string) => join(dir, name)
      for (const name of ['source/sub', 'target/sub']) mkdirSync(at(name), { recursive: true })
      assert.is(spawnSync('mkfifo', [at('target/sub/x')]).status, 0)
      for (const name of ['a', 'x', 'z']) writeFileSync(at(`source/sub/${name}`), name)
      symlinkSync('target/sub/x', at('link'))
      symlinkSync('/dev/null', at('null'))
      for (const put of forms) {
        for (const [from, to] of [
          ['source', 'target'],
          ['source/sub/x', 'target/sub/x'],
          ['source/sub/x', 'link'],
          ['source/sub/x', 'null'],
          ['null', 'target/sub/x'],
        ] as const)
          for (const options of [{}, { preserveTimestamps: true }, { dereference: true }]) {
            if (from === 'null' && 'dereference' in options) continue
            await assert.rejects(put(at(from), at(to), options), { code: 'EINVAL', message: /special file/ })
            assert.ok(lstatSync(at('target/sub/x')).isFIFO() && lstatSync(at('link')).isSymbolicLink())
          }
        await put(at('source'), at('target'), { overwrite: false })
        await put(at('source'), at('target'), { filter: path => !path.endsWith('x') })
        await assert.rejects(put(at('source'), at('target'), { overwrite: false, errorOnExist: true }), {
          code: 'EEXIST',
        })
        assert.ok(lstatSync(at('target/sub/x')).isFIFO())
        assert.equal(privateNames(dir), [])
      }
    },
  )
