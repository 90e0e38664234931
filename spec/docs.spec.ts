// The pages in docs/, README.md, and the examples of doc comments: each block of code compiles in strict mode, and runs to its
// end, as it stands there; links lead somewhere; and the table of errors has each code that the library throws, and no other.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { examplesOfComments } from './docs/comments.js'
import { assert, holds, note, scratch } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))

interface Snippet {
  readonly name: string
  readonly text: string
  /** What it says that it prints, at the ends of its lines. */
  readonly prints: readonly string[]
}

const printsOf = (body: string): string[] =>
  [...body.matchAll(/console\.log\(.*\).*? \/\/ ([^\n]*)$/gm)].map(([, said = '']) => said)

/** What is between fences. Of a difference, the new lines are an import. JavaScript is checked as TypeScript is. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(top, page), 'utf8')
  return [...text.matchAll(/^```(js|ts|diff)\n(.*?)^```$/gms)].map(([, kind, body = ''], at) => {
    const added = [...body.matchAll(/^\+(.*)$/gm)].map(([, line]) => line)
    return {
      name: `${page.replace('.md', '').replaceAll('/', '-')}-${at + 1}`,
      text: kind !== 'diff' ? body : `${added.join('\n')}\nexport {}\n`,
      prints: kind !== 'diff' ? printsOf(body) : [],
    }
  })
}

const inDocs = readdirSync(join(top, 'docs')).filter(name => name.endsWith('.md'))
const ofPlatforms = readdirSync(join(top, 'docs', 'platforms')).map(name => `docs/platforms/${name}`)
const pages = [...inDocs.map(name => `docs/${name}`), ...ofPlatforms, 'README.md', 'SKILL.md']

holds('every page of another package compares two, and has a snippet of each way', () => {
  const compared = pages.filter(name => name.startsWith('docs/from-'))
  assert.ok(compared.length >= 6)
  for (const page of compared) {
    assert.ok(snippetsOf(page).length > 0, page)
    assert.match(readFileSync(join(top, page), 'utf8'), /^## Measured$/m, page)
  }
})

/** Languages of which nothing is compiled. A block without a language, or with another, would be left out by mistake. */
const others = new Set(['sh', 'text', 'mermaid'])

