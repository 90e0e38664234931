// What cannot be replaced: what a link through procfs leads to, and files in directories where nothing can be made.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { getOrCreate, updateFile, writeFile, writeFiles } from 'holdfast'
import { assert, asUser, canBeAnother, holds, runScript, scratch, userId } from '../support/kit.js'

const linux = process.platform === 'linux'
const root = process.getuid?.() === 0

if (!linux) holds.skip('links that lead through procfs', 'it takes Linux')
else {
  const write = (form: string, target: string, options = '') => `
    const say = text => holdfast.${form}(${JSON.stringify(target)}, text, {${options}})
    try { await say('one '); await say('two') } catch (error) { console.error(error.code, error.message) }`
  const inPlace = "inPlace: 'when-needed'"

  /** Otherwise Node makes it a socket, which no process can open. */
  const piped = ['sh', '-c', '"$@" | cat', 'sh']

  holds('what /dev/stdout leads to is written if that is allowed, and is an error otherwise', () => {
    const dir = scratch()
    for (const form of ['writeFile', 'writeFile.sync']) {
      for (const target of ['/dev/stdout', '/proc/self/fd/1', '/dev/fd/1'])
        assert.equal(runScript(write(form, target, inPlace), piped), { said: 'one two', code: 0 })
      assert.match(
        runScript(write(form, '/dev/stdout'), piped).said,
        /^EINVAL .*'\/proc\/self\/fd\/1' .*inPlace: 'when-needed'/,
      )
      assert.match(runScript(`await holdfast.updateFile('/dev/stdout', () => 'x')`).said, /EINVAL(?!.*inPlace)/)
      // A file is written as a whole, although it has another name by then, or none.
      for (const change of ["renameSync(file, file + '2')", 'unlinkSync(file)']) {
        const file = join(mkdtempSync(join(dir, 'd')), 'file')
        const script = `
          import { readFileSync, ${change.split('(')[0]} } from 'node:fs'
          const file = ${JSON.stringify(file)}
          ${change}
          ${write(form, '/dev/stdout', `${inPlace}, durability: 'full'`)}
          console.error(readFileSync('/proc/self/fd/1', 'utf8'), statSync('/proc/self/fd/1').mode.toString(8))`
        const redirected = runScript(script.replace('{ readFileSync', '{ readFileSync, statSync'), [
          ...['sh', '-c', 'file=$1; shift; exec "$@" > "$file"', 'sh', file],
        ])
        assert.equal(redirected, { said: 'two 100644\n', code: 0 })
        assert.equal(readdirSync(join(file, '..')), change.startsWith('rename') ? ['file2'] : [])
      }
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
      const said = (data: string, options: string) =>
        asUser(`
          import { Readable } from 'node:stream'
          const file = ${JSON.stringify(file)}
          const code = await holdfast.writeFile(file, ${data}, { ${options} }).then(() => 'done', e => e.code)
          console.log(code)`).said
      assert.match(said("'new'", ''), /^(EACCES|EPERM)\n$/)
      assert.is(readFileSync(file, 'utf8'), 'a long text that was there')
      for (const options of ["inPlace: 'when-needed'", "inPlace: 'when-needed', durability: 'none', parents: true"]) {
        assert.is(said("'new'", options), 'done\n')
        assert.is(readFileSync(file, 'utf8'), 'new')
        assert.is(said("Readable.from(['from ', 'a stream'])", options), 'done\n')
        assert.is(readFileSync(file, 'utf8'), 'from a stream')
      }
      // Whoever may not write the file gets the error of the first attempt.
      chmodSync(file, 0o644)
      assert.match(said("'newer'", "inPlace: 'when-needed'"), /^(EACCES|EPERM)\n$/)
      assert.equal([readFileSync(file, 'utf8'), readdirSync(dir)], ['from a stream', ['file']])
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
      await updateFile(join(dir, 'file'), () => 'x', { inPlace: 'when-needed' }).catch(({ code }) =>
        assert.is(code, 'EROFS'),
      )
    } finally {
      spawnSync('umount', ['-R', dir])
    }
  })
