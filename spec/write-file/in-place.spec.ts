// What cannot be replaced: what a link through procfs leads to, and files in directories where nothing can be made.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { getOrCreate, updateFile, type WriteFileOptions, writeFile, writeFiles } from 'holdfast'
import { assert, asUser, canBeAnother, holds, runScript, scratch, userId } from '../support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertSyncAndAsyncAgree,
  type Trial,
} from '../support/laws.js'

const linux = process.platform === 'linux'
const root = process.getuid?.() === 0

if (!linux) holds.skip('links that lead through procfs', 'it takes Linux')
else {
  const inPlace = "inPlace: 'when-needed'"
  /** Otherwise Node makes it a socket, which no process can open. */
  const piped = ['sh', '-c', '"$@" | cat', 'sh']

  holds('what /dev/stdout leads to is written if that is allowed, and is an error otherwise', () => {
    const written = `
      for (const target of ['/dev/stdout', '/proc/self/fd/1', '/dev/fd/1']) {
        await holdfast.writeFile(target, target + ' ', { ${inPlace} })
        holdfast.writeFile.sync(target, 'sync ', { ${inPlace}, durability: 'full' })
      }`
    const said = '/dev/stdout sync /proc/self/fd/1 sync /dev/fd/1 sync '
    assert.equal(runScript(written, piped), { said, code: 0 })
    const refused = `
      const say = error => console.error(error.code, error.message)
      await holdfast.writeFile('/dev/stdout', 'x').catch(say)
      await holdfast.updateFile('/dev/stdout', () => 'x').catch(say)
      await holdfast.getOrCreate('/dev/stdout', () => 'x').catch(say)`
    const lines = runScript(refused, piped).said.trim().split('\n')
    for (const line of lines) assert.match(line, /^EINVAL .*'\/proc\/self\/fd\/1' .*\/proc/)
    // The option is recommended only where it exists.
    assert.equal(
      lines.map(line => line.includes('inPlace')),
      [true, false, false],
    )
  })

  holds('a file behind /dev/stdout is written as a whole, although it has another name by then, or none', () => {
    for (const [form, change] of [
      ['writeFile', 'rename'],
      ['writeFile.sync', 'unlink'],
    ] as const) {
      const dir = scratch()
      const file = join(dir, 'file')
      const script = `
        import * as fs from 'node:fs'
        const file = ${JSON.stringify(file)}
        fs.${change}Sync(file, file + '2')
        for (const text of ['long ', 'two'])
          await holdfast.${form}('/dev/stdout', text, { ${inPlace}, durability: 'full' })
        console.error(fs.readFileSync('/proc/self/fd/1', 'utf8'))`
      const redirected = ['sh', '-c', 'file=$1; shift; exec "$@" > "$file"', 'sh', file]
      assert.equal(runScript(script, redirected), { said: 'two\n', code: 0 })
      assert.equal(readdirSync(dir), change === 'rename' ? ['file2'] : [])
    }
  })

  holds('a stream goes to /dev/stdout piece by piece, and through links that lead there', () => {
    const dir = scratch()
    symlinkSync('/dev/stdout', join(dir, 'link'))
    const target = JSON.stringify(join(dir, 'link'))
    const script = `
      const pieces = Array.from({ length: 300 }, (_, at) => 'piece ' + at + ' '.repeat(1000))
      await holdfast.writeFile(${target}, pieces, { ${inPlace} })
      await holdfast.writeFiles([[${target}, (async function* () { yield* ['later', '!'] })()]], { ${inPlace}, durability: 'full' })`
    const { said, code } = runScript(script, piped)
    assert.equal([code, said.length, said.slice(-6)], [0, 300 * 1000 + 10 * 7 + 90 * 8 + 200 * 9 + 6, 'later!'])
    assert.equal(readdirSync(dir), ['link'])
  })

  holds('a link whose text is not UTF-8 makes no file of another name', async () => {
    const dir = scratch()
    const odd = Buffer.concat([Buffer.from(join(dir, 'odd-')), Buffer.from([0xff])])
    symlinkSync(odd, join(dir, 'link'))
    for (const isThere of [false, true]) {
      if (isThere) writeFileSync(odd, 'old')
      await assert.rejects(writeFile(join(dir, 'link'), 'x'), { code: 'EILSEQ', message: /not UTF-8/ })
      await assert.rejects(
        updateFile(join(dir, 'link'), () => 'x'),
        { code: 'EILSEQ' },
      )
      await assert.rejects(
        getOrCreate(join(dir, 'link'), () => 'x'),
        { code: 'EILSEQ' },
      )
      assert.is(readdirSync(dir).length, isThere ? 2 : 1)
    }
    assert.is(readFileSync(odd, 'utf8'), 'old')
    await writeFiles([[join(dir, 'link'), 'x']], { symlinks: 'replace' })
    assert.is(readFileSync(join(dir, 'link'), 'utf8'), 'x')
  })
}

