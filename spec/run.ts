// Runs every spec file in a process of its own, one after the other, and closes with one line: `N passed, N failed`.

import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { mountAll, unmountBelow } from './support/mounts.js'

const here = dirname(fileURLToPath(import.meta.url))
const wanted = process.argv.slice(2)
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.spec.js') && (wanted.length === 0 || wanted.some(part => name.includes(part))))
  .sort()

// Places of this run's own, on disk and in memory: what a spec leaves behind is found there in the end.
const disk = mkdtempSync(join(tmpdir(), 'holdfast-all-'))
const memory = process.platform === 'linux' ? mkdtempSync('/dev/shm/holdfast-all-') : mkdtempSync(join(disk, 'memory-'))
// Some tests become another user, who must be able to pass.
for (const dir of [disk, memory]) chmodSync(dir, 0o711)
const tidy = (): void => {
  // A spec that was killed cannot do it any more.
  unmountBelow(disk)
  for (const dir of [memory, disk]) rmSync(dir, { recursive: true, force: true })
}
process.once('exit', tidy)

const grouped = process.platform !== 'win32'
const running = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    const end = () => process.exit(128 + constants.signals[signal])
    if (running.size === 0) end()
    for (const child of running) {
      // Not before all of them are gone: a maker would make again what is tidied away.
      child.once('close', end)
      killWithItsOwn(child)
    }
  })
}

function killWithItsOwn(child: ChildProcess): void {
  try {
    if (grouped && child.pid) process.kill(-child.pid, 'SIGKILL')
    else child.kill('SIGKILL')
  } catch {} // Gone already.
}

// Elsewhere, so that they are not taken for something left behind.
const { places, missing, unmount } = mountAll(tmpdir())
process.prependOnceListener('exit', unmount)
for (const { kind, why } of missing) console.log(`skipped: races on ${kind} (${why})`)

const env = {
  ...process.env,
  TMPDIR: disk,
  TEMP: disk,
  TMP: disk,
  HOLDFAST_SCRATCH: memory,
  HOLDFAST_PLACES: JSON.stringify(places),
  NODE_DISABLE_COMPILE_CACHE: '1',
}

const leftBehind = (): string[] =>
  [disk, memory, ...places.map(({ dir }) => dir)]
    .flatMap(dir => readdirSync(dir).map(name => join(dir, name)))
    .filter(path => path !== memory && basename(path) !== 'lost+found')

async function run(file: string): Promise<{ passed: number; failed: number; skipped: number }> {
  const child = spawn(process.execPath, [join(here, file)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: grouped,
  })
  running.add(child)
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
    process.stdout.write(chunk)
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  running.delete(child)
  const count = (what: string) =>
    Number(stripVTControlCharacters(said).match(new RegExp(`${what}:\\s+(\\d+)`))?.[1] ?? 0)
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')]
  // A file that ran nothing, or died, has failed, whatever it counted.
  const failed = Math.max(total - passed, code === 0 && total + skipped > 0 ? 0 : 1)
  return { passed, failed, skipped }
}

const sum = { passed: 0, failed: 0, skipped: 0 }
const bad: string[] = []
for (const file of files) {
  const result = await run(file)
  sum.passed += result.passed
  sum.failed += result.failed
  sum.skipped += result.skipped
  if (result.failed > 0) bad.push(file)
  const left = leftBehind()
  if (left.length > 0) {
    sum.failed++
    bad.push(`${file} left behind: ${left.join(', ')}`)
    for (const path of left) rmSync(path, { recursive: true, force: true })
  }
}
for (const one of bad) console.log(`failed: ${one}`)
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`)
process.exitCode = sum.failed > 0 || files.length === 0 ? 1 : 0
