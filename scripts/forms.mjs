// Documentation where editors look for it. In the sources a function has one doc comment, and its type is `Dual<...>`: an editor
// shows nothing of that at `.sync`, and no parameter's description while a call is typed. So in the types that are published
// each form is a signature of its own, with the doc comment; the compressed package grows little, because they are alike.

import ts from 'typescript-api'

/** The text of the doc comment in front of a node, as lines without stars. */
function docOf(text, node) {
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []
  const last = ranges.filter(({ pos }) => text.startsWith('/**', pos)).at(-1)
  if (!last) return undefined
  const lines = text.slice(last.pos + 3, last.end - 2).split('\n')
  return { pos: last.pos, end: last.end, lines: comment(lines.map(line => line.replace(/^\s*\* ?/, '').trimEnd())) }
}

const comment = lines => withoutSource(trimmed(lines))

function trimmed(lines) {
  const kept = lines.map(line => line.trimEnd())
  while (kept.length > 0 && kept[0].trim() === '') kept.shift()
  while (kept.length > 0 && kept.at(-1).trim() === '') kept.pop()
  return kept.map((line, at) => (at === 0 ? line.trimStart() : line))
}

function written(lines, indent) {
  if (lines.length === 0) return ''
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return [`${indent}/**`, ...lines.map(line => `${indent} *${line === '' ? '' : ` ${line}`}`), `${indent} */`, ''].join(
    '\n',
  )
}

/** The tags of a doc comment, each with the lines that belong to it. */
function tagsOf(lines) {
  const tags = []
  for (const line of lines) {
    if (/^@\w+/.test(line)) tags.push([line])
    else if (tags.length > 0) tags.at(-1).push(line)
  }
  return tags
}

const isParam = name => tag => new RegExp(`^@param ${name}\\b`).test(tag[0])

/** The tag of a parameter; where a function takes one thing or several, `files` describes `file`, too. */
function tagOf(tags, name) {
  const one = tags.find(isParam(name))
  if (one) return trimmed(one)
  const several = tags.find(isParam(`${name}s`))
  return several && trimmed(several).map(line => line.replace(/^@param \w+/, `@param ${name}`))
}

/**
 * Describes each parameter that a comment leaves out: as its owner does, the function that this is a form or a relative of.
 * Options say at their own names what each is, so a line leads there.
 */
function withParameters(lines, parameters, owner) {
  const tags = tagsOf(lines)
  const added = parameters.flatMap(({ name, type }) => {
    if (tags.some(isParam(name))) return []
    const known = tagOf(tags, name) ?? (owner && tagOf(tagsOf(owner.lines), name))
    if (known) return known
    if (name !== 'options') return []
    const [, at] = /^([A-Z]\w*)/.exec(type) ?? []
    return [`@param options ${at ? `Described at the names of {@link ${at}}.` : 'Described at their names.'}`]
  })
  if (added.length === 0) return lines
  const at = lines.findIndex(one => /^@(?!param)/.test(one))
  const gap = tags.length > 0 ? [] : ['']
  return at === -1 ? [...lines, ...gap, ...added] : [...lines.slice(0, at), ...added, ...lines.slice(at)]
}

/** The comment of a relative of a function, with the parameters of that function. */
const withTags = (lines, owner) => {
  const params = owner ? tagsOf(owner.lines).filter(([head]) => head.startsWith('@param')) : []
  return params.length === 0 || tagsOf(lines).length > 0 ? lines : [...lines, '', ...params.flatMap(trimmed)]
}

/** What the steps of a function say: the parameters, and where the rest is said. */
function ofSteps(lines, name) {
  const params = tagsOf(lines)
    .filter(([head]) => head.startsWith('@param'))
    .flatMap(tag => trimmed(tag))
  return [
    `The steps of \`${name}\`, for a larger algorithm: \`yield* ${name}.steps(...)\`. Only the outermost call's \`signal\` and \`timeout\``,
    'count.',
    ...(params.length > 0 ? ['', ...params] : []),
  ]
}

