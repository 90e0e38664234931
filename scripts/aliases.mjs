// Makes one package for each face, with the name and version of the package that it stands for, and one line that hands the
// face on. `overrides` in a package.json put one in the place of that package, in all that depends on it:
//
//   "overrides": { "mkdirp": "file:aliases/mkdirp" }

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const own = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))

/** The version that each face stands for, its entries, and those that have a default export. */
export const aliases = {
  atomically: { version: '2.1.1', entries: ['.'], defaults: [] },
  'fs-extra': { version: '11.4.1', entries: ['.', './esm'], defaults: ['.', './esm'] },
  'make-dir': { version: '5.1.0', entries: ['.'], defaults: [] },
  mkdirp: { version: '3.0.1', entries: ['.'], defaults: ['.'] },
  'move-file': { version: '4.1.0', entries: ['.'], defaults: [] },
  'proper-lockfile': { version: '4.1.2', entries: ['.'], defaults: ['.'] },
  rimraf: { version: '6.1.4', entries: ['.'], defaults: [] },
  'write-file-atomic': { version: '8.0.0', entries: ['.'], defaults: ['.'] },
}

/** Where the face of an entry is. */
const faceOf = (name, entry) => `${name}${entry.slice(1)}`

/** Writes the package of one face to a directory of its name in `dir`, and returns its path. */
export function writeAlias(name, dir) {
  const { version, entries, defaults } = aliases[name]
  const exported = entry => (entry === '.' ? 'index' : entry.slice(2))
  const files = entries.flatMap(entry => [`${exported(entry)}.js`, `${exported(entry)}.d.ts`])
  const to = join(dir, name)
  mkdirSync(to, { recursive: true })
  const manifest = {
    name,
    version,
    description: `The package ${name}, as holdfast has it`,
    license: own.license,
    type: 'module',
    main: './index.js',
    types: './index.d.ts',
    exports: {
      ...Object.fromEntries(
        entries.map(entry => [entry, { types: `./${exported(entry)}.d.ts`, default: `./${exported(entry)}.js` }]),
      ),
      './package.json': './package.json',
    },
    files,
    engines: own.engines,
    dependencies: { holdfast: `^${own.version}` },
  }
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const entry of entries) {
    const from = `'holdfast/${faceOf(name, entry)}'`
    const line = `export * from ${from}${defaults.includes(entry) ? `; export { default } from ${from}` : ''}\n`
    for (const ending of ['js', 'd.ts']) writeFileSync(join(to, `${exported(entry)}.${ending}`), line)
  }
  return to
}

/** The faces that there are. */
export const faces = Object.keys(aliases).filter(name => Object.hasOwn(own.exports, `./${name}`))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dir = resolve(process.argv[2] ?? join(top, 'dist', 'aliases'))
  for (const name of faces) console.log(writeAlias(name, dir))
}
