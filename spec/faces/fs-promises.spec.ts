// `holdfast/fs-promises` beside `node:fs/promises`: the same calls come to the same, but for what the face does better.

import { spawnSync } from 'node:child_process'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import nodePromises from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import face, * as named from 'holdfast/fs-promises'
import { assert, holds, scratch } from '../support/kit.js'
import { assertAlike, type Case } from '../support/side-by-side.js'
import { isWindows } from '../windows/flavour.js'

/**
 * What Windows has not, or Node does otherwise there: `rename` puts a directory in the place of a file, `mkdir` names the file
 * that is in the way, and `cp` the directory above what is there already.
 */
const elsewhere = ['cp @n @d', 'rename @d @f', 'mkdir @f/x']
const isElsewhere = (one: Case): boolean =>
  isWindows && (one.includes('/dev/null') || elsewhere.includes(one.slice(0, one[0] === 'mkdir' ? 2 : 3).join(' ')))

const alike = (cases: readonly Case[]) => {
  const some = cases.filter(one => !isElsewhere(one))
  return assertAlike(nodePromises as never, face as never, some, ['promise'])
}
const each = (name: string, lists: readonly (readonly unknown[])[]): Case[] => lists.map(list => [name, ...list])

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

holds('the names are those of node:fs/promises, also for require()', () => {
  const names = (one: object) =>
    Object.keys(one)
      .filter(name => name !== 'default' && name !== 'module.exports')
      .sort()
  assert.equal(names(face), names(nodePromises))
  assert.equal(names(named), names(nodePromises))
  assert.is(createRequire(import.meta.url)('holdfast/fs-promises'), face)
  const better = ['cp', 'mkdir', 'rename', 'rm', 'writeFile']
  for (const name of names(face) as (keyof typeof face)[])
    assert.is(face[name] === nodePromises[name], !better.includes(name), name)
})

holds('mkdir comes to the same', () =>
  alike(
    each('mkdir', [
      ['@a/b/c', { recursive: true }],
      ['a/b/c', { recursive: true }],
      ['@d', { recursive: true }],
      ['@f', { recursive: true }],
      ['@f/x', { recursive: true }],
      ['@m', { recursive: true, mode: 0o700 }],
      ['@m', { recursive: true, mode: '0750' }],
      ['@m', { recursive: true, mode: 'x' }],
      ['@m', { recursive: true, mode: -1 }],
      ['@m', { recursive: 1 }],
      ['@m', { mode: 0o700 }],
      ['@m', 0o700],
      ['@a/b/c'],
      ['@d'],
      [5, { recursive: true }],
      ['a\0', { recursive: true }],
    ]),
  ),
)

holds('rm comes to the same', () =>
  alike(
    each('rm', [
      ['@d', { recursive: true }],
      ['@d', { recursive: true, force: true, maxRetries: 3, retryDelay: 10 }],
      ['@none', { recursive: true }],
      ['none', { recursive: true }],
      ['f/x', { recursive: true }],
      ['@none', { recursive: true, force: true }],
      ['@none', { force: true }],
      ['@none'],
      ['@f'],
      ['@d'],
      ['@ld', { recursive: true }],
      ['@ld'],
      ['@dangling', { recursive: true }],
      ['@d', { recursive: 1 }],
      ['@d', { recursive: true, force: 'yes' }],
      ['@d', { recursive: true, maxRetries: -1 }],
      ...['force', 'maxRetries', 'retryDelay'].map(name => ['@d', { recursive: true, [name]: undefined }]),
      ...[null, [], 'x', 0, true].map(options => ['@d', options]),
      [undefined, { recursive: true }],
    ]),
  ),
)

