// The pages in docs/, and README.md: each snippet compiles in strict mode, and runs to its end, as it stands there; links lead
// somewhere; and the table of errors has each code that the library throws, and no other.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, holds, note, scratch } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))

interface Snippet {
  readonly name: string
  readonly text: string
  /** What it says that it prints, at the ends of its lines. */
  readonly prints: readonly string[]
}

/** What is between fences. Of a difference, the new lines are an import. Outside docs/ they may be JavaScript. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(top, page), 'utf8')
  const fences = page.startsWith('docs/') ? /^```(ts|diff)\n(.*?)^```$/gms : /^```(js|ts|diff)\n(.*?)^```$/gms
  return [...text.matchAll(fences)].map(([, kind, body = ''], at) => {
    const added = [...body.matchAll(/^\+(.*)$/gm)].map(([, line]) => line)
    const prints = [...body.matchAll(/console\.log\(.*\).*? \/\/ ([^\n]*)$/gm)].map(([, said = '']) => said)
    return {
      name: `${page.replace('.md', '').replace('/', '-')}-${at + 1}`,
      text: kind !== 'diff' ? body : `${added.join('\n')}\nexport {}\n`,
      prints: kind !== 'diff' ? prints : [],
    }
  })
}

const inDocs = readdirSync(join(top, 'docs')).filter(name => name.endsWith('.md'))
const pages = [...inDocs.map(name => `docs/${name}`), 'README.md', 'SKILL.md']

holds('every page of another package compares two, and has a snippet of each way', () => {
  const compared = pages.filter(name => name.startsWith('docs/from-'))
  assert.ok(compared.length >= 6)
  for (const page of compared) {
    assert.ok(snippetsOf(page).length > 0, page)
    assert.match(readFileSync(join(top, page), 'utf8'), /^## Measured$/m, page)
  }
})

holds('every snippet compiles, and runs', () => {
  const dir = scratch()
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(top, join(dir, 'node_modules', 'holdfast'), 'junction')
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  const all = pages.flatMap(snippetsOf)
  for (const { name, text } of all) writeFileSync(join(dir, `${name}.ts`), text)
  const compilerOptions = {
    ...{ target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], module: 'NodeNext', strict: true, skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [join(top, 'node_modules', '@types')] },
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const run = (cwd: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
    assert.is(status, 0, `${args.at(-1)}:\n${stdout}${stderr}`)
    return stdout.trim().split('\n')
  }
  run(dir, join(top, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', dir)
  for (const { name, prints } of all) {
    mkdirSync(join(dir, name))
    const printed = run(join(dir, name), join(dir, `${name}.js`))
    assert.ok(printed.length >= prints.length, name)
    for (const said of prints) {
      // Behind a colon is a reason.
      const [value = ''] = said.split(':')
      if (/^(true|false|undefined|hello|ERR_\w+)/.test(value)) assert.ok(printed.includes(value), `${name}: ${said}`)
    }
  }
  note(`${all.length} snippets of ${pages.length} pages`)
})

/** The anchor that a heading has. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s+/g, '-')

const anchorsOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

/** The links of a page that lead nowhere. */
function deadLinks(page: string, text = readFileSync(join(top, page), 'utf8')): string[] {
  const links = [...text.replace(/^```.*?^```$/gms, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to)
  return links.filter(to => {
    if (/^https:/.test(to)) return false
    const [path = '', anchor] = to.split('#')
    const at = path === '' ? join(top, page) : join(top, dirname(page), path)
    return !existsSync(at) || (anchor !== undefined && !anchorsOf(at).includes(anchor))
  })
}

holds('every link leads somewhere', () => {
  const others = ['ARCHITECTURE.md', 'CHANGELOG.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md', 'SECURITY.md']
  for (const page of [...pages, ...others]) assert.equal(deadLinks(page), [], page)
  const broken = '[a](docs/nothing.md) [b](docs/locks.md#nothing) [c](docs/locks.md#locks)'
  assert.equal(deadLinks('README.md', broken), ['docs/nothing.md', 'docs/locks.md#nothing'])
})

holds('the index of the pages has each, and the table of errors each code that the library throws', () => {
  const index = readFileSync(join(top, 'docs/index.md'), 'utf8')
  for (const name of inDocs) if (!/^(from-|index)/.test(name)) assert.match(index, `](${name})`)
  // Codes of Node that the library looks at, and those of other packages, which faces throw.
  const notOurs = /^ERR_(ACCESS_DENIED|STREAM_PREMATURE_CLOSE|PARSE_ARGS|PRESERVE_ROOT|FS_.*)$/
  const thrown = new Set<string>()
  for (const name of readdirSync(join(top, 'lib'), { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  ))
    for (const [code] of readFileSync(join(top, 'lib', name), 'utf8').matchAll(/(?<=')ERR_[A-Z_]+(?=')/g))
      thrown.add(code)
  const table = readFileSync(join(top, 'docs/errors.md'), 'utf8')
  const listed = [...table.matchAll(/^\| `(ERR_[A-Z_]+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code = '']) => code)
  assert.equal(listed.toSorted(), [...thrown].filter(code => !notOurs.test(code)).toSorted())
})
