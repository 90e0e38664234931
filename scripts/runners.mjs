// Jest and vitest run a spec of a user, with the package as it is published: in each the package is imported and required, by
// the runner's own loader.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from './installed.mjs'
import { pack } from './pack.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const [major] = process.versions.node.split('.').map(Number)
const { dependencies } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
// Vitest 5 needs Node 22.
const home = installed('runners', { jest: '^30.0.0', vitest: major < 22 ? '^4.1.0' : '^5.0.0', ...dependencies })

/** The same for both: what runs at the same time is one, a lock excludes, and nothing is left. */
const body = `
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-runner-'))
  const at = name => join(dir, name)
  test('changes at the same time are all kept', async () => {
    const add = () => updateFile(at('n.json'), old => ({ n: (old?.n ?? 0) + 1 }), { json: true })
    await Promise.all(Array.from({ length: 20 }, add))
    expect(await readJson(at('n.json'))).toEqual({ n: 20 })
  })
  test('a lock excludes, and errors are of this realm', async () => {
    const lease = await lock(at('l'))
    expect(await lock.try(at('l'))).toBeUndefined()
    await lease.release()
    await expect(readJson(at('none'))).rejects.toThrow('ENOENT')
    await expect(mkdirp(5)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })
  test('stores and faces work', async () => {
    const { value } = await getOrSet(fileStore(at('store')), 'key', async () => 7)
    expect(value).toBe(7)
    extra.outputJsonSync(at('x/y.json'), [1])
    expect(extra.readJsonSync(at('x/y.json'))).toEqual([1])
  })
  test('no call waits for timers that are faked', async () => {
    fakes.useFakeTimers()
    const held = await lock(at('held'))
    await expect(lock(at('held'), { timeout: 20 })).rejects.toMatchObject({ code: 'ERR_LOCK_HELD' })
    await held.release()
    const text = 'x'.repeat(300_000)
    await Promise.all(Array.from({ length: 50 }, (_, nth) => writeFile(at('file' + nth), text)))
    await new Promise(over => extra.copy(at('file0'), at('copy'), over))
    expect(readFileSync(at('copy'), 'utf8')).toBe(text)
    fakes.useRealTimers()
  })
  test('nothing private is left', () => {
    expect(readdirSync(dir).filter(name => name.startsWith('.'))).toEqual([])
    rmSync(dir, { recursive: true })
  })
`
const needs = [
  ['{ lock, mkdirp, readJson, updateFile, writeFile }', 'holdfast'],
  ['{ fileStore, getOrSet }', 'holdfast/store'],
  ['extra', 'holdfast/fs-extra'],
  ['{ mkdtempSync, readdirSync, readFileSync, rmSync }', 'node:fs'],
  ['{ join }', 'node:path'],
  ['{ tmpdir }', 'node:os'],
]
const imports = needs.map(([names, from]) => `import ${names} from '${from}'\n`).join('')
const requires = needs.map(([names, from]) => `const ${names} = require('${from}')\n`).join('')

const config = { transform: {}, testEnvironment: 'node' }
const fakedBefore = { ...config, fakeTimers: { enableGlobally: true } }

const programs = {
  'Jest, require': {
    file: 'jest.spec.cjs',
    text: `const fakes = jest\n${requires}${body}`,
    args: ['jest/bin/jest.js', '--testMatch', '**/jest.spec.cjs'],
  },
  'Jest, require, timers faked before': {
    file: 'jest.spec.cjs',
    text: `const fakes = jest\n${requires}${body}`,
    args: ['jest/bin/jest.js', '--testMatch', '**/jest.spec.cjs', '--config', JSON.stringify(fakedBefore)],
  },
  'Jest, import': {
    file: 'jest.spec.mjs',
    text: `import { jest as fakes } from '@jest/globals'\n${imports}${body}`,
    flags: ['--experimental-vm-modules', '--no-warnings'],
    args: ['jest/bin/jest.js', '--testMatch', '**/jest.spec.mjs'],
  },
  vitest: {
    file: 'vitest.spec.mjs',
    text: `import { expect, test, vi as fakes } from 'vitest'\n${imports}${body}`,
    args: ['vitest/vitest.mjs', 'run', 'vitest.spec.mjs'],
  },
}

const shipped = await pack()
rmSync(join(home, 'node_modules', 'holdfast'), { recursive: true, force: true })
cpSync(shipped, join(home, 'node_modules', 'holdfast'), { recursive: true })
// Elsewhere, because Jest finds no specs below node_modules.
const dir = mkdtempSync(join(tmpdir(), 'holdfast-runners-'))
symlinkSync(join(home, 'node_modules'), join(dir, 'node_modules'), 'junction')
writeFileSync(join(dir, 'jest.config.json'), JSON.stringify(config))
writeFileSync(join(dir, 'package.json'), '{}')

let failed = 0
for (const [name, { file, text, flags = [], args }] of Object.entries(programs)) {
  writeFileSync(join(dir, file), text)
  const [program, ...rest] = args
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, join(home, 'node_modules', program), ...rest],
    { cwd: dir, encoding: 'utf8', env: { ...process.env, CI: 'true', FORCE_COLOR: '0' } },
  )
  const passed = /(\d+) passed/.exec(`${stdout}${stderr}`.replaceAll(/Test (Files|Suites).*/g, ''))?.[1] ?? 0
  console.log(`${name}: ${status === 0 ? `${passed} tests pass` : `FAILS\n${stdout}${stderr}`}`)
  if (status !== 0) failed++
}
rmSync(dir, { recursive: true })
process.exitCode = failed === 0 ? 0 : 1