holds('cp comes to the same', () =>
  alike(
    each('cp', [
      ['@f', '@new'],
      ['@f', '@g'],
      ['@f', '@x/y/z'],
      ['@f', '@f'],
      ['@f', '@hard'],
      ['@f', '@g', { force: false }],
      ['@f', '@g', { force: false, errorOnExist: true }],
      ['@f', '@g', { errorOnExist: true }],
      ['@f', '@d'],
      ['@f', '@lf'],
      ['@d', '@new'],
      ['@d', '@new', { recursive: true }],
      ['@d', '@n', { recursive: true }],
      ['@d', '@n', { recursive: true, force: false }],
      ['@n', '@d', { recursive: true, force: false, errorOnExist: true }],
      // Newer versions of Node refuse this, too.
      ['@d', '@empty', { recursive: true, force: false, errorOnExist: true }],
      ['@d', '@empty', { recursive: true, errorOnExist: true }],
      ['@d', '@f', { recursive: true }],
      ['@d', '@d/x', { recursive: true }],
      ['@d', '@d/x'],
      ['@d', '@ld/x'],
      ['@d', '@ld/x', { recursive: true }],
      ['@d', '@d'],
      // The filter is asked before anything is looked at.
      ['@none', '@new', { filter: () => false }],
      ['@d', '@f', { recursive: true, filter: () => false }],
      ['@d', '@new', { filter: () => false }],
      ['@d', '@new', { recursive: true, filter: (path: string) => !path.endsWith('k') }],
      ['@f', '@f', { filter: async () => false }],
      ['@ld', '@le'],
      ['@le', '@ld'],
      ['@lf', '@new', { dereference: true }],
      ['@ld', '@new', { dereference: true, recursive: true }],
      ['@none', '@new'],
      ['none', 'new'],
      ['./none', 'new'],
      ['@f', '@new', { mode: 1 }],
      ['@f', '@g', { mode: 1 }],
      ['@f', '@new', { force: 1 }],
      ['@f', '@new', { filter: 1 }],
      ['@f', '@new', { filter: null }],
      ['@f', '@new', { dereference: true, verbatimSymlinks: true }],
      ...[null, [], 'x', 0, () => {}].map(options => ['@f', '@new', options]),
      ...['', Number.NaN, null, undefined, 0].map(mode => ['@f', '@new', { mode }]),
      ...['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks'].map(name => [
        '@f',
        '@new',
        { [name]: undefined },
      ]),
      ['@f', 5],
      ['/dev/null', '@new'],
    ]),
  ),
)

holds('rename, link and symlink come to the same', () =>
  alike([
    ...['rename', 'link', 'symlink'].flatMap(name =>
      each(name, [
        ['@f', '@new'],
        ['@f', '@g'],
        ['@f', '@x/y'],
        ['@none', '@new'],
        ['@d', '@f'],
        ['@f', '@d'],
        ['@d', '@n'],
        ['@d', '@empty'],
        ['@lf', '@new'],
        ['@f', undefined],
      ]),
    ),
    ['rename', '@f', '@f'],
    ['rename', '@d', '@d/x'],
    ['link', '@f', '@hard'],
    ['symlink', 'f', '@lf'],
    ['symlink', 'x/y', '@new', 'dir'],
    ['symlink', 'x/y', '@new', 'other'],
    ['symlink', 'x/y', '@new', null],
  ]),
)

holds('writeFile comes to the same', () =>
  alike(
    each('writeFile', [
      ...['@f', '@new', '@x/y', '@d', '@lf', '@dangling', '@ld', '@f/x', '@hard', '/dev/null'].map(file => [
        file,
        'text',
      ]),
      ...['utf8', 'hex', 'bogus', null, { encoding: 'base64' }, { encoding: 'bogus' }, { encoding: null }].map(
        options => ['@new', '6162', options],
      ),
      ...['a', 'ax', 'wx', 'r+', 'as', 'w', 'x', 1].map(flag => ['@g', 'text', { flag }]),
      ['@new', 'text', { mode: 0o600 }],
      ['@new', 'text', { mode: '640' }],
      ['@new', 'text', { mode: 'x' }],
      ['@g', 'text', { mode: 0o777 }],
      ['@new', 'text', { flush: true }],
      ...[1, 0, '', null, undefined].map(signal => ['@new', 'text', { signal }]),
      ...[null, undefined, 0, ''].flatMap(value => [
        ['@new', 'text', { mode: value }],
        ['@new', 'text', { flag: value }],
        ['@new', 'text', { flush: value }],
      ]),
      ['@new', new Uint16Array([0x6161, 0x6262])],
      ['@new', new DataView(new ArrayBuffer(3))],
      ['@new', ['a', 'b']],
      ['@new', 5],
      ['@new', {}],
      ['@new'],
      [5, 'text'],
    ]),
  ),
)

