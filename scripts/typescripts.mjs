// Compiles a program of a user, in strict mode and with the declarations checked, too (`skipLibCheck: false`), against the
// package as it is published: by each TypeScript from 5.5 to the newest, in each setting of module resolution, with and
// without `types`, and with the types of browsers.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from './installed.mjs'
import { pack } from './pack.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const versions = ['5.5', '5.6', '5.7', '5.8', '5.9', '6', '7', 'latest']
const nameOf = version => `typescript-${version.replace('.', '-')}`

const es = ['ES2023', 'ESNext.Disposable']
const browser = { lib: [...es, 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'], program: ['use.ts', 'browser.ts'] }
const node10 = { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }

/** How a user may be set up. What is not named here: as an ES module, with `types: ['node']`, without the types of browsers. */
const settings = {
  'node16, import': { options: { module: 'node16' } },
  'node16, require': { options: { module: 'node16' }, type: 'commonjs' },
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' } },
  node10: { options: node10, type: 'commonjs', until: 6 },
  'nodenext, no types': { options: { module: 'nodenext' }, types: undefined },
  'node16, dom': { options: { module: 'node16' }, ...browser },
}

const home = installed('typescripts', {
  ...Object.fromEntries(versions.map(version => [nameOf(version), `npm:typescript@${version}`])),
  '@types/node': '^20.19.0',
  ...JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')).dependencies,
})

/** Compiles, and returns what is wrong. */
function compile(version, name, { options, type = 'module', types = ['node'], lib = es, program = ['use.ts'] }) {
  const dir = join(home, 'programs', `${version}-${name.replace(/\W+/g, '-')}`)
  mkdirSync(dir, { recursive: true })
  for (const file of program) cpSync(join(top, 'scripts', 'typescripts', file), join(dir, file))
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ type }))
  const major = Number.parseInt(releaseOf(version), 10)
  const compilerOptions = {
    ...{ target: 'ES2022', lib, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
    ...options,
    ...(settings[name].types === undefined && 'types' in settings[name] ? {} : { types }),
    ...(major >= 6 && options === node10 ? { ignoreDeprecations: '6.0' } : {}),
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const compiler = join(home, 'node_modules', nameOf(version), 'bin', 'tsc')
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', dir], { cwd: dir, encoding: 'utf8' })
  return status === 0 ? undefined : `${stdout}${stderr}`.trim()
}

const releaseOf = version =>
  JSON.parse(readFileSync(join(home, 'node_modules', nameOf(version), 'package.json'), 'utf8')).version

const shipped = await pack()
rmSync(join(home, 'programs'), { recursive: true, force: true })
rmSync(join(home, 'node_modules', 'holdfast'), { recursive: true, force: true })
cpSync(shipped, join(home, 'node_modules', 'holdfast'), { recursive: true })

const wanted = process.argv.slice(2)
const names = Object.keys(settings)
const tried = new Set()
const faults = []
console.log(['TypeScript', ...names].join(' | '))
for (const version of versions) {
  const release = releaseOf(version)
  if (tried.has(release) || (wanted.length > 0 && !wanted.includes(version))) continue
  tried.add(release)
  const cells = names.map(name => {
    const { until = Number.POSITIVE_INFINITY, ...setting } = settings[name]
    if (Number.parseInt(release, 10) > until) return '-'
    const fault = compile(version, name, setting)
    if (fault) faults.push(`TypeScript ${release}, ${name}:\n${fault}`)
    return fault ? 'FAILS' : 'yes'
  })
  console.log([release.padEnd(10), ...cells.map((cell, at) => cell.padEnd(names[at].length))].join(' | '))
}
for (const fault of faults) console.log(`\n${fault.split('\n').slice(0, 12).join('\n')}`)
process.exitCode = faults.length === 0 ? 0 : 1