/** What the sync form says: what it is, what holds afterwards, and the tags; the rest is said at the promise form. */
function ofSync(lines, name) {
  const paragraphs = [[]]
  for (const line of lines.slice(0, lines.findIndex(line => line.startsWith('@')) >>> 0)) {
    if (line === '') paragraphs.push([])
    else paragraphs.at(-1).push(line)
  }
  const [head, ...others] = paragraphs
  const holds = others.find(([line = '']) => line.startsWith('Holds afterwards:')) ?? []
  const tags = tagsOf(lines).filter(([first]) => !first.startsWith('@example'))
  const blocks = `Without a promise: it blocks the thread. What is not promised is said of \`${name}\`.`
  return [
    ...head,
    blocks,
    ...(holds.length > 0 ? ['', ...holds] : []),
    ...(tags.length > 0 ? ['', ...tags.flatMap(trimmed)] : []),
  ]
}

/** Where a protocol comes from is for those who read the sources. */
const withoutSource = lines => {
  const at = lines.findIndex(line => line.startsWith('Source of the protocol'))
  return at === -1 ? lines : trimmed(lines.slice(0, at))
}

/** What is said of a function of a root, or of a store: in short, and the parameters. */
const inShort = lines => {
  const end = lines.indexOf('')
  const head = end === -1 ? lines : lines.slice(0, end)
  const params = tagsOf(lines).filter(([first]) => /^@(param|returns)/.test(first))
  return [...head, ...(params.length > 0 ? ['', ...params.flatMap(trimmed)] : [])]
}

const firstOf = lines => lines.slice(0, lines.indexOf('') >>> 0)

const isDual = type => type && ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Dual'

/** The parameters and the result that `Dual<[...], T>` names. */
function formsOf(type) {
  const [tuple, result] = type.typeArguments
  const parameters = tuple.elements.map(element => {
    if (ts.isNamedTupleMember(element))
      return { name: element.name.text, mark: element.questionToken ? '?' : '', type: element.type.getText() }
    const inner = ts.isOptionalTypeNode(element) ? element.type : element
    return { name: 'options', mark: '?', type: inner.getText().replace(/^\((.*)\)$/s, '$1') }
  })
  const list = parameters.map(({ name, mark, type }) => `${name}${mark}: ${type}`).join(', ')
  return { parameters, list, result: result.getText() }
}

/** `const f: Dual<...>` becomes a function and the namespace of its other forms. */
function asFunction(name, type, lines) {
  const { parameters, list, result } = formsOf(type)
  const all = withParameters(lines, parameters)
  return [
    `${written(all, '')}declare function ${name}(${list}): Promise<${result}>;\n`,
    `declare namespace ${name} {\n`,
    `${written(ofSync(all, name), '  ')}  function sync(${list}): ${result};\n`,
    `${written(ofSteps(all, name), '  ')}  function steps(${list}): Steps<${result}>;\n}`,
  ].join('')
}

/** A member of that type becomes an object of the three forms. */
function asMember(node, name, lines, indent, owner) {
  const { parameters, list, result } = formsOf(node.type)
  const all = withParameters(lines, parameters, owner)
  const deeper = `${indent}  `
  const head = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword) ? 'readonly ' : ''
  return [
    `${written(firstOf(all), indent)}${indent}${head}${name}: {\n`,
    `${written(all, deeper)}${deeper}(${list}): Promise<${result}>;\n`,
    `${written(inShort(all), deeper)}${deeper}sync(${list}): ${result};\n`,
    `${written(ofSteps(all, name), deeper)}${deeper}steps(${list}): Steps<${result}>;\n${indent}};`,
  ].join('')
}

const parametersOf = node =>
  node.parameters.map(one => ({ name: one.name.getText(), type: one.type?.getText() ?? 'unknown' }))

