// Runs the suite on the other Node lines. npm has packages that hold the binaries; each is installed once, under
// node_modules, and the whole suite runs on it, child processes too, because specs start them with `process.execPath`.
// Numbers are the lines that are wanted; the rest is for the runner: `npm run test:nodes -- 24 store/sqlite --full`.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const wanted = process.argv.slice(2).filter(word => /^\d+$/.test(word))
const others = process.argv.slice(2).filter(word => !wanted.includes(word))
const lines = wanted.length > 0 ? wanted : ['22', '24', '26']
const results = []

for (const line of lines) {
  const home = join(top, 'node_modules', '.nodes', line)
  const names = process.platform === 'win32' ? ['node.exe'] : ['bin', 'node']
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const binary = join(home, 'node_modules', `node-${platform}-${process.arch}`, ...names)
  if (!existsSync(binary)) {
    console.log(`Installing Node ${line} ...`)
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
    // The package of the binary itself, so that no install script has to run.
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `node-${platform}-${process.arch}@${line}`]
    const shell = process.platform === 'win32'
    if (spawnSync('npm', args, { cwd: home, stdio: 'inherit', shell }).status !== 0) process.exit(1)
  }
  console.log(`\nNode ${spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  // Tools that the specs start are found by PATH, and must run on the same Node.
  const path = `${dirname(binary)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`
  const { status } = spawnSync(binary, [join(top, 'dist', 'spec', 'run.js'), ...others], {
    cwd: top,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  results.push({ line, status })
}

for (const { line, status } of results) console.log(`Node ${line}: ${status === 0 ? 'passed' : 'failed'}`)
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1
