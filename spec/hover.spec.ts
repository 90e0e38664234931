// What an editor shows, asked of TypeScript's language service over the types that are published: each form of each function has
// its documentation, and each parameter is described while a call is typed.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript-api'
import { assert, holds, note } from './support/kit.js'

const top = fileURLToPath(new URL('../..', import.meta.url))
const shipped = join(top, 'dist', 'package')

function pack(): void {
  const code = `await (await import(${JSON.stringify(pathToFileURL(join(top, 'scripts', 'pack.mjs')).href)})).pack()`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  assert.is(status, 0, stderr)
}
pack()

/** Faces have the surface of other packages, and these have their own documentation. */
const entries = ['cache', 'content', 'index', 'postgres', 'redis', 's3', 'sqlite', 'steps', 'store', 'testing']
const options: ts.CompilerOptions = { module: ts.ModuleKind.Node16, strict: true, types: ['node'], noEmit: true }

/** A program that has all entries, as a user would import them. */
const program = ts.createProgram(
  entries.map(name => join(shipped, 'dist', `${name}.d.ts`)),
  { ...options, typeRoots: [join(top, 'node_modules', '@types')] },
)
const checker = program.getTypeChecker()

interface Described {
  readonly name: string
  readonly signature: ts.Signature
}

/** The signatures of a thing that is called, and those of what it has. */
function* signaturesOf(name: string, type: ts.Type, depth = 0): Generator<Described> {
  for (const signature of type.getCallSignatures()) if (isOurs(signature)) yield { name, signature }
  if (depth > 1) return
  for (const member of type.getProperties()) {
    if (member.name.startsWith('__')) continue
    const of = checker.getTypeOfSymbol(member)
    if (of.getCallSignatures().length > 0) yield* signaturesOf(`${name}.${member.name}`, of, depth + 1)
  }
}

const isOurs = (signature: ts.Signature): boolean =>
  signature.getDeclaration()?.getSourceFile().fileName.includes('dist/package') ?? false

function* everything(): Generator<Described> {
  for (const entry of entries) {
    const file = program.getSourceFile(join(shipped, 'dist', `${entry}.d.ts`))
    const symbol = file && checker.getSymbolAtLocation(file)
    assert.ok(symbol, entry)
    for (const one of checker.getExportsOfModule(symbol as ts.Symbol)) {
      const real = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one
      if (!(real.flags & ts.SymbolFlags.Value)) continue
      yield* signaturesOf(`${entry}: ${one.name}`, checker.getTypeOfSymbol(real))
    }
  }
}

/** What adapters are written with, and the calls of algorithms, which have the parameters of Node's own. */
const isInner = (name: string): boolean =>
  /^steps: fs\.|: (keptOf|confirmCommit|unknownOutcome|StoreLease\.holdOf)$/.test(name)
const all = [...everything()].filter(({ name }) => !isInner(name))

holds('each form of each function has its documentation on hover', () => {
  const bare = all.filter(({ signature }) => signature.getDocumentationComment(checker).length === 0)
  assert.equal(
    bare.map(({ name }) => name),
    [],
  )
  assert.ok(all.length > 150, `${all.length} signatures`)
  note(`${all.length} signatures`)
})

holds('every parameter is described while a call is typed', () => {
  const bare = all.flatMap(({ name, signature }) =>
    signature.parameters
      .filter(parameter => parameter.getDocumentationComment(checker).length === 0)
      .map(parameter => `${name}(${parameter.name})`),
  )
  assert.equal([...new Set(bare)], [])
})

/** The language service over one program of a user, and no file on the disk. */
function serviceOf(text: string): ts.LanguageService {
  const name = join(top, 'hover.ts')
  return ts.createLanguageService({
    getScriptFileNames: () => [name],
    getScriptVersion: () => '1',
    getScriptSnapshot: path =>
      path === name ? ts.ScriptSnapshot.fromString(text) : ts.ScriptSnapshot.fromString(ts.sys.readFile(path) ?? ''),
    getCurrentDirectory: () => top,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: path => path === name || ts.sys.fileExists(path),
    readFile: ts.sys.readFile,
  })
}

/** What an editor shows at `.sync`, and at the second argument of a call, of the types at `from`. */
function shown(from: string): [hover: string, help: string | undefined] {
  const text = `import { mkdirp, writeFile } from ${JSON.stringify(from)}\nmkdirp.sync('a')\nwriteFile('f', '')\n`
  const service = serviceOf(text)
  const path = join(top, 'hover.ts')
  const hover = service.getQuickInfoAtPosition(path, text.indexOf('sync') + 1)
  const help = service.getSignatureHelpItems(path, text.indexOf("'')"), undefined)
  const parameter = help?.items[0]?.parameters[help.argumentIndex]
  return [ts.displayPartsToString(hover?.documentation), parameter && ts.displayPartsToString(parameter.documentation)]
}

holds('an editor shows both; with the types of the sources, where a function is a Dual, it shows neither', () => {
  const [hover, help = ''] = shown('./dist/package/dist/index.js')
  assert.match(hover, /Holds afterwards: `dir` is a directory/)
  assert.match(help, /\S/)
  const [broken, nothing] = shown('./dist/lib/index.js')
  assert.not.match(broken, /Holds afterwards/)
  assert.is(nothing ?? '', '')
})
