// Installs what is missing and builds what has changed, and is quick when there is nothing to do: `npm start` and
// `npm test` need no other step. It uses nothing but Node, because nothing else may be there yet.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (...parts) => join(top, ...parts)
const newer = (a, b) => !existsSync(b) || statSync(a).mtimeMs > statSync(b).mtimeMs

function run(what, command, args) {
  const shell = process.platform === 'win32'
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: top, encoding: 'utf8', shell })
  if (status === 0) return
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}\n${what} failed.\n`)
  process.exit(1)
}

/** Every file that goes into the build, and its directories, whose times tell of files that are gone. */
function* sources() {
  yield at('tsconfig.json')
  yield at('package-lock.json')
  const dirs = ['lib', 'spec', 'examples', 'bench'].map(name => at(name)).filter(existsSync)
  for (const dir of dirs) {
    yield dir
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.isDirectory()) dirs.push(at(dir.slice(top.length), entry.name))
      else if (/\.m?ts$/.test(entry.name)) yield join(dir, entry.name)
    }
  }
}

// npm writes this file at the end of an install, so it tells a whole one from one that was broken off.
if (newer(at('package-lock.json'), at('node_modules', '.package-lock.json'))) {
  console.error('Installing what is missing ...')
  run('npm ci', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

const stamp = at('dist', '.built')
if (!existsSync(stamp) || [...sources()].some(file => newer(file, stamp))) {
  console.error('Building ...')
  const begun = new Date()
  // From nothing: what is no longer in the sources must not be in the build.
  rmSync(at('dist'), { recursive: true, force: true })
  run('The build', process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', top])
  mkdirSync(at('dist'), { recursive: true })
  writeFileSync(stamp, `${begun.toISOString()}\n`)
}
