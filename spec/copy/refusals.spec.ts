import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { copy, move, writeFile as write } from 'holdfast'
import { door } from '../../lib/core/disk.js'
import { deadPid } from '../support/dead-owner.js'
import { assert, holds, memory, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'
import { namesIn, privateNames } from '../support/trees.js'

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

if (onWindows) holds.skip('special files in the source', 'there are none among files here')
else
  holds('special files in a tree are all named, and after the first one nothing more is copied', async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    mkdirSync(at('source/a/deep'), { recursive: true })
    mkdirSync(at('source/z'))
    const pipes = ['source/a/deep/pipe', 'source/pipe', 'source/z/pipe'].map(at)
    for (const pipe of pipes) assert.is(spawnSync('mkfifo', [pipe]).status, 0)
    for (let file = 0; file < 200; file++) writeFileSync(at(`source/z/${file}`), '')
    for (const put of forms)
      for (const options of [{}, { concurrency: 1 }, { dereference: true }, { preserveTimestamps: true }]) {
        const error: NodeJS.ErrnoException = await assert.rejects(put(at('source'), at('target'), options), {
          code: 'EINVAL',
        })
        for (const pipe of pipes) assert.ok(error.message.includes(`'${pipe}'`), error.message)
        assert.is(error.path, pipes[0])
        assert.ok(namesIn(at('target')).length < 100, 'it went on')
        assert.equal(privateNames(dir), [])
        spawnSync('rm', ['-r', at('target')])
      }
    // To another device, too: nothing is published, and the source is as it was.
    const there = scratch(memory)
    const before = told(at('source'))
    const error = await assert.rejects(move(at('source'), join(there, 'target')), { code: 'EINVAL' })
    for (const pipe of pipes) assert.ok(error.message.includes(`'${pipe}'`), error.message)
    assert.equal([namesIn(there), told(at('source'))], [[], before])
  })

holds('`filter` is told what each thing is', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  mkdirSync(at('source/sub'), { recursive: true })
  writeFileSync(at('source/file'), '')
  symlinkSync('file', at('source/link'))
  const expected: Record<string, string> = { source: 'directory', sub: 'directory', file: 'file', link: 'link' }
  if (!onWindows) {
    assert.is(spawnSync('mkfifo', [at('source/sub/pipe')]).status, 0)
    expected.pipe = 'other'
  }
  for (const put of forms)
    for (const dereference of [false, true]) {
      const kinds: Record<string, string> = {}
      const filter = (from: string, _to: string, kind: string) => {
        kinds[basename(from)] = kind
        return kind !== 'other'
      }
      await put(at('source'), at('target'), { filter, dereference })
      assert.equal(kinds, expected)
    }
})

holds(
  'what living processes make ready in the source is left out; what dead ones have left behind is a file',
  async () => {
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    const self = door.performSync({ op: 'self', args: [] }) as string
    const place = self.split('-')[0]
    const nonce = '0123456789abcdef.holdfast'
    const dead = `${place}-${deadPid().toString(36)}-0`
    mkdirSync(at('source'))
    for (const owner of [self, dead, `elsewhere-1-1`]) writeFileSync(at(`source/.file.${owner}.${nonce}`), owner)
    writeFileSync(at('source/file'), '')
    mkdirSync(at(`source/.sub.${self}.${nonce}`))
    for (const put of forms) {
      await put(at('source'), at('target'))
      assert.equal(namesIn(at('target')), [`.file.${dead}.${nonce}`, 'file'])
    }
  },
)

holds('a copy beside writers of the same directory is never refused because of what they make ready', async () => {
  const dir = scratch()
  const [source, target] = [join(dir, 'source'), join(dir, 'target')]
  mkdirSync(source)
  const names = Array.from({ length: 8 }, (_, at) => join(source, `file${at}`))
  for (const name of names) writeFileSync(name, 'x'.repeat(1000))
  let writes = 0
  let over = false
  const writing = names.map(async name => {
    while (!over) {
      await write(name, String(writes++).padEnd(1000), { durability: 'none' })
    }
  })
  const put = async (round: number) => {
    await copy(source, `${target}${round}`, { concurrency: 4 })
    assert.equal(namesIn(`${target}${round}`).length, names.length)
  }
  try {
    for (let round = 0; round < 60; round++) await put(round)
  } finally {
    over = true
    await Promise.all(writing)
  }
  assert.ok(writes > 100, `${writes} writes`)
})