/** Gives each form in the types its documentation. `known`: doc comments by the names of functions, of all files. */
export function documentForms(text, known) {
  const file = ts.createSourceFile('types.d.ts', text, ts.ScriptTarget.Latest, true)
  const edits = []
  // It returns nothing, because a visit that returns something ends the walk.
  const replace = (from, to, by) => void edits.push({ from, to, by })
  const startOf = node => docOf(text, node)?.pos ?? node.getStart()
  const indentOf = node => /[ \t]*$/.exec(text.slice(0, startOf(node)))[0]
  let needsSteps = false
  // Of an interface that is the type of one function, and of those that it extends, the signatures say what that function says.
  const owners = new Map()
  for (const node of file.statements) {
    if (!ts.isVariableStatement(node)) continue
    for (const { name, type } of node.declarationList.declarations)
      if (type && ts.isTypeReferenceNode(type) && !isDual(type)) {
        const doc = docOf(text, node)
        if (doc) owners.set(type.typeName.getText(), { name: name.getText(), lines: doc.lines })
      }
  }
  for (const node of file.statements) {
    if (!ts.isInterfaceDeclaration(node) || !owners.has(node.name.text)) continue
    for (const { types } of node.heritageClauses ?? [])
      for (const { expression } of types)
        if (!owners.has(expression.getText())) owners.set(expression.getText(), owners.get(node.name.text))
  }
  const putDoc = (node, lines) => {
    const from = startOf(node)
    const indent = indentOf(node)
    replace(from, node.getStart(), `${written(lines, indent).trimStart()}${indent}`)
  }
  const visitSignature = (node, owner, relative) => {
    const parameters = parametersOf(node)
    const name = node.name?.getText()
    const own = docOf(text, node)?.lines
    let lines = own
    if (owner && name === undefined) lines = owner.said ? inShort(owner.lines) : owner.lines
    if (owner && name === 'sync') lines = ofSync(owner.lines, owner.name)
    // Of several signatures, the first says all.
    if (owner && name === undefined) owner.said = true
    if (owner && name === 'steps') lines = ofSteps(withParameters(owner.lines, parameters), owner.name)
    if (!lines) return
    const all = withParameters(lines, parameters, owner ?? relative)
    if (all !== own) putDoc(node, all)
  }
  const visit = (node, owner, relative) => {
    if (ts.isVariableStatement(node)) {
      const [{ name, type }] = node.declarationList.declarations
      const doc = docOf(text, node)
      if (isDual(type) && doc) {
        needsSteps = true
        return replace(doc.pos, node.end, asFunction(name.getText(), type, doc.lines))
      }
    }
    if (ts.isPropertySignature(node) && isDual(node.type)) {
      const name = node.name.getText()
      const lines = docOf(text, node)?.lines ?? (known.has(name) ? inShort(known.get(name)) : undefined)
      if (!lines) return
      needsSteps = true
      const indent = indentOf(node)
      return replace(startOf(node), node.end, asMember(node, name, lines, indent, owner).trimStart())
    }
    if (ts.isInterfaceDeclaration(node)) {
      const own = owners.get(node.name.text)
      return ts.forEachChild(node, child => visit(child, own))
    }
    // A form that is a property, as `sync` with several signatures; or a relative, as `try` of a lock.
    if (ts.isPropertySignature(node) && node.type && ts.isTypeLiteralNode(node.type)) {
      const lines = docOf(text, node)?.lines
      const name = node.name.getText()
      const next = name === 'sync' && owner ? owner : lines && { name, lines: withTags(lines, owner) }
      return ts.forEachChild(node.type, child => visit(child, next, owner))
    }
    const isSignature =
      ts.isMethodSignature(node) || ts.isCallSignatureDeclaration(node) || ts.isFunctionDeclaration(node)
    if (isSignature || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node))
      return visitSignature(node, ts.isFunctionDeclaration(node) ? undefined : owner, relative)
    ts.forEachChild(node, child => visit(child))
  }
  ts.forEachChild(file, node => visit(node))
  let result = text
  for (const { from, to, by } of edits.sort((a, b) => b.from - a.from))
    result = result.slice(0, from) + by + result.slice(to)
  return { text: result, needsSteps: needsSteps && !/\bSteps\b/.test(importsOf(text)) }
}

const importsOf = text =>
  text
    .split('\n')
    .filter(line => line.startsWith('import '))
    .join('\n')

/** The doc comments of the functions that a file declares. */
export function docsOf(text) {
  const file = ts.createSourceFile('types.d.ts', text, ts.ScriptTarget.Latest, true)
  const docs = new Map()
  for (const node of file.statements) {
    const doc = docOf(text, node)
    if (doc && ts.isVariableStatement(node)) docs.set(node.declarationList.declarations[0].name.getText(), doc.lines)
  }
  return docs
}
