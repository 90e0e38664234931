// Runs a program of every public function on Node, Bun and Deno, with the package as `npm install` unpacks it from its tarball,
// and prints what works where. npm has packages that hold the binaries; each is installed once, under node_modules, and is no
// dependency of the project.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { limits } from '../dist/spec/compat/limits.js'
import { pack } from './pack.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const { platform, arch } = process
const onWindows = platform === 'win32'
const ending = onWindows ? '.exe' : ''

/** How each is called, and its package, which is that of the binary itself, so that no install script has to run. */
const runtimes = {
  node: { binary: process.execPath, args: [] },
  bun: {
    package: `@oven/bun-${onWindows ? 'windows' : platform}-${arch === 'arm64' ? 'aarch64' : arch}`,
    path: ['bin', `bun${ending}`],
    args: [],
  },
  deno: {
    package: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`,
    path: [`deno${ending}`],
    args: ['run', '--allow-all', '--quiet'],
  },
}

function installed(name, runtime) {
  if (runtime.binary) return runtime.binary
  const home = join(top, 'node_modules', '.runtimes', name)
  const binary = join(home, 'node_modules', runtime.package, ...runtime.path)
  if (existsSync(binary)) return binary
  console.log(`Installing ${name} ...`)
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', runtime.package]
  if (spawnSync('npm', args, { cwd: home, stdio: 'inherit', shell: onWindows }).status !== 0) process.exit(1)
  return binary
}

/** The directory of a user, who has installed the tarball, and has the program. */
const home = join(top, 'node_modules', '.compat')

function npm(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', shell: onWindows })
  if (status === 0) return stdout.trim()
  console.error(`npm ${args[0]} failed:\n${stdout}${stderr}`)
  process.exit(1)
}

async function installPackage() {
  const shipped = await pack()
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  const tarball = npm(shipped, 'pack', '--loglevel=error', '--pack-destination', home).split('\n').at(-1)
  const dependencies = { holdfast: `file:${tarball}` }
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  npm(home, 'install', '--no-audit', '--no-fund', '--loglevel=error')
  // It names other files of the specs, and one of the library.
  for (const name of ['spec/compat', 'spec/support', 'lib'])
    cpSync(join(top, 'dist', name), join(home, 'program', name), { recursive: true })
  const where = `console.log(import.meta.resolve('holdfast'), import.meta.resolve('holdfast/store'))\n`
  writeFileSync(join(home, 'program', 'where.js'), where)
}

function run(name, runtime, program, ...args) {
  return spawnSync(installed(name, runtime), [...runtime.args, join(home, 'program', program), ...args], {
    cwd: home,
    encoding: 'utf8',
  })
}

/** What is measured is what is published, and not what lies in the work tree. */
function check(name, runtime) {
  const { stdout, stderr } = run(name, runtime, 'where.js')
  const urls = stdout.trim().split(' ')
  const shipped = realpathSync(join(home, 'node_modules', 'holdfast'))
  if (urls.length === 2 && urls.every(url => realpathSync(new URL(url)).startsWith(shipped))) return
  console.error(`${name} does not load the installed package, but ${stdout}${stderr}`)
  process.exit(1)
}

function reportOf(name, runtime) {
  check(name, runtime)
  const { stdout, stderr } = run(name, runtime, 'spec/compat/program.js', '--report')
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1))
  } catch {
    console.error(`${name} did not come to the end:\n${stdout}${stderr}`)
    process.exit(1)
  }
}

const wanted = process.argv.slice(2)
const names = wanted.length > 0 ? wanted : Object.keys(runtimes)
for (const name of names) {
  if (Object.hasOwn(runtimes, name)) continue
  console.error(`There is no runtime '${name}', but: ${Object.keys(runtimes).join(', ')}.`)
  process.exit(1)
}
await installPackage()
const reports = names.map(name => ({ name, ...reportOf(name, runtimes[name]) }))

/** `yes`, `no` as it is known, or what is wrong. */
const notes = []
function cell({ name, runtime }, row, form, said) {
  if (said === undefined) return '-'
  const limit = limits[name]?.[row]
  if (said === 'yes' && !limit) return 'yes'
  if (said !== 'yes' && limit) return 'no'
  notes.push(`${runtime}, ${row}, ${form}: ${said === 'yes' ? 'works, although it is listed as a limit' : said}`)
  return said === 'yes' ? 'YES' : 'FAILS'
}

const head = ['', ...reports.flatMap(({ runtime }) => [runtime, '.sync'])]
const lines = reports[0].outcomes.map(({ name: row }, at) => [
  row,
  ...reports.flatMap(report => ['promise', 'sync'].map(form => cell(report, row, form, report.outcomes[at][form]))),
])
const widths = head.map((_, at) => Math.max(...[head, ...lines].map(line => line[at].length)))
for (const line of [head, ...lines])
  console.log(
    line
      .map((text, at) => text.padEnd(widths[at]))
      .join('  ')
      .trimEnd(),
  )
for (const { name, runtime } of reports)
  for (const [row, why] of Object.entries(limits[name] ?? {})) console.log(`\n${runtime}, ${row}: ${why}`)
for (const note of notes) console.log(`\n${note}`)
process.exitCode = notes.length === 0 ? 0 : 1