holds('writeFile takes streams, FileHandles, URLs and bytes as paths', async () => {
  const dir = scratch()
  const file = join(dir, 'f')
  const text = () => readFileSync(file, 'utf8')
  await face.writeFile(file, Readable.from(['a', 'b']))
  assert.is(text(), 'ab')
  async function* pieces() {
    yield 'é'
    yield Buffer.from('x')
  }
  await face.writeFile(new URL(`file://${file}`), pieces(), 'latin1')
  assert.equal(readFileSync(file), Buffer.from([0xe9, 0x78]))
  const handle = await face.open(file, 'r+')
  await face.writeFile(handle, 'by handle')
  await handle.close()
  assert.is(text(), 'by handle')
  await face.writeFile(Buffer.from(file), 'by bytes')
  assert.is(text(), 'by bytes')
})

holds('a stream that fails, and an abort, leave the old file', async () => {
  const dir = scratch()
  const file = join(dir, 'f')
  writeFileSync(file, 'old')
  const failure = Object.assign(new Error('of the stream'), { code: 'EOWN' })
  async function* failing() {
    yield 'half'
    throw failure
  }
  assert.is(await codeOf(face.writeFile(file, failing())), 'EOWN')
  assert.is(await codeOf(face.writeFile(file, 'new', { signal: AbortSignal.abort() })), 'ABORT_ERR')
  assert.is(readFileSync(file, 'utf8'), 'old')
  assert.equal(readdirSync(dir), ['f'])
})

holds('writeFile makes a new inode; a file with several names is written in place', async () => {
  const dir = scratch()
  const file = join(dir, 'f')
  writeFileSync(file, 'old', { mode: 0o640 })
  const was = statSync(file)
  await face.writeFile(file, 'new')
  const { ino, mode } = statSync(file)
  assert.ok(ino !== was.ino)
  assert.is(mode, was.mode)
  linkSync(file, join(dir, 'second'))
  await face.writeFile(file, 'both')
  assert.is(statSync(file).ino, ino)
  assert.is(readFileSync(join(dir, 'second'), 'utf8'), 'both')
})

holds('rename: of two names of one file the old one goes, and a link never replaces what it leads to', async () => {
  const dir = scratch()
  const path = (name: string) => join(dir, name)
  writeFileSync(path('f'), 'f')
  linkSync(path('f'), path('second'))
  await face.rename(path('f'), path('second'))
  assert.equal(readdirSync(dir), ['second'])
  symlinkSync('second', path('link'))
  assert.is(await codeOf(face.rename(path('link'), path('second'))), 'EINVAL')
})

holds('cp keeps the texts of links, and refuses pipes in the target', async () => {
  const dir = scratch()
  symlinkSync('f', join(dir, 'link'))
  writeFileSync(join(dir, 'f'), 'f')
  await face.cp(join(dir, 'link'), join(dir, 'copy'))
  assert.is(await face.readlink(join(dir, 'copy')), 'f')
  if (process.platform === 'win32') return
  spawnSync('mkfifo', [join(dir, 'pipe')])
  assert.is(await codeOf(face.cp(join(dir, 'f'), join(dir, 'pipe'))), 'EINVAL')
  assert.is(await codeOf(face.cp(join(dir, 'pipe'), join(dir, 'x'))), 'ERR_FS_CP_FIFO_PIPE')
})

holds('in a working directory that is gone, relative paths fail as Node has them fail', async () => {
  if (process.platform === 'win32') return // There, it cannot go.
  const before = process.cwd()
  const dir = join(scratch(), 'd')
  mkdirSync(dir)
  process.chdir(dir)
  rmSync(dir, { recursive: true })
  try {
    for (const fs of [nodePromises, face]) {
      const errors = await Promise.all(
        [
          fs.mkdir('x', { recursive: true }),
          fs.rm('x', { recursive: true }),
          fs.cp('x', 'y'),
          fs.rename('x', 'y'),
          fs.writeFile('x', ''),
        ].map(one => one.then(String, ({ code, syscall }: NodeJS.ErrnoException) => `${code} ${syscall}`)),
      )
      assert.equal(errors, ['ENOENT mkdir', 'ENOENT lstat', 'ENOENT lstat', 'ENOENT rename', 'ENOENT open'])
      const other = join(scratch(), 'x')
      assert.is(await fs.mkdir(join(other, 'y'), { recursive: true }), other)
    }
  } finally {
    process.chdir(before)
  }
})

holds('rm refuses roots and dots', async () => {
  for (const path of ['/', '.', '..'])
    assert.is(await codeOf(face.rm(path, { recursive: true, force: true })), 'ERR_INVALID_ARG_VALUE')
})
