// Puts each spec and all it imports into one file. Under Wine a module takes some 20 ms to be found, and a spec has 300.

import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { rolldown } from 'rolldown'

/** In one file, each module must still find what is beside it. */
const ownPlace = output => ({
  name: 'own-place',
  transform(code, id) {
    if (!code.includes('import.meta.url') || id.startsWith('\0')) return null
    const place = relative(dirname(output), id).replaceAll('\\', '/')
    const own = place === relative(dirname(output), output) ? 'import.meta.url' : null
    return own ? null : code.replaceAll('import.meta.url', `new URL('./${place}', import.meta.url).href`)
  },
})

/** `from` is a file of `dist`; the bundle replaces it in the copy `to`. */
export async function bundle(from, to) {
  const build = await rolldown({
    input: from,
    platform: 'node',
    plugins: [ownPlace(from)],
    checks: { circularDependency: false },
    logLevel: 'silent',
    treeshake: false,
    external: id => /^(better-sqlite3|ioredis|redis|pg|postgres|@aws-sdk|typescript|fs-extra|proper-lockfile)/.test(id),
  })
  await build.write({ file: to, format: 'esm', codeSplitting: false })
  await build.close()
}

/** Copies what the specs find beside themselves: the build, the sources that they read, and the packages they use. */
export function copyProject(top, to, packages) {
  mkdirSync(to, { recursive: true })
  const copy = name => cpSync(join(top, name), join(to, name), { recursive: true, dereference: true, force: true })
  for (const name of ['dist/lib', 'dist/spec', 'lib', 'bin', 'package.json', 'README.md', 'CHANGELOG.md']) copy(name)
  for (const name of packages) copy(join('node_modules', name))
}

/** The packages that these need, and what those need. */
export function needed(top, names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue
    found.add(name)
    const { dependencies = {} } = JSON.parse(readFileSync(join(top, 'node_modules', name, 'package.json'), 'utf8'))
    needed(top, Object.keys(dependencies), found)
  }
  return [...found]
}
