// Installs what is missing and builds what has changed, so that `npm start` and `npm test` need no other step; takes a
// moment when there is nothing to do. It uses only Node, because nothing else may be installed yet. A directory that is
// named, as in `node scripts/ready.mjs bench`, is a package with dependencies of its own, and is made ready afterwards.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const newer = (a, b) => !existsSync(b) || (existsSync(a) && statSync(a).mtimeMs > statSync(b).mtimeMs)

function run(what, cwd, command, args, env = process.env) {
  const shell = process.platform === 'win32'
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell, env })
  if (status === 0) return
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}\n${what} failed.\n`)
  process.exit(1)
}

/** Every file that goes into the build, and its directories: the time of a directory changes when a file is removed. */
function* sources(home, parts) {
  yield join(home, 'tsconfig.json')
  yield join(home, 'package-lock.json')
  const dirs = parts.map(name => join(home, name)).filter(existsSync)
  for (const dir of dirs) {
    yield dir
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (['node_modules', 'dist', 'results'].includes(entry.name)) continue
      const path = join(dir, entry.name)
      // What is a package of its own is no part of this one, and an install changes the time of its directory.
      if (entry.isDirectory() && !existsSync(join(path, 'package.json'))) dirs.push(path)
      else if (/\.m?ts$/.test(entry.name)) yield path
    }
  }
}

/**
 * Where specs install addons, the compiler does not optimize: that takes it more than half of the time, and specs ask what an
 * addon does, not how fast it is. The bench asks how fast.
 */
function compiling(home) {
  const { CFLAGS, CXXFLAGS } = process.env
  const isForSpecs = home === join(top, 'spec', 'engines')
  if (!isForSpecs || CFLAGS !== undefined || CXXFLAGS !== undefined) return process.env
  return { ...process.env, CFLAGS: '-O0', CXXFLAGS: '-O0' }
}

function ready(home, parts, name) {
  // npm writes this file at the end of an install, so an install that was interrupted has none.
  if (newer(join(home, 'package-lock.json'), join(home, 'node_modules', '.package-lock.json'))) {
    console.error(`Installing what is missing${name} ...`)
    run('npm ci', home, 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], compiling(home))
  }
  const built = join(home, 'dist')
  const stamp = join(built, '.built')
  // A package that depends on holdfast is built again when holdfast was.
  const parents = [...sources(home, parts), join(top, 'dist', '.built')]
  if (existsSync(stamp) && !parents.some(file => newer(file, stamp))) return
  console.error(`Building${name} ...`)
  const begun = new Date()
  // From nothing, because the build must not keep what the sources no longer have.
  rmSync(built, { recursive: true, force: true })
  run('The build', home, process.execPath, [join(top, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', home])
  mkdirSync(built, { recursive: true })
  writeFileSync(stamp, `${begun.toISOString()}\n`)
}

ready(top, ['lib', 'spec', 'examples'], '')
for (const name of process.argv.slice(2)) ready(join(top, name), ['.'], ` for ${name}`)
