// The examples of doc comments, as programs: each imports the names of the package that it uses, and is given what it does not say.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { given } from './given.js'

export interface Example {
  /** The file of the comment, below lib/, and a number. */
  readonly name: string
  readonly text: string
  /** Undefined: it is run. */
  readonly onlyCompiled: string | undefined
}

/** The lines of each `@example` of a file, up to an empty line, the next tag, or the end of the comment. */
function* examplesIn(text: string): Generator<string> {
  for (const [, comment = ''] of text.matchAll(/\/\*\*(.*?)\*\//gs)) {
    const lines = comment.split('\n').map(line => line.replace(/^\s*\*? ?/, ''))
    for (const [at, line] of lines.entries()) {
      if (!line.startsWith('@example')) continue
      const rest = lines.slice(at + 1)
      const length = rest.findIndex(one => one.trim() === '' || /^@\w/.test(one))
      yield rest.slice(0, length < 0 ? undefined : length).join('\n')
    }
  }
}

/** The names that an entry exports, types as well. */
function exportsOf(top: string, file: string): string[] {
  const text = readFileSync(join(top, file), 'utf8')
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gms)].flatMap(([, names = '']) => names.split(','))
  const declared = [...text.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)]
  return [...listed.map(name => name.trim().replace(/^type /, '')), ...declared.map(([, name = '']) => name)]
}

type Names = ReadonlyMap<string, readonly string[]>

/** The entries in the order in which a name is looked for; `holdfast` first. */
function entriesOf(top: string): Names {
  const { exports } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
  const entries = Object.entries<{ types?: string }>(exports).flatMap(([path, { types }]) =>
    types && !types.includes('/faces/') ? [[path.replace('.', 'holdfast'), exportsOf(top, types)] as const] : [],
  )
  return new Map(entries)
}

/** Imports of what a text uses and does not declare. `preferred` is where the file of the example belongs. */
function importsFor(text: string, names: Names, preferred: string): string {
  const order = [...names.keys()].sort((a, b) => Number(b === preferred) - Number(a === preferred))
  const isDeclared = (name: string) =>
    new RegExp(
      `\\b(?:const|let|interface|type|function|class|[{,]) ${name}\\b(?!:)[^=\n]*=|\\b(?:interface|type|class) ${name}\\b`,
    ).test(text)
  const code = text.replace(/\/\/.*$/gm, '').replace(/'[^'\n]*'/g, "''")
  const words = new Set([...code.matchAll(/(?<![.\w])[A-Za-z]\w*\b(?!\??:)/g)].map(([word]) => word))
  const lines = order.map(entry => [entry, [] as string[]] as const)
  for (const word of words) {
    const found = lines.find(([entry]) => names.get(entry)?.includes(word))
    if (found && !isDeclared(word)) found[1].push(word)
  }
  return lines
    .filter(([, used]) => used.length > 0)
    .map(([entry, used]) => `import { ${used.join(', ')} } from '${entry}'\n`)
    .join('')
}

/** All examples of lib/. */
export function examplesOfComments(top: string): Example[] {
  const names = entriesOf(top)
  const files = readdirSync(join(top, 'lib'), { recursive: true, encoding: 'utf8' }).map(name =>
    name.replaceAll('\\', '/'),
  )
  return files
    .filter(name => name.endsWith('.ts'))
    .sort()
    .flatMap(file =>
      [...examplesIn(readFileSync(join(top, 'lib', file), 'utf8'))].map((body, at) => {
        const name = `${file.slice(0, -3)}${at === 0 ? '' : `-${at + 1}`}`
        const { before = '', onlyCompiled } = given[name] ?? {}
        const own = `holdfast/${file.split('/')[0]?.replace('.ts', '')}`
        // What would be a directory of the system is one beside the program.
        const text = `${before}\n${body}\n`.replace(/(['`])\/(?=(?:var|srv|mnt)\/)/g, '$1./')
        return {
          name: name.replaceAll('/', '-'),
          text: `${importsFor(text, names, own)}${text}export {}\n`,
          onlyCompiled,
        }
      }),
    )
}
