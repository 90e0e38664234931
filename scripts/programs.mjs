// Runs published programs with the aliases of `npm run aliases` in the place of what they depend on. Each is installed
// once, under node_modules, and is no dependency of the project.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { faces, writeAlias } from './aliases.mjs'
import { programs } from './programs/table.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const onWindows = process.platform === 'win32'
const own = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))

const write = (path, value) => writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value, null, 2))

/** The directory of a program that is installed with its aliases. */
function install(name, { packages, peers }) {
  const home = join(top, 'node_modules', '.programs', name)
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { holdfast: 'file:holdfast', ...packages },
    overrides: Object.fromEntries(peers.map(peer => [peer, `file:aliases/${peer}`])),
  }
  const isThere = existsSync(join(home, 'node_modules', 'holdfast'))
  if (!isThere) rmSync(home, { recursive: true, force: true })
  // What is built, without what it depends on: that is found where it is.
  mkdirSync(join(home, 'holdfast'), { recursive: true })
  const { version, type, exports } = own
  write(join(home, 'holdfast', 'package.json'), { name: 'holdfast', version, type, exports })
  if (!existsSync(join(home, 'holdfast', 'dist')))
    symlinkSync(join(top, 'dist'), join(home, 'holdfast', 'dist'), 'junction')
  for (const peer of peers) writeAlias(peer, join(home, 'aliases'))
  const isSame = isThere && readFileSync(join(home, 'package.json'), 'utf8') === JSON.stringify(manifest, null, 2)
  if (isSame) return home
  console.log(`Installing ${name} ...`)
  write(join(home, 'package.json'), manifest)
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  if (spawnSync('npm', args, { cwd: home, stdio: 'inherit', shell: onWindows }).status !== 0) process.exit(1)
  return home
}

/** Is the alias what the program gets, and not the package itself? */
function check(home, peers) {
  for (const peer of peers) {
    const { dependencies } = JSON.parse(readFileSync(join(home, 'node_modules', peer, 'package.json'), 'utf8'))
    if (!dependencies?.holdfast) throw new Error(`${peer} is not the alias`)
  }
}

function run(home, { use }) {
  const head = `import { deepStrictEqual as equal } from 'node:assert'\n`
  const program = join(home, 'use.mjs')
  write(program, head + use)
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-program-'))
  try {
    const text = `await import(${JSON.stringify(pathToFileURL(program).href)})`
    const args = ['--no-warnings', '--input-type=module', '-e', text]
    return spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8', timeout: 120_000 })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const wanted = process.argv.slice(2).filter(name => Object.hasOwn(programs, name))
let failed = 0
for (const [name, program] of Object.entries(programs)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const peers = program.peers.filter(peer => faces.includes(peer))
  const home = install(name, { ...program, peers })
  check(home, peers)
  const { status, signal, stderr } = run(home, program)
  console.log(
    `${name}, with ${peers.join(' and ')}: ${status === 0 ? 'works' : `FAILS (${signal ?? status})\n${stderr}`}`,
  )
  if (status !== 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1
