// `holdfast/fs-extra` beside fs-extra itself: the same calls, in all three forms, come to the same. What is stronger, and
// what is refused, is in fs-extra/unlike.spec.ts.

import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { assert, holds, scratch } from '../support/kit.js'
import { assertAlike, type Case, type Package } from '../support/side-by-side.js'
import { isWindows, isWine } from '../windows/flavour.js'

const require = createRequire(import.meta.url)
const peer = require('fs-extra') as Package
const face = require('holdfast/fs-extra') as Package

/** The callback form is that of the promise, so one case of each function is enough for it. */
async function alike(cases: readonly Case[]): Promise<void> {
  await assertAlike(peer, face, cases, ['promise', 'sync'])
  const firsts = new Map([...cases].reverse().map(one => [one[0], one]))
  await assertAlike(peer, face, [...firsts.values()], ['callback'])
}

type Any = (...args: readonly unknown[]) => unknown
const dirOfFiles = scratch()
writeFileSync(join(dirOfFiles, 'f'), '')

async function codeOf(of: Package, name: string, args: readonly unknown[]): Promise<unknown> {
  try {
    await (of[name] as Any)(...args)
  } catch (error) {
    return [(error as Error).name, (error as NodeJS.ErrnoException).code]
  }
  return 'it returned'
}

function codeOfSync(of: Package, name: string, args: readonly unknown[]): unknown {
  try {
    ;(of[`${name}Sync`] as Any)(...args)
  } catch (error) {
    return [(error as Error).name, (error as NodeJS.ErrnoException).code]
  }
  return 'it returned'
}

/** Each function with each of these lists of arguments. */
const each = (names: readonly string[], lists: readonly (readonly unknown[])[]): Case[] =>
  names.flatMap(name => lists.map(list => [name, ...list] as const))

const pairs = [
  ['@f', '@new'],
  ['@f', '@g'],
  ['@f', '@hard'],
  ['@f', '@lf'],
  ['@lf', '@new'],
  ['@ld', '@d'],
  ['@d', '@d/x'],
  ['@d', '@ld'],
  ['@d', '@new'],
  ['@d', '@n'],
  ['@d', '@f'],
  ['@f', '@d'],
  ['@d', '@ld/x'],
  ['@d', '@ld/x/y'],
  ['@d', '@D'],
  ['@d', '@x/y/z'],
  ['@none', '@new'],
  ['f', 'new'],
  ['d', 'd/x'],
] as const

holds('copy comes to the same as that of fs-extra', () =>
  alike([
    ...each(['copy'], pairs),
    ...each(
      ['copy'],
      [
        ['@f', '@g', { overwrite: false }],
        ['@f', '@g', { overwrite: undefined }],
        ['@f', '@g', { clobber: false }],
        ['@f', '@g', { overwrite: false, errorOnExist: true }],
        ['@f', '@g', { errorOnExist: true }],
        ['@d', '@n', { overwrite: false }],
        // fs-extra copies the entries of a directory at once: where one is refused, only of a directory of one entry it is known what is left.
        ['@n', '@d', { overwrite: false, errorOnExist: true }],
        ['@lf', '@new', { dereference: true }],
        ['@ld', '@new', { dereference: true }],
        ['@f', '@lf', { dereference: true }],
        ['@ld', '@d', { dereference: true }],
        ['@ld', '@le'],
        ['@le', '@ld'],
        ['@dangling', '@new'],
        ['@f', '@dangling'],
        ['@lf', '@g'],
        ['/dev/null', '@new'],
        ['@d', '@new', { preserveTimestamps: true }],
        ['@d', '@new', () => false],
        ['@d', '@new', { filter: (source: string) => !source.endsWith('/k') }],
      ],
    ),
  ]),
)

holds('move comes to the same as that of fs-extra', () =>
  alike([
    ...each(['move'], pairs),
    ...each(
      ['move'],
      [
        ['@f', '@g', { overwrite: true }],
        ['@f', '@g', { clobber: true }],
        ['@f', '@hard', { overwrite: true }],
        ['@d', '@n', { overwrite: true }],
        ['@d', '@empty', { overwrite: true }],
        ['@d', '@f', { overwrite: true }],
        ['@f', '@d', { overwrite: true }],
        ['@d', '@d/x', { overwrite: true }],
        ['@f', '@F'],
      ],
    ),
  ]),
)

