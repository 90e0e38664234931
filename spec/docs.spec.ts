// The pages in docs/: each snippet compiles, and runs to its end, as it stands there.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, holds, note, scratch } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))

interface Snippet {
  readonly name: string
  readonly text: string
  /** What it says that it prints, at the ends of its lines. */
  readonly prints: readonly string[]
}

/** What is between fences. Of a difference, the new lines are an import. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(top, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(ts|diff)\n(.*?)^```$/gms)].map(([, kind, body = ''], at) => {
    const added = [...body.matchAll(/^\+(.*)$/gm)].map(([, line]) => line)
    const prints = [...body.matchAll(/console\.log\(.*\).*? \/\/ ([^\n]*)$/gm)].map(([, said = '']) => said)
    return {
      name: `${page.replace('.md', '')}-${at + 1}`,
      text: kind === 'ts' ? body : `${added.join('\n')}\nexport {}\n`,
      prints: kind === 'ts' ? prints : [],
    }
  })
}

const pages = readdirSync(join(top, 'docs')).filter(name => name.endsWith('.md'))

holds('every page compares two, and has a snippet of each way', () => {
  assert.ok(pages.length >= 6)
  for (const page of pages) {
    assert.ok(snippetsOf(page).length > 0, page)
    assert.match(readFileSync(join(top, 'docs', page), 'utf8'), /^## Measured$/m, page)
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
