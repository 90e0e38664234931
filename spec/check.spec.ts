// Rules that take seconds, because no code of the library has to run: the format, the linter, the package as it would
// be published, and what its sources must say. `npm run check` runs this file; the build before it checks the types.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, holds, scratch } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))

function run(command: string, ...args: string[]): string {
  const options = { cwd: top, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const { status, stdout, stderr } = spawnSync(command, args, options)
  assert.is(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout
}

/** A tool that is installed with the project. */
const tool = (name: string, ...args: string[]) => run(join(top, 'node_modules', '.bin', name), ...args)

interface Sizes {
  readonly size: number
  readonly unpackedSize: number
}

interface Packed extends Sizes {
  readonly tarball: string
  readonly paths: readonly string[]
}

/** What `npm pack --json` prints of a package. */
interface Listed extends Sizes {
  readonly filename: string
  readonly files: { readonly path: string }[]
}

let packed: Packed | undefined
function pack(): Packed {
  if (packed) return packed
  const dir = scratch()
  // The command itself: npm runs scripts of certain other names before and after it.
  const said = run(
    ...(['npm', 'run', '--silent', 'release:pack', '--'] as const),
    ...['--json', '--loglevel=silent', '--pack-destination', dir],
  )
  const [{ filename, files, size, unpackedSize }] = JSON.parse(said) as [Listed]
  packed = { tarball: join(dir, filename), paths: files.map(({ path }) => path), size, unpackedSize }
  return packed
}

const filesOfLib = (): string[] =>
  readdirSync(join(top, 'lib'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))

holds('formatter and linter find nothing', () => {
  tool('biome', 'ci', '--error-on-warnings')
})

holds('publint finds nothing', () => {
  assert.match(tool('publint', 'run', pack().tarball, '--strict'), /All good/)
})

holds('arethetypeswrong finds nothing', () => {
  tool('attw', pack().tarball, '--no-color', '--no-emoji')
})

holds('what is published is what users need, with one set of types, and is small', () => {
  const { paths, size, unpackedSize } = pack()
  for (const path of paths)
    assert.match(path, /^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$|SKILL\.md$)/)
  const needed = [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'SKILL.md',
    'dist/index.js',
    'dist/index.mjs',
    'dist/testing.d.ts',
    'dist/holdfast.js',
  ]
  for (const path of needed) assert.ok(paths.includes(path), `${path} is missing`)
  for (const path of paths) assert.not.match(path, /\.map$|lib\//)
  // A third of it is documentation: what editors show at each form of each function.
  assert.ok(unpackedSize <= 1_156_000, `${unpackedSize} bytes`)
  assert.ok(size <= 329_000, `${size} bytes packed`)
})

holds('npm packs nothing that is laid out for development', () => {
  const options = { cwd: top, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const { status, stderr } = spawnSync('npm', ['pack', '--pack-destination', scratch()], options)
  assert.is(status, 1)
  assert.match(stderr, /npm run release:pack/)
  const { private: isPrivate } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
  const shipped = JSON.parse(readFileSync(join(top, 'dist', 'package', 'package.json'), 'utf8'))
  assert.equal([isPrivate, shipped.private], [true, undefined])
})

holds('the command line of the package runs', () => {
  pack()
  const command = join(top, 'dist', 'package', 'dist', 'holdfast.js')
  const said = run(
    process.execPath,
    command,
    'lock',
    join(scratch(), 'l'),
    '--',
    process.execPath,
    '-e',
    'console.log(7)',
  )
  assert.is(said, '7\n')
})

// Faces pass some of Node's own functions through.
holds('only core/disk.ts and faces/node-fs.ts import a filesystem, and nothing in the library prints', () => {
  for (const name of filesOfLib().filter(name => !name.startsWith('testing'))) {
    const text = readFileSync(join(top, 'lib', name), 'utf8')
    // A type is gone when the code runs: core/stats.ts names two of Node's.
    if (![join('core', 'disk.ts'), join('faces', 'node-fs.ts')].includes(name))
      assert.not.match(text, /^import (?!type).*'node:fs/m, name)
    assert.not.match(text, /console\./, name)
  }
})

// `bin` runs lib/cli.ts; it is no module for users.
holds('what users import is the files directly in lib, faces, and lib/testing/index.ts', () => {
  const { exports } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>
  }
  const entries = Object.values(exports).flatMap(entry =>
    typeof entry === 'object' ? (entry as { default: string }).default.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts') : [],
  )
  assert.ok(entries.length >= 3)
  for (const entry of entries) assert.match(entry, /^lib\/([\w-]+|faces\/[\w-]+|testing\/index)\.ts$/)
  const index = readFileSync(join(top, 'lib/index.ts'), 'utf8')
  for (const name of readdirSync(join(top, 'lib')).filter(name => name.endsWith('.ts') && name !== 'cli.ts'))
    if (!entries.includes(`lib/${name}`))
      assert.match(index, new RegExp(`from '\\./${name.replace(/\.ts$/, '')}\\.js'`), `${name} is not public`)
  // Values come from the public files alone; types may stand deeper.
  for (const [, kind] of index.matchAll(/^export (type )?\{[^}]*\} from '\.\/\w+\//gm)) assert.is(kind, 'type ')
})

holds('the library is written in words that are read once', () => {
  // Each has a plain counterpart: returns, reports, a process that, must, usually, meanwhile, available.
  const replaced = /\b(answered|told|tells|whoever|nobody|shall|mostly|by now|to be had)\b/i
  for (const name of filesOfLib()) assert.not.match(readFileSync(join(top, 'lib', name), 'utf8'), replaced, name)
})

/** The files that hold the functions of an entry, as far as they are not types only. */
const filesOf = (entry: string): (string | undefined)[] =>
  [
    ...readFileSync(join(top, 'lib', `${entry}.ts`), 'utf8').matchAll(/^export \{[^}]*\} from '\.\/([\w/-]+)\.js'/gm),
  ].map(([, name]) => name)

/** What adapters are written with: their doc comments are short. */
const forAdapters = new Set(['store/kept', 'store/unknown-outcome'])

holds('every public function says what holds afterwards, and what is not promised', () => {
  const names = ['content', ...['index', 'store'].flatMap(filesOf)].filter(name => !forAdapters.has(name ?? ''))
  assert.ok(names.length >= 25)
  for (const name of names) {
    const text = readFileSync(join(top, 'lib', `${name}.ts`), 'utf8')
    for (const part of [/Holds afterwards: /, /Not promised: /, /@returns /, /@throws /, /@example/])
      assert.match(text, part, name)
  }
})
