// Bundles the program of every public function, with the package as it is published, by each bundler, and runs what comes
// out. The bundlers are installed once, under node_modules, and are no dependencies of the project.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { pack } from './pack.mjs'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const onWindows = process.platform === 'win32'
const home = join(top, 'node_modules', '.bundlers')
const packages = {
  esbuild: '^0.28.2',
  rollup: '^4.68.8',
  '@rollup/plugin-commonjs': '*',
  '@rollup/plugin-node-resolve': '*',
  webpack: '^5.0.0',
  vite: '^7.0.0',
}

/**
 * Each writes one file. The testing kit takes tmp from node_modules, and caches and stores take lru-cache. Both have a `require`,
 * which an ES module of esbuild is given here; `plain.js` has the functions and a face, and is given none.
 */
const bundlers = {
  'esbuild, esm': `
    import { build } from 'esbuild'
    await build({ entryPoints: [from], outfile: to, bundle: true, platform: 'node', format: 'esm', external: ['tmp-promise'], minify: from.endsWith('mkdirp.js'),
      banner: from.endsWith('program.js') ? { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" } : {} })`,
  'esbuild, cjs': `
    import { build } from 'esbuild'
    await build({ entryPoints: [from], outfile: to, bundle: true, platform: 'node', format: 'cjs', external: ['tmp-promise'],
      define: { 'import.meta.url': 'here', 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' }, banner: { js: "const here = require('node:url').pathToFileURL(__filename).href" } })`,
  Rollup: `
    import { rollup } from 'rollup'
    import commonjs from '@rollup/plugin-commonjs'
    import nodeResolve from '@rollup/plugin-node-resolve'
    const made = await rollup({ input: from, plugins: [nodeResolve({ preferBuiltins: true }), commonjs()], external: ['tmp-promise', /^node:/], onwarn() {} })
    await made.write({ file: to, format: 'es' })`,
  webpack: `
    import webpack from 'webpack'
    import { basename, dirname } from 'node:path'
    await new Promise((resolve, reject) => webpack({ entry: from, mode: 'production', target: 'node20', experiments: { outputModule: true },
      externals: { 'tmp-promise': 'node-commonjs tmp-promise' }, module: { parser: { javascript: { importMeta: false, url: false } } },
      output: { path: dirname(to), filename: basename(to), library: { type: 'module' } } },
      (error, stats) => error || stats.hasErrors() ? reject(error ?? new Error(stats.toString({ all: false, errors: true }))) : resolve()))`,
  'Vite, ssr': `
    import { build } from 'vite'
    import { basename, dirname } from 'node:path'
    await build({ configFile: false, logLevel: 'error', ssr: { noExternal: true, external: ['tmp-promise'] },
      build: { ssr: from, outDir: dirname(to), emptyOutDir: false, rollupOptions: { output: { entryFileNames: basename(to) } } } })`,
}

function install() {
  mkdirSync(home, { recursive: true })
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies: packages }, null, 2)
  const path = join(home, 'package.json')
  if (existsSync(join(home, 'node_modules', 'vite')) && readFileSync(path, 'utf8') === manifest) return
  writeFileSync(path, manifest)
  console.log('Installing the bundlers ...')
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error']
  if (spawnSync('npm', args, { cwd: home, stdio: 'inherit', shell: onWindows }).status !== 0) process.exit(1)
}

function run(...args) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: home,
    encoding: 'utf8',
    timeout: 300_000,
  })
  return { text: stdout, fault: status === 0 ? undefined : `${signal ?? status}: ${stderr.slice(0, 2000)}` }
}

/** Bundles `from`, and returns the file, or what is wrong. */
function bundle(name, from) {
  // Under the name of the program, because that starts itself as other processes.
  const dir = join(home, 'out', name.replace(/\W+/g, '-'))
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: name.endsWith('cjs') ? 'commonjs' : 'module' }))
  const to = join(dir, from)
  const script = join(home, 'bundle.mjs')
  const places = `const [from, to] = ${JSON.stringify([join(home, 'program', 'spec', 'compat', from), to])}`
  writeFileSync(script, `${bundlers[name]}\n`.replace(/\n(?!\s*import )/, `\n${places}\n`))
  const { fault } = run(script)
  return { to, fault }
}

const plain = `import { withTempDir, writeFile, readJson } from 'holdfast'
import fs from 'holdfast/fs-extra'
import { join } from 'node:path'
await withTempDir(async dir => {
  await writeFile(join(dir, 'f'), '1')
  await fs.copy(join(dir, 'f'), join(dir, 'g'))
  if ((await readJson(join(dir, 'g'))) !== 1) throw new Error('wrong')
})
`

await pack()
install()
for (const name of ['program', 'out']) rmSync(join(home, name), { recursive: true, force: true })
// It names other files of the specs, and one of the library.
for (const name of ['spec/compat', 'spec/support', 'lib'])
  cpSync(join(top, 'dist', name), join(home, 'program', name), { recursive: true })
writeFileSync(
  join(home, 'program', 'spec', 'compat', 'mkdirp.js'),
  `import { mkdirp } from 'holdfast'\nawait mkdirp(process.argv[2])\n`,
)
writeFileSync(join(home, 'program', 'spec', 'compat', 'plain.js'), plain)
rmSync(join(home, 'node_modules', 'holdfast'), { recursive: true, force: true })
// Not a link: bundlers take what is in node_modules for a package, and go by where a file is.
cpSync(join(top, 'dist', 'package'), join(home, 'node_modules', 'holdfast'), { recursive: true })

let failed = 0
const wanted = process.argv.slice(2)
for (const name of Object.keys(bundlers)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const made = bundle(name, 'program.js')
  const { text, fault } = made.fault ? made : run(made.to, '--report')
  const outcomes = fault ? [] : JSON.parse(text.trim().split('\n').at(-1)).outcomes
  const faults = outcomes.flatMap(({ name: row, ...forms }) =>
    Object.entries(forms).flatMap(([form, outcome]) =>
      outcome === 'yes' ? [] : [`${row}, ${form}: ${outcome.split('\n', 1)[0]}`],
    ),
  )
  console.log(`${name}: ${fault ?? `${outcomes.length - faults.length} of ${outcomes.length} rows work`}`)
  for (const line of faults) console.log(`  ${line}`)
  if (fault || faults.length > 0) failed++
  if (name !== 'esbuild, esm') continue
  const beside = bundle(name, 'plain.js')
  const wrong = beside.fault ?? run(beside.to).fault
  console.log(`  without a require: ${wrong ?? 'works'}`)
  if (wrong) failed++
  const alone = readFileSync(bundle(name, 'mkdirp.js').to)
  console.log(`  mkdirp alone: ${alone.length} bytes, ${gzipSync(alone).length} with gzip`)
}
process.exitCode = failed === 0 ? 0 : 1
