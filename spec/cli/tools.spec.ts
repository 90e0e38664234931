// `holdfast migrate` and `completion`, as processes; and what is shown on a terminal.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lock } from 'holdfast'
import { quoted } from '../../lib/cli/completion/words.js'
import { describeHolder, describeProgress } from '../../lib/cli/say.js'
import { bin, ends, node, untilThere } from '../support/cli.js'
import { assert, canBeAnother, holds, scratch, userId } from '../support/kit.js'

holds('migrate: lists the imports of packages that have a face, and rewrites them if that is wanted', async () => {
  const dir = scratch()
  const text = `import fs from "fs-extra"
import { move } from 'fs-extra/esm' // é
import 'mkdirp/other'
const [a, b] = [require('rimraf'), await import(
  'make-dir')]
import { readFile } from 'node:fs/promises'
`
  mkdirSync(join(dir, 'src'))
  for (const out of ['node_modules', '.git']) {
    mkdirSync(join(dir, out))
    writeFileSync(join(dir, out, 'a.js'), text)
  }
  writeFileSync(join(dir, 'src', 'a.mts'), text)
  writeFileSync(join(dir, 'src', 'a.txt'), text)
  symlinkSync('src', join(dir, 'link'))
  const { out } = await ends(0, ['migrate', dir])
  const shown = out
    .trim()
    .split('\n')
    .map(line => line.replace(`${join(dir, 'src/a.mts')}:`, ''))
  assert.equal(shown, [
    '1: fs-extra -> holdfast/fs-extra',
    '2: fs-extra/esm -> holdfast/fs-extra/esm',
    '4: rimraf -> holdfast/rimraf',
    '4: make-dir -> holdfast/make-dir',
  ])
  assert.is(readFileSync(join(dir, 'src', 'a.mts'), 'utf8'), text)
  const { out: json } = await ends(0, ['migrate', '--write', '--node-fs', '--json', dir])
  assert.is(JSON.parse(json).length, 5)
  const expected = text
    .replace(/(['"])(fs-extra|rimraf|make-dir)/g, '$1holdfast/$2')
    .replace('node:fs/promises', 'holdfast/fs-promises')
  assert.is(readFileSync(join(dir, 'src', 'a.mts'), 'utf8'), expected)
  assert.equal(readdirSync(join(dir, 'src')).sort(), ['a.mts', 'a.txt'])
  assert.is((await ends(0, ['migrate', dir])).out, '')
})

/** What bash offers for a line whose last word is under way. */
function completed(script: string, words: readonly string[]): string[] {
  const run = `${script}
COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', run], { encoding: 'utf8' })
  assert.equal([status, stderr], [0, ''])
  return stdout.split('\n').filter(word => word !== '')
}

if (spawnSync('bash', ['-c', '']).status === 0)
  holds('completion: bash completes commands, words and options', async () => {
    const { out } = await ends(0, ['completion', 'bash'])
    assert.equal(completed(out, ['holdfast', 'lo']), ['lock'])
    assert.equal(completed(out, ['holdfast', 'store', 'g']), ['get'])
    assert.equal(completed(out, ['holdfast', 'store', 'get', '--b']), ['--bytes'])
    assert.equal(completed(out, ['holdfast', 'lock', '--wa']), ['--wait='])
    assert.equal(completed(out, ['holdfast', 'lock', 'f', '--', '--wa']), [])
  })
else holds.skip('completion: bash completes commands, words and options', 'no bash')

holds('completion: the scripts of zsh and fish are right where these shells are', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { out } = await ends(0, ['completion', shell])
    assert.match(out, /no-replace/)
    assert.match(out, shell === 'zsh' ? ':(none file full)' : "-l durability -x -a 'none file full'")
    const file = join(scratch(), shell)
    writeFileSync(file, out)
    const { status, error } = spawnSync(shell, ['-n', file])
    if (!error) assert.is(status, 0, shell)
  }
  await ends(64, ['completion', 'constructor'])
})

if (process.platform !== 'win32')
  holds('it works through a link, as npm installs it, also for an ordinary user', () => {
    const link = join(scratch(), 'holdfast')
    symlinkSync(bin, link)
    const user = canBeAnother() ? { uid: userId, gid: userId } : {}
    chmodSync(dirname(link), 0o755)
    const { status, stdout } = spawnSync(link, ['lock', '--help'], { encoding: 'utf8', cwd: '/', ...user })
    assert.is(status, 0)
    assert.match(stdout, /^Usage: holdfast lock/)
  })

/**
 * Runs a command line on a terminal, which gets what is written to the stdin of `script`. `exec`: some shells stay
 * between, and end by Ctrl-C themselves.
 */
function onTerminal(line: readonly string[]) {
  const command = `exec ${[process.execPath, bin, ...line].map(quoted).join(' ')}`
  return spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
}

const seeTerminal = spawnSync('script', ['-qec', 'exit 3', '/dev/null'], { input: '' }).status === 3
const onTerminals = seeTerminal ? holds : (name: string) => holds.skip(name, 'no script(1) to make a terminal')

onTerminals('Ctrl-C: the program gets one SIGINT, and decides; the lock is free', async () => {
  const path = join(scratch(), 'l')
  const script = `const fs = require('fs'); process.on('SIGINT', () => {
    fs.appendFileSync(${JSON.stringify(`${path}-got`)}, 'x'); setTimeout(() => process.exit(4), 300) })
    setInterval(() => {}, 1000); fs.writeFileSync(${JSON.stringify(`${path}-up`)}, '')`
  const terminal = onTerminal(['lock', path, ...node(script)])
  const ended = once(terminal, 'close')
  await untilThere(`${path}-up`)
  terminal.stdin.write('\u0003')
  assert.equal(await ended, [4, null])
  assert.is(readFileSync(`${path}-got`, 'utf8'), 'x')
  assert.is(await lock.holder(path), undefined)
})

onTerminals('who is waited for stands in one line, which goes', async () => {
  const path = join(scratch(), 'l')
  const lease = await lock(path, { label: 'the spec' })
  const terminal = onTerminal(['lock', path, ...node(`console.log('7')`)])
  let shown = ''
  terminal.stdout.setEncoding('utf8').on('data', text => (shown += text))
  const ended = once(terminal, 'close')
  while (!/waiting for process/.test(shown)) await new Promise(resolve => setTimeout(resolve, 10))
  await lease.release()
  assert.equal(await ended, [0, null])
  assert.match(shown, new RegExp(`\\r\u001b\\[Kwaiting for process ${process.pid} on `))
  assert.ok(shown.endsWith('\r\u001b[K7\r\n'), JSON.stringify(shown))
})

holds('a line on a terminal is one line, and has nothing in it that a terminal obeys', () => {
  const progress = { done: 1, total: 2, bytes: 2 ** 20, totalBytes: 2 ** 21, path: 'a/'.repeat(100) }
  const line = describeProgress(progress, 80)
  assert.ok(line.startsWith('[##########..........] 1/2 1.0 MiB '))
  assert.ok(line.length < 80)
  const none = { owner: 'o', thread: undefined, host: undefined, fence: 1, since: undefined, alive: undefined }
  assert.is(describeHolder({ ...none, pid: 7, label: 'a\r\u001b[2Jb', data: undefined }), 'process 7 (a??[2Jb)')
})