holds('every block of code says its language, and is one that is compiled or is no program', () => {
  for (const page of pages) {
    const fences = [...readFileSync(join(top, page), 'utf8').matchAll(/^```(.*)$/gm)].map(
      ([, language = '']) => language,
    )
    for (const [at, language] of fences.entries())
      if (at % 2 === 0)
        assert.ok(others.has(language) || ['js', 'ts', 'diff'].includes(language), `${page}: ${language}`)
  }
  for (const name of readdirSync(join(top, 'lib'), { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.ts')) assert.not.match(readFileSync(join(top, 'lib', name), 'utf8'), /^\s*\*?\s*```/m, name)
})

/** Runs each in a directory of its own, and in one process, because it takes longer to start one than to run them. */
const runner = `
  import { mkdirSync } from 'node:fs'
  import { join } from 'node:path'
  const [dir, ...names] = process.argv.slice(2)
  for (const name of names) {
    console.log('\\n#' + name)
    mkdirSync(join(dir, name, 'in'), { recursive: true })
    process.chdir(join(dir, name, 'in'))
    await import(join(dir, name + '.js')).catch(error => {
      console.log(error)
      process.exit(1)
    })
  }
  console.log('\\n#')
  process.exit(0)`

interface Made {
  readonly status: number | null
  readonly said: string
}

/** Compiles programs in strict mode, and runs those that are named. */
function compileAndRun(programs: readonly { name: string; text: string }[], toRun: readonly string[]): Made[] {
  const dir = scratch()
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(top, join(dir, 'node_modules', 'holdfast'), 'junction')
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(dir, 'run.js'), runner)
  // What the types of Node 20 have not.
  writeFileSync(
    join(dir, 'newer.d.ts'),
    `declare module 'node:sqlite' { const DatabaseSync: new (path: string) => import('holdfast/sqlite').SqliteLike }`,
  )
  for (const { name, text } of programs) writeFileSync(join(dir, `${name}.ts`), text)
  const compilerOptions = {
    ...{ target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], module: 'NodeNext', strict: true, skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [join(top, 'node_modules', '@types')] },
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const run = (...args: readonly string[]): Made => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' })
    return { status, said: `${stdout}${stderr}` }
  }
  const compiled = run(join(top, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', dir)
  return compiled.status === 0 ? [compiled, run('run.js', dir, ...toRun)] : [compiled]
}

holds('every block of code, and every example of a doc comment, compiles, and runs', () => {
  const examples = examplesOfComments(top)
  const compiledOnly = examples.filter(({ onlyCompiled }) => onlyCompiled !== undefined)
  const ofPages = pages.flatMap(snippetsOf)
  const toRun = [...ofPages, ...examples].filter(one => !compiledOnly.some(({ name }) => name === one.name))
  const steps = compileAndRun(
    [...ofPages, ...examples],
    toRun.map(({ name }) => name),
  )
  for (const { status, said } of steps) assert.is(status, 0, said)
  const said = steps[1]?.said ?? ''
  for (const { name, text } of toRun) {
    const printed = said.split(`\n#${name}\n`)[1]?.split('\n#')[0]?.trim().split('\n') ?? []
    const prints = printsOf(text)
    assert.ok(printed.length >= prints.length, `${name} was run`)
    for (const one of prints) {
      // Behind a colon is a reason.
      const [value = ''] = one.split(/:(?! \d)/)
      if (/^(true|false|undefined|hello|by next|E[A-Z]+)/.test(value))
        assert.ok(printed.includes(value), `${name}: ${one}`)
    }
  }
  assert.ok(examples.length > 50, `${examples.length} examples`)
  const why = compiledOnly.map(({ name, onlyCompiled }) => `${name} (${onlyCompiled})`).join(', ')
  note(
    `${ofPages.length} blocks of ${pages.length} pages, ${examples.length} examples of doc comments; only compiled: ${why}`,
  )
})

holds('a block that does not compile is found, and one that throws', () => {
  const program = (text: string) => [{ name: 'one', text: `import { exists } from 'holdfast'\n${text}` }]
  const [wrongly] = compileAndRun(program('const n: number = await exists("f")\n'), ['one'])
  assert.match(wrongly?.said ?? '', /Type 'boolean' is not assignable to type 'number'/)
  const [, thrown] = compileAndRun(program('if (!(await exists("f"))) throw new Error("no")\n'), ['one'])
  assert.is(thrown?.status, 1)
  assert.match(thrown?.said ?? '', /Error: no/)
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
  // Pictures are elements, because they have twins.
  const links = [...text.replace(/^```.*?^```$/gms, '').matchAll(/(?:\]\(|\b(?:src|srcset)=")([^)"\s]+)[)"]/g)].map(
    ([, to = '']) => to,
  )
  return links.filter(to => {
    if (/^https:/.test(to)) return false
    const [path = '', anchor] = to.split('#')
    const at = path === '' ? join(top, page) : join(top, dirname(page), path)
    // The site that is built of the pages has files only.
    if (page.startsWith('docs/') && existsSync(at) && statSync(at).isDirectory()) return true
    return !existsSync(at) || (anchor !== undefined && !anchorsOf(at).includes(anchor))
  })
}

holds('every link leads somewhere', () => {
  const besides = ['ARCHITECTURE.md', 'CHANGELOG.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md', 'SECURITY.md']
  for (const page of [...pages, ...besides]) assert.equal(deadLinks(page), [], page)
  const broken = '[a](docs/nothing.md) [b](docs/locks.md#nothing) [c](docs/locks.md#locks) <img src="none.svg">'
  assert.equal(deadLinks('README.md', broken), ['docs/nothing.md', 'docs/locks.md#nothing', 'none.svg'])
  assert.equal(deadLinks('docs/locks.md', '[a](../examples)'), ['../examples'])
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
