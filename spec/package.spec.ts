// The package as its users get it.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, holds, scratch } from './support/kit.js'

const top = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const require = createRequire(import.meta.url)

function run(command: string, args: readonly string[]): string {
  const options = { cwd: top, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const { status, stdout, stderr } = spawnSync(command, args, options)
  assert.is(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}
/** A tool that is installed with the project. */
const tool = (name: string, ...args: string[]) => run('npm', ['exec', '--no', '--', name, ...args])

holds('formatter and linter find nothing', () => {
  tool('biome', 'ci', '--error-on-warnings')
})

holds('publint finds nothing', () => {
  assert.match(tool('publint', 'run', '--strict'), /All good/)
})

const pack = (...args: string[]) => {
  const said = run('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=silent', ...args])
  return (JSON.parse(said) as { filename: string; files: { path: string }[] }[])[0]
}

holds('arethetypeswrong finds nothing', () => {
  const dir = scratch()
  const tarball = join(dir, pack('--pack-destination', dir)?.filename ?? '')
  // ESM only: `require` gets it too, by require(esm), but from no Node that cannot.
  tool('attw', tarball, '--profile', 'esm-only', '--no-color', '--no-emoji')
})

holds('what is published is what users need', () => {
  const paths = pack('--dry-run')?.files.map(({ path }) => path) ?? []
  for (const path of paths)
    assert.match(path, /^(dist\/lib\/|lib\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/)
  const needed = [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'dist/lib/index.js',
    'dist/lib/testing/index.d.ts',
    'lib/mkdirp.ts',
  ]
  for (const path of needed) assert.ok(paths.includes(path), `${path} is missing`)
})

holds('require() gets it too', () => {
  assert.is(typeof require('holdfast').mkdirp.sync, 'function')
  assert.is(typeof require('holdfast/steps').dual, 'function')
  assert.is(typeof require('holdfast/testing').explore, 'function')
})

holds('nothing happens at import: no handle, no listener, no timer, no function of fs replaced', () => {
  const script = `
    import fs from 'node:fs'
    const before = { ...fs }
    const [globals, events] = [Object.keys(globalThis).join(), process.eventNames().join()]
    await import('holdfast')
    await import('holdfast/steps')
    const replaced = Object.keys(fs).filter(name => fs[name] !== before[name] && name !== 'promises')
    const active = process.getActiveResourcesInfo().filter(name => /Timeout|FS/.test(name))
    const told = [replaced, active, events === process.eventNames().join(), globals === Object.keys(globalThis).join()]
    console.log(JSON.stringify(told))`
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    cwd: top,
    encoding: 'utf8',
  })
  assert.equal(JSON.parse(stdout), [[], [], true, true])
})

holds('only core/disk.ts imports a filesystem, and nothing in the library prints', () => {
  const files = readdirSync(join(top, 'lib'), { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  )
  for (const name of files.filter(name => !name.startsWith('testing'))) {
    const text = readFileSync(join(top, 'lib', name), 'utf8')
    // A type is gone when the code runs: core/stats.ts names two of Node's.
    if (name !== join('core', 'disk.ts')) assert.not.match(text, /^import (?!type).*'(node:fs|graceful-fs)/m, name)
    assert.not.match(text, /console\./, name)
  }
})

holds('every public function says what holds afterwards, and what is not promised', () => {
  const names = [...readFileSync(join(top, 'lib/index.ts'), 'utf8').matchAll(/from '\.\/([\w-]+)\.js'/g)].map(
    ([, name]) => name,
  )
  assert.ok(names.length >= 4)
  for (const name of names) {
    const text = readFileSync(join(top, 'lib', `${name}.ts`), 'utf8')
    for (const part of [/Holds afterwards: /, /Not promised: /, /@returns /, /@throws /, /@example/])
      assert.match(text, part, name)
  }
})
