// Packages that programs of this directory use, and that are no dependencies of the project: installed once, under node_modules.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))

/** Returns the directory, whose node_modules has the packages: `{ name: range }`. */
export function installed(name, packages) {
  const home = join(top, 'node_modules', `.${name}`)
  const path = join(home, 'package.json')
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies: packages }, null, 2)
  // npm writes this file at the end of an install.
  const isThere = existsSync(join(home, 'node_modules', '.package-lock.json'))
  if (isThere && readFileSync(path, 'utf8') === manifest) return home
  mkdirSync(home, { recursive: true })
  writeFileSync(path, manifest)
  console.log(`Installing ${Object.keys(packages).join(', ')} ...`)
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error']
  const shell = process.platform === 'win32'
  if (spawnSync('npm', args, { cwd: home, stdio: 'inherit', shell }).status !== 0) process.exit(1)
  return home
}