const places = [['@f'], ['@d'], ['@none'], ['@none/deep/er'], ['@ld'], ['@lf'], ['@d/']]

/** On Windows Node names the file that is in the way. */
const belowFile = each(isWindows ? [] : ['ensureDir'], [['@f/x']])

holds('what makes and removes things comes to the same as in fs-extra', () =>
  alike([
    ...each(['remove', 'ensureDir', 'ensureFile', 'pathExists'], places),
    ...each(
      ['ensureDir'],
      [
        ['@m', 0o700],
        ['@m/a', { mode: 0o750 }],
        ['@m', { mode: undefined }],
        ['@m', null],
        ['@m', '700'],
      ],
    ),
    ...belowFile,
    ['ensureFile', '@dangling'],
    ['remove', '@dangling'],
    ['pathExists', '@dangling'],
    ['pathExists', undefined],
  ]),
)

holds('ensureLink and ensureSymlink come to the same as those of fs-extra', () =>
  alike([
    ...each(
      ['ensureLink'],
      [
        ['@f', '@new'],
        ['@f', '@a/b/new'],
        ['@f', '@hard'],
        ['@f', '@f'],
        ['@f', '@g'],
        ['@f', '@d'],
        ['@none', '@new'],
        ['@none', '@a/new'],
        ['@d', '@new'],
        ['@lf', '@new'],
      ],
    ),
    ...each(
      ['ensureSymlink'],
      [
        ['@f', '@new'],
        ['@f', '@a/b/new'],
        ['f', '@new'],
        ['f', '@d/new'],
        ['../f', '@d/new'],
        ['@d', '@new'],
        ['@f', '@lf'],
        ['f', '@lf'],
        ['./f', '@lf'],
        ['@d', '@ld'],
        ['@g', '@lf'],
        ['@f', '@g'],
        ['@f', '@dangling'],
        ['@none', '@new'],
        ['@f', '@new', 'file'],
        ['@d', '@new', 'dir'],
        ['@f', '@new', 'bogus'],
      ],
    ),
  ]),
)

holds('what is no path is refused as by fs-extra', async () => {
  // Not `remove`: of that, fs-extra throws what no one can catch.
  const names = ['copy', 'move', 'ensureLink', 'ensureSymlink', 'ensureFile', 'emptyDir', 'ensureDir']
  // Wine reports that it has made a link of any text.
  for (const name of isWine ? names.filter(one => one !== 'ensureSymlink') : names)
    for (const path of [undefined, null, 5, {}, '', 'a\0b'])
      for (const args of [
        [path, 'x'],
        [join(dirOfFiles, 'f'), path],
      ].slice(0, /copy|move|Link|Symlink/.test(name) ? 2 : 1)) {
        const [theirs, ours] = await Promise.all([peer, face].map(of => codeOf(of, name, args)))
        // On Windows fs-extra looks first for characters that no name has, also in what is no text: that error has no code.
        const shown = (said: unknown) => (isWindows && name.endsWith('Dir') && Array.isArray(said) ? said[0] : said)
        assert.equal(shown(ours), shown(theirs), `${name}(${args.join(', ')})`)
        assert.equal(shown(codeOfSync(face, name, args)), shown(theirs), `${name}Sync(${args.join(', ')})`)
      }
})

const value = { a: [1, { b: 2 }], c: 'x' }
const files = ['@f', '@new', '@o/p/q', '@d', '@lf', '@dangling', '@ld']
const written = [undefined, 'utf8', 'hex', { mode: 0o600 }, { flag: 'a' }, { flag: 'wx' }, null, { encoding: 'bogus' }]

