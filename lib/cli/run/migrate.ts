// Finds, and rewrites, the imports of packages that have a face.

import { dual } from '../../core/dual.js'
import { fs, type Steps } from '../../core/steps.js'
import { childPath } from '../../parts/tree.js'
import { writeFile } from '../../write-file.js'
import type { Call } from '../command.js'

const packages = [
  ...['atomically', 'fs-extra/esm', 'fs-extra', 'make-dir', 'mkdirp', 'move-file', 'proper-lockfile', 'rimraf'],
  'write-file-atomic',
]
const nodeFs = ['node:fs/promises', 'fs/promises']

const faceOf = (name: string): string => (nodeFs.includes(name) ? 'holdfast/fs-promises' : `holdfast/${name}`)

/** `from 'x'`, `import 'x'`, `import('x')`, `require('x')`, `require.resolve('x')`. */
const importsOf = (names: readonly string[]): RegExp =>
  new RegExp(
    `(\\bfrom\\s*|\\bimport\\s*\\(?\\s*|\\brequire(?:\\.resolve)?\\s*\\(\\s*)(['"])(${names.join('|')})\\2`,
    'g',
  )

export async function runMigrate({ operands: [top = ''], given, say, signal }: Call): Promise<number> {
  const imports = importsOf(given.flag('node-fs') ? [...packages, ...nodeFs] : packages)
  const found: { readonly file: string; readonly line: number; readonly from: string; readonly to: string }[] = []
  for (const file of (await sourcesIn(top, { signal })).sort()) {
    // As it is, byte for byte: a text of another encoding has the same imports.
    const text = (await readWhole(file, { signal })).toString('latin1')
    const before = found.length
    for (const match of text.matchAll(imports)) {
      const [, , , from = ''] = match
      found.push({ file, line: text.slice(0, match.index).split('\n').length, from, to: faceOf(from) })
    }
    if (!given.flag('write') || found.length === before) continue
    const changed = text.replace(imports, (_, lead, quote, name) => `${lead}${quote}${faceOf(name)}${quote}`)
    await writeFile(file, Buffer.from(changed, 'latin1'), { signal })
  }
  if (say.isJson) say.result(found)
  else for (const { file, line, from, to } of found) say.line(`${file}:${line}: ${from} -> ${to}`)
  if (found.length === 0) say.detail('nothing found')
  return 0
}

const readWhole = dual((path: string, _options: object = {}): Steps<Buffer> => fs.readFile(path))

const sourcesIn = dual(function* sourcesIn(top: string, _options: object = {}): Steps<string[]> {
  const found: string[] = []
  const open = [top]
  for (let dir = open.pop(); dir !== undefined; dir = open.pop()) {
    for (const entry of yield* fs.list(dir)) {
      const path = childPath(dir, entry)
      if (typeof entry.name !== 'string' || typeof path !== 'string') continue
      if (entry.kind === 'file' && /\.[cm]?[jt]sx?$/.test(entry.name)) found.push(path)
      if (entry.kind === 'directory' && entry.name !== 'node_modules' && !entry.name.startsWith('.')) open.push(path)
    }
  }
  return found
})
