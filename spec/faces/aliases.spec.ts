// The packages that stand for others in whole trees of dependencies.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert, holds, scratch } from '../support/kit.js'

const top = fileURLToPath(new URL('../../..', import.meta.url))

interface Aliases {
  readonly faces: readonly string[]
  readonly aliases: Readonly<Record<string, { readonly version: string; readonly entries: readonly string[] }>>
  writeAlias(name: string, dir: string): string
}
const { faces, aliases, writeAlias } = (await import(
  pathToFileURL(join(top, 'scripts/aliases.mjs')).href
)) as unknown as Aliases

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

holds('every face of a package has an alias, with a default export where the face has one', async () => {
  const { exports } = json(join(top, 'package.json')) as { exports: Record<string, { default: string }> }
  const made = Object.entries(exports).filter(([, to]) => to.default?.includes('/faces/'))
  const own = new Set(['fs-promises'])
  const entries = faces.flatMap(name => aliases[name]?.entries.map(entry => `${name}${entry.slice(1)}`) ?? [])
  assert.equal(made.flatMap(([name]) => (own.has(name.slice(2)) ? [] : name.slice(2))).sort(), entries.sort())
  const dir = scratch()
  for (const name of faces) {
    const to = writeAlias(name, dir)
    const { version } = json(join(to, 'package.json'))
    assert.is(version, aliases[name]?.version)
    for (const entry of aliases[name]?.entries ?? []) {
      const face = await import(`holdfast/${name}${entry.slice(1)}`)
      const text = readFileSync(join(to, entry === '.' ? 'index.js' : `${entry.slice(2)}.js`), 'utf8')
      assert.is(text.includes('default'), 'default' in face, `${name} ${entry}`)
    }
  }
})

/** Writes a package with these files, and returns its directory. */
function lay(dir: string, manifest: object, files: Readonly<Record<string, string>> = {}): string {
  mkdirSync(dir)
  writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

holds('installed by `overrides`, it is what a package that depends on the other one gets', () => {
  const app = lay(join(scratch(), 'app'), {
    private: true,
    dependencies: { holdfast: 'file:holdfast', dependent: 'file:dependent' },
    overrides: { mkdirp: 'file:aliases/mkdirp' },
  })
  writeAlias('mkdirp', join(app, 'aliases'))
  const uses = { name: 'dependent', version: '1.0.0', dependencies: { mkdirp: '^3.0.0' } }
  lay(join(app, 'dependent'), uses, { 'index.js': `module.exports = [require('mkdirp'), import('mkdirp')]` })
  // Of this package, what is built, without what it depends on: that is found where it is.
  const { version, type, exports } = json(join(top, 'package.json'))
  const own = lay(join(app, 'holdfast'), { name: 'holdfast', version, type, exports })
  symlinkSync(join(top, 'dist'), join(own, 'dist'), 'junction')
  const args = ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const npm = spawnSync('npm', args, { cwd: app, encoding: 'utf8', shell: process.platform === 'win32' })
  assert.is(npm.status, 0, npm.stderr)
  const text = `
    const [required, imported] = require('dependent')
    imported.then(({ mkdirp, default: own }) => {
      const made = required.sync('a/b/c')
      const isOurs = required === require('holdfast/mkdirp')
      console.log(JSON.stringify([made, own === required, mkdirp === required.mkdirp, isOurs]))
    })`
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '-e', text], { cwd: app, encoding: 'utf8' })
  assert.is(stderr, '')
  const [made, ...same] = JSON.parse(stdout) as [string, ...boolean[]]
  assert.ok(made.endsWith(join('app', 'a')))
  assert.equal(same, [true, true, true])
})