holds('what writes files comes to the same as in fs-extra', () =>
  alike([
    ...each(
      ['outputFile', 'writeFile'],
      [...files.map(file => [file, 'text']), ...written.map(options => ['@g', '6162', options])],
    ),
    ['outputFile', '@new', Buffer.from('bytes')],
    ['outputFile', '@new', 12],
    ['outputFile', '@new', {}],
    ...each(
      ['writeJson', 'outputJson'],
      ['@f', '@o/p/q', '@d'].map(file => [file, value]),
    ),
    ...each(
      ['writeJson'],
      [
        { spaces: 2 },
        { spaces: '\t', EOL: '\r\n' },
        { replacer: ['a'] },
        { finalEOL: false },
        { mode: 0o600 },
        { flag: 'a' },
        'utf8',
      ].map(options => ['@new', value, options]),
    ),
    ['writeJson', '@new', () => {}],
  ]),
)

holds('JSON is read as by fs-extra', () =>
  alike(
    each(
      ['readJson'],
      [undefined, { throws: false }, { throws: true }, { encoding: 'utf8' }, 'utf8'].flatMap(options =>
        ['@j.json', '@bad.json', '@none', '@d'].map(file => [file, options]),
      ),
    ),
  ),
)

const onDirectories = [
  ['@d', '@n'],
  ['@d', '@empty'],
  ['@f', '@d'],
]

holds("Node's own functions come to the same as in fs-extra", async () => {
  // The sync form of newer Nodes words otherwise what it says of a directory.
  await assertAlike(peer, face, each(['cp'], [...onDirectories, ['@d', '@f']]), ['promise', 'callback'])
  await alike([
    ...each(
      ['stat', 'lstat', 'readdir', 'readFile', 'access', 'readlink', 'unlink', 'rmdir', 'mkdir', 'rm'],
      [['@f'], ['@d'], ['@none'], ['@ld']],
    ),
    ...each(
      ['cp', 'rename', 'link', 'symlink'],
      [
        ['@f', '@new'],
        ['@f', '@g'],
        ['@none', '@new'],
      ],
    ),
    // On Windows Node puts a directory in the place of a file.
    ...each(isWindows ? [] : ['rename'], [['@d', '@f']]),
    ...each(['rename'], onDirectories),
    ...each(['link', 'symlink'], [...onDirectories, ['@d', '@f']]),
    ['cp', '@d', '@new', { recursive: true }],
    ['rm', '@d', { recursive: true }],
    ['rm', '@none', { recursive: true }],
    ['rm', '@none', { recursive: true, force: true }],
    ['mkdir', '@a/b', { recursive: true }],
    ['mkdir', 'a/b', { recursive: true }],
    ['mkdir', '@f', { recursive: true }],
    ...each(isWindows ? [] : ['mkdir'], [['@f/b', { recursive: true }]]),
    ['mkdir', '@m', { recursive: true, mode: '700' }],
  ])
  for (const of of [peer, face])
    assert.is((codeOfSync(of, 'cp', [dirOfFiles, `${dirOfFiles}-copy`]) as string[])[1], 'ERR_FS_EISDIR')
})

holds('the names are those of fs-extra, in all three modules', async () => {
  const names = (one: object) =>
    Object.keys(one)
      .filter(name => !['gracefulify', 'default', 'module.exports'].includes(name))
      .sort()
  assert.equal(names(face), names(peer))
  const esm = await import('holdfast/fs-extra/esm')
  assert.equal(names(esm), names(await import('fs-extra/esm')))
  assert.equal(names(esm.default), names(esm))
  const named = (await import('holdfast/fs-extra')) as unknown as Package
  assert.is(named.default, face)
  // graceful-fs, which fs-extra loads, replaces these in `node:fs` for all.
  const replaced = ['close', 'closeSync']
  for (const name of names(face)) if (!replaced.includes(name)) assert.is(named[name], face[name], name)
})

holds('aliases are one function, as in fs-extra', () => {
  for (const [name, ...aliases] of [
    ['emptyDir', 'emptydir'],
    ['ensureDir', 'mkdirs', 'mkdirp'],
    ['ensureFile', 'createFile'],
    ['ensureLink', 'createLink'],
    ['ensureSymlink', 'createSymlink'],
    ['outputJson', 'outputJSON'],
    ['readJson', 'readJSON'],
    ['writeJson', 'writeJSON'],
  ] as const)
    for (const alias of aliases)
      for (const form of ['', 'Sync']) {
        assert.is(typeof face[name + form], 'function')
        assert.is(face[alias + form], face[name + form], alias)
      }
})
