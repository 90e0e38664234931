// Makes the package that is published, in dist/package: `npm run release:pack` writes a tarball of it, too. What users load
// is one CommonJS file for each entry over a few shared files, so that there is one state of each module, however it was
// loaded: what an `import` gets is a list of names in front of the same file. Bundlers get such a list as well, with static
// imports.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { minifySync } from 'rolldown/utils'
import { dts } from 'rolldown-plugin-dts'
import { docsOf, documentForms } from './forms.mjs'
import { forManifest, publisher } from './publisher.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
export const home = join(top, 'dist', 'package')
const own = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
const external = [/^node:/, ...Object.keys(own.dependencies)]
const whole = 'module.exports'

/** `./fs-extra/esm` is in files named `fs-extra-esm`. */
const entries = Object.entries(own.exports)
  .filter(([, target]) => target.types)
  .map(([path, { types, default: file }]) => ({
    path,
    name: path === '.' ? 'index' : path.slice(2).replace('/', '-'),
    file: join(top, file),
    types: join(top, types),
  }))

/** mkdirp alone, for bundlers that keep of a package what is used. */
const alone = { name: 'index.mkdirp', file: join(top, 'dist/lib/mkdirp.js') }

/** The command line, which users run and do not import. */
const commands = { name: 'cli', file: join(top, 'dist/lib/cli.js') }

// ---- Which files go together ----

const imported = file =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export|\}).*? from '(\.[^']+)'/gm)].map(([, to]) =>
    join(dirname(file), to),
  )

function reachedFrom(...files) {
  const all = new Set(files)
  for (const file of all) for (const next of imported(file)) all.add(next)
  return all
}

/** What mkdirp needs; what all of `holdfast` needs; and what several of the other entries need. */
function groups() {
  const core = reachedFrom(alone.file)
  const functions = reachedFrom(entries.find(({ path }) => path === '.').file)
  const ofEntry = path => reachedFrom(entries.find(one => one.path === path).file)
  const [content, store] = [ofEntry('./content'), ofEntry('./store')]
  const counts = new Map()
  for (const { file } of entries)
    for (const one of reachedFrom(file)) if (one !== file) counts.set(one, (counts.get(one) ?? 0) + 1)
  const isShared = file => counts.get(file) > 1
  return [
    { name: 'core', test: file => core.has(file) },
    { name: 'functions', test: file => functions.has(file) && !file.endsWith('lib/index.js') },
    { name: 'faces', test: file => isShared(file) && relative(top, file).includes('faces') },
    { name: 'stores', test: file => isShared(file) },
    // The commands need these as well, and a group takes along what it needs.
    { name: 'content-files', test: file => content.has(file) },
    { name: 'store-files', test: file => store.has(file) },
    // In one file, because none of them is large; which are loaded when a command is run.
    { name: 'commands', test: file => relative(top, file).replaceAll('\\', '/').startsWith('dist/lib/cli/run/') },
  ].map((group, at) => ({ ...group, priority: 10 - at }))
}

// ---- The files that are loaded ----

/**
 * Modules of Node are asked for by a function, because a bundler that makes an ES module of this has no `require`. Those
 * that a program may never need are asked for where they are used.
 */
function withoutRequire(code) {
  const eager = ['fs', 'path', 'util', 'buffer', 'url', 'perf_hooks', 'async_hooks', 'timers', 'events']
  return code.replace(/^let (\w+) = require\("node:([\w/]+)"\);$/gm, (_, variable, name) => {
    const ask = `process.getBuiltinModule("node:${name}")`
    const isRenewed = new RegExp(`^${variable} = `, 'm').test(code)
    if (eager.includes(name) || isRenewed) return `let ${variable} = ${ask};`
    lazy.push([variable, ask])
    return ''
  })
}
let lazy = []

/** Names that users see: of what is exported, of errors, and of algorithms, after which diagnostics channels are called. */
const namesThatCount = new Set(['exports', 'module', 'require'])
for (const file of reachedFrom(...entries.map(({ file }) => file)))
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:\(function\*?|^(?:export )?class|= class) (\w+)/gm))
    namesThatCount.add(name)

/** The clock is asked for at its first use, and then kept: a property of the global object is looked up at each use. */
function withClock(code) {
  const [, variable] = /^let (\w+) = require\("node:perf_hooks"\);$/m.exec(code) ?? []
  if (!variable) return code
  const clock = `let ownClock; const ownClockOf = () => (ownClock ??= process.getBuiltinModule("node:perf_hooks").performance);`
  return code
    .replace(`let ${variable} = require("node:perf_hooks");`, clock)
    .replaceAll(`${variable}.performance`, 'ownClockOf()')
}