/** Directories in which an ordinary user can make or replace nothing, although it may write the file. */
const shut = {
  'that is read-only': (dir: string) => chmodSync(dir, 0o555),
  'that is sticky, and another’s': (dir: string) => chmodSync(dir, 0o1777),
}

if (!canBeAnother()) holds.skip('a writable file in a directory', 'it takes root, and a checkout that others may read')
else
  for (const [which, shutDirectory] of Object.entries(shut))
    holds(`a writable file in a directory ${which}: written in place if that is allowed`, () => {
      const dir = scratch()
      const file = join(dir, 'file')
      writeFileSync(file, 'a long text that was there')
      chmodSync(file, 0o666)
      shutDirectory(dir)
      const { said } = asUser(`
        import { readFileSync } from 'node:fs'
        import { Readable } from 'node:stream'
        const file = ${JSON.stringify(file)}
        const write = async (data, options) =>
          console.log(await holdfast.writeFile(file, data, options).then(() => 'done', e => e.code), readFileSync(file, 'utf8'))
        const inPlace = 'when-needed'
        await write('new', {})
        for (const options of [{ inPlace }, { inPlace, durability: 'none', parents: true }]) {
          await write('new', options)
          await write(Readable.from(['a ', 'stream']), options)
        }
        holdfast.writeFile.sync(file, 'last', { inPlace })`)
      const lines = ['done new', 'done a stream', 'done new', 'done a stream', '']
      assert.equal(said.replace('EPERM', 'EACCES').split('\n'), ['EACCES a long text that was there', ...lines])
      assert.equal([readFileSync(file, 'utf8'), readdirSync(dir)], ['last', ['file']])
      // A user who may not write the file gets the error of the first attempt.
      chmodSync(file, 0o644)
      const code = `await holdfast.writeFile(${JSON.stringify(file)}, '', { inPlace: 'when-needed' }).catch(e => e.code)`
      assert.match(asUser(`console.log(${code})`).said, /^(EACCES|EPERM)\n$/)
      assert.equal([readFileSync(file, 'utf8'), readdirSync(dir)], ['last', ['file']])
      assert.equal([statSync(file).uid, statSync(file).mode & 0o777], [0, 0o644])
    })

if (!root || !linux) holds.skip('a mounted file in a read-only directory', 'it takes root on Linux')
else
  holds('a file that is mounted into a read-only directory is written in place if that is allowed', async () => {
    const room = scratch()
    const [dir, under] = [join(room, 'dir'), join(room, 'under')]
    mkdirSync(dir)
    writeFileSync(join(dir, 'file'), '')
    writeFileSync(under, 'old', { mode: 0o640 })
    chownSync(under, userId, userId)
    const mount = (...args: string[]) => assert.is(spawnSync('mount', args).status, 0)
    mount('--bind', dir, dir)
    try {
      mount('--bind', under, join(dir, 'file'))
      mount('-o', 'remount,bind,ro', dir)
      await assert.rejects(writeFile(join(dir, 'file'), 'new'), { code: 'EROFS' })
      await writeFile(join(dir, 'file'), Readable.from(['n', 'ew']), { inPlace: 'when-needed' })
      assert.equal([readFileSync(under, 'utf8'), statSync(under).uid], ['new', userId])
      const updating = updateFile(join(dir, 'file'), () => 'x', { inPlace: 'when-needed' })
      await assert.rejects(updating, { code: 'EROFS' })
    } finally {
      spawnSync('umount', ['-R', dir])
    }
  })

const trial: Trial<[string, string, WriteFileOptions?], void> = {
  setup(dir) {
    writeFileSync(join(dir, 'one'), 'old')
    linkSync(join(dir, 'one'), join(dir, 'two'))
  },
  args: dir => [join(dir, 'one'), 'new', { inPlace: 'when-needed', hardLinks: 'keep', mode: 0o600 }],
  done: dir => assert.is(readFileSync(join(dir, 'two'), 'utf8'), 'new'),
}

holds('written in place: whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(writeFile, trial),
)

holds('written in place: both forms come to the same', () => assertSyncAndAsyncAgree(writeFile, trial))

holds('written in place: whatever fails or is stopped leaves nothing private behind', () =>
  assertNothingLeftBehind(writeFile, trial),
)