/** What a file gives to the others is asked for as late as it was, and said in fewer words. */
function withShortExports(code) {
  const one =
    /^Object\.defineProperty\(exports, (["'][\w$.]+["']), \{\s*enumerable: true,\s*get: function\(\) \{\s*return ([\w$.]+);\s*\}\s*\}\);$/gm
  if (!one.test(code)) return code
  const give = 'const $give = (name, get) => Object.defineProperty(exports, name, { enumerable: true, get });'
  return `${give}\n${code.replace(one, '$$give($1, () => $2);')}`
}

function finish(chunk) {
  lazy = []
  let code = withShortExports(withoutRequire(withClock(chunk.code)))
  for (const [variable, ask] of lazy) code = code.replace(new RegExp(`\\b${variable}\\.`, 'g'), () => `${ask}.`)
  if (chunk.isEntry && chunk.exports.includes(whole)) code += `\nmodule.exports = exports["${whole}"];\n`
  const { code: small, errors } = minifySync(chunk.fileName, code, {
    module: false,
    compress: { keepNames: { function: true, class: true } },
    mangle: { toplevel: true, reserved: [...namesThatCount] },
    codegen: { removeWhitespace: true, legalComments: 'none' },
  })
  if (errors?.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return small
}

async function makeFiles() {
  for (const { file } of entries)
    for (const value of Object.values(await import(file)))
      if (typeof value === 'function') namesThatCount.add(value.name)
  const input = Object.fromEntries([...entries, alone, commands].map(({ name, file }) => [name, file]))
  const build = await rolldown({ input, external, platform: 'node' })
  const { output } = await build.generate({
    format: 'cjs',
    exports: 'named',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    comments: false,
    minifyInternalExports: true,
    codeSplitting: { groups: groups() },
  })
  for (const chunk of output) writeFileSync(join(home, 'dist', chunk.fileName), finish(chunk))
}

// ---- Names in front of them ----

async function makeFronts({ name, file }) {
  const names = Object.keys(await import(file)).filter(one => one !== whole)
  const isWhole = Object.hasOwn(await import(file), whole)
  const named = names.filter(one => one !== 'default')
  const hasDefault = names.includes('default')
  const lines = [
    `const all=process.getBuiltinModule('node:module').createRequire(import.meta.url)('./${name}.js')`,
    ...(named.length > 0 ? [`export const{${named.join()}}=all`] : []),
    ...(hasDefault ? [`export default ${isWhole ? 'all' : 'all.default'}`] : []),
  ]
  writeFileSync(join(home, 'dist', `${name}.mjs`), `${lines.join('\n')}\n`)
  const isIndex = name === 'index'
  const rest = named.filter(one => !isIndex || one !== 'mkdirp')
  const front = [
    ...(isIndex ? [`export{mkdirp}from'./${alone.name}.js'`] : []),
    ...(rest.length > 0 ? [`export{${rest.join()}}from'./${name}.js'`] : []),
    ...(hasDefault ? [`export{default}from'./${name}.js'`] : []),
  ]
  writeFileSync(join(home, 'dist', `${name}.bundle.mjs`), `${front.join('\n')}\n`)
}

// ---- The command line ----

function makeCommand() {
  const code = `#!/usr/bin/env node\nrequire('./${commands.name}.js').main(process.argv.slice(2))\n`
  writeFileSync(join(home, 'dist', 'holdfast.js'), code, { mode: 0o755 })
}

// ---- Types ----

/** From TypeScript 6 on, the types of Node are there only for those who ask for them, or use what asks. */
const forNode = '/// <reference types="node" />\n'

/** The default of an entry is declared under this name in a file of its own, and both fronts give it its own name. */
const byDefault = 'byDefault'

/**
 * TypeScript before 5.7 has no generic buffers and views; and what is left of the build for development goes: in the types of
 * CommonJS the name `module.exports` may not be.
 */
const declarations = code =>
  code
    .replaceAll('<ArrayBufferLike>', '')
    .replace(/,?\s*\w+ as ["']module\.exports["']/, '')
    .replace(/^\/\/#(end)?region.*\n/gm, '')
    .replace(/^\/\/# sourceMappingURL=.*\n?/gm, '')
    .replace('{,', '{')

async function makeTypes() {
  const input = Object.fromEntries(entries.map(({ name, types }) => [name, types]))
  const build = await rolldown({ input, external, platform: 'node', plugins: [dts({ dtsInput: true })] })
  const { output } = await build.generate({ format: 'esm', chunkFileNames: 'types-[name].d.ts' })
  const write = (name, text) => writeFileSync(join(home, 'dist', name), text)
  const files = output
    .filter(({ fileName }) => fileName.endsWith('.d.ts'))
    .map(file => ({ ...file, text: declarations(file.code) }))
  const known = new Map(files.flatMap(({ text }) => [...docsOf(text)]))
  for (const { text: bare, fileName, exports, isEntry } of files) {
    const text = `${forNode}${withForms(bare, known, files)}`
    const front = fileName.replace('.d.ts', '.d.mts')
    if (isEntry && exports.includes('default')) {
      write(`types-of-${fileName}`, text.replace(' as default', ` as ${byDefault}`))
      const [, all] = /export \{([^}]*)\};?\s*$/.exec(text)
      const names = all.split(',').map(one => one.trim().replace(/^(type )?.* as /, '$1'))
      const clause = names.map(name => (name === 'default' ? `${byDefault} as default` : name)).join(', ')
      const list = `export { ${clause} } from './types-of-${fileName.replace('.d.ts', '.js')}'\n`
      for (const name of [fileName, front]) write(name, list)
    } else {
      write(fileName, text)
      if (isEntry) write(front, `export * from './${fileName.replace('.d.ts', '.js')}'\n`)
    }
  }
}

/** With each form documented, which may need the name of steps. */
function withForms(bare, known, files) {
  const { text, needsSteps } = documentForms(bare, known)
  if (!needsSteps) return text
  const home = files.find(({ text }) => /^interface Dual</m.test(text))
  const [, alias] = /\bSteps as (\w+)/.exec(home.text)
  return `import { ${alias} as Steps } from './${home.fileName.replace('.d.ts', '.js')}'\n${text}`
}

// ---- The manifest ----

function makeManifest() {
  const { scripts, devDependencies, overrides, private: _, exports, files, type, ...kept } = own
  const targets = ({ name }) => ({
    import: {
      types: `./dist/${name}.d.mts`,
      module: `./dist/${name}.bundle.mjs`,
      default: `./dist/${name}.mjs`,
    },
    require: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
  })
  const manifest = {
    ...kept,
    ...forManifest(publisher()),
    type: 'commonjs',
    main: './dist/index.js',
    types: './dist/index.d.ts',
    bin: { holdfast: 'dist/holdfast.js' },
    typesVersions: {
      '*': Object.fromEntries(entries.slice(1).map(({ path, name }) => [path.slice(2), [`./dist/${name}.d.ts`]])),
    },
    exports: {
      ...Object.fromEntries(entries.map(entry => [entry.path, targets(entry)])),
      './package.json': './package.json',
    },
    files: ['dist', 'CHANGELOG.md', 'SKILL.md'],
    // The types that are published name them; programs in JavaScript need none.
    peerDependencies: { '@types/node': '>=20' },
    peerDependenciesMeta: { '@types/node': { optional: true } },
  }
  writeFileSync(join(home, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE', 'SKILL.md'])
    copyFileSync(join(top, name), join(home, name))
}

/** Makes the package, if it is older than what it is made of. */
export async function pack() {
  const stamp = join(home, '.made')
  const made = existsSync(stamp) ? statSync(stamp).mtimeMs : 0
  const sources = [
    'dist/.built',
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'SKILL.md',
    'publisher.json',
    'scripts/pack.mjs',
  ]
  if (sources.every(file => statSync(join(top, file)).mtimeMs < made)) return home
  rmSync(home, { recursive: true, force: true })
  mkdirSync(join(home, 'dist'), { recursive: true })
  await makeFiles()
  for (const entry of entries) await makeFronts(entry)
  makeCommand()
  await makeTypes()
  makeManifest()
  writeFileSync(stamp, '')
  return home
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await pack()
  const args = process.argv.slice(2)
  const to = args.includes('--pack-destination') ? [] : ['--pack-destination', join(top, 'dist')]
  const { status } = spawnSync('npm', ['pack', ...to, ...args], {
    cwd: home,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  process.exitCode = status ?? 1
}
