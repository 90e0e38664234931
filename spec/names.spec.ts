// What an error says: the names that the caller gave, and never a private one, whichever call fails.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { copy, emplace, emptyDir, getOrCreate, link, move, remove, sweep } from 'holdfast'
import { type Call, drive, driveSync, type Steps } from 'holdfast/steps'
import { keepAsItIs, namingOnly, namingPublicly } from '../lib/parts/public-names.js'
import { through } from './broken/interfere.js'
import { type Case, cases } from './support/cases.js'
import { assert, holds, note, places, scratch } from './support/kit.js'

/** A private name, the name of a cell's state, or a path that leads through a descriptor. */
const isPrivate = /\.holdfast(?![\w.])|\/[tx]\.\w+\.[0-9a-f]{16}\.|\/proc\/self\/fd\//

/** An error as the system makes it: it says the paths of the call. */
function systemErrorOf({ op, args }: Call, [code, errno]: (typeof codes)[number]): NodeJS.ErrnoException {
  const [path, second] = (op === 'clone' ? args.slice(1) : args).filter(arg => typeof arg === 'string')
  const dest = ['rename', 'link', 'symlink', 'clone'].includes(op) ? second : undefined
  const names = `${path === undefined ? '' : ` '${path}'`}${dest === undefined ? '' : ` -> '${dest}'`}`
  const error = new Error(`${code}: injected, ${op}${names}`)
  return Object.assign(error, { code, errno, syscall: op, ...(path && { path }), ...(dest && { dest }) })
}

/** A directory on another device, if there is one. */
const memory = places.find(({ kind }) => kind === 'tmpfs')?.dir

const silent = new Set([
  'now',
  'random',
  'self',
  'thread',
  'alive',
  'recall',
  'remember',
  'holding',
  'later',
  'blocking',
  'postpone',
  'descriptors',
  'keep',
  'mountId',
  'position',
])
const never = new Set([...silent, 'local', 'clocked', 'sleep', 'changed', 'settle', 'close'])

const codes = [
  ['EIO', -5],
  ['EACCES', -13],
  ['ENOENT', -2],
  ['EISDIR', -21],
] as const

/** The k-th call fails, and with `all`, every later one of its kind. Returns whether there was a k-th call. */
async function failing(steps: Steps<unknown>, k: number, code: (typeof codes)[number], all: boolean) {
  let calls = 0
  let op: Call['op'] | undefined
  const disturbed = through(steps, call => {
    if (never.has(call.op)) return call
    const isIt = calls++ === k
    if (isIt) op = call.op
    if (isIt || (all && call.op === op && calls < k + 40)) throw systemErrorOf(call, code)
    return call
  })
  try {
    if (k % 2) await drive(disturbed, { retryFor: 5 })
    else driveSync(disturbed, { retryFor: 5 })
    return { op, error: undefined }
  } catch (error) {
    return { op, error: error as NodeJS.ErrnoException & { dest?: string } }
  }
}

/** Everything that an error says, and its causes. */
function* saidBy(error: unknown): Generator<string> {
  for (let one = error as (Error & { path?: string; dest?: string }) | undefined; one; one = one.cause as Error)
    for (const text of [one.message, one.stack?.split('\n    at ')[0], one.path, one.dest])
      if (text !== undefined) yield String(text)
}

type Named = Pick<Case, 'name' | 'lay' | 'steps'>

async function assertPublic(one: Named, across: string, hidden = isPrivate): Promise<void> {
  let threw = 0
  // It makes many calls, all of them in one private directory.
  for (const code of one.name === 'probe' ? codes.slice(0, 1) : codes)
    for (const all of code[0] === 'EIO' ? [false, true] : [false])
      for (let k = 0; k < 60; k++) {
        const dir = scratch()
        one.lay?.(dir, across)
        const { op, error } = await failing(one.steps(dir, across), k, code, all)
        if (op === undefined) break
        if (!error) continue
        threw++
        // What could not be put back is named, so that it can be found.
        const said = [...saidBy(error)].map(text => text.replace(/could not be put back, and is at '[^']*'/, ''))
        for (const text of said)
          assert.not(hidden.test(text), `${code[0]} of ${op} (call ${k}): ${inspect(text)}\n${error.stack}`)
      }
  assert.ok(threw > 0)
  note(`${threw} errors`)
}

/** In each, something is at the target, or in the way. */
function layTrees(dir: string): void {
  for (const name of ['tree', 'tree/in', 'old']) mkdirSync(join(dir, name))
  for (const name of ['tree/in/file', 'tree/file', 'old/file', 'source']) writeFileSync(join(dir, name), name)
}
const trees: readonly Named[] = [
  { name: 'remove a tree', lay: layTrees, steps: dir => remove.steps(join(dir, 'tree')) },
  { name: 'emptyDir', lay: layTrees, steps: dir => emptyDir.steps(dir) },
  { name: 'copy a tree', lay: layTrees, steps: dir => copy.steps(join(dir, 'tree'), join(dir, 'new')) },
  {
    name: 'copy a tree, exclusively and durably',
    lay: layTrees,
    steps: dir => copy.steps(join(dir, 'tree'), join(dir, 'new'), { overwrite: false, durability: 'full' }),
  },
  { name: 'move a tree', lay: layTrees, steps: dir => move.steps(join(dir, 'tree'), join(dir, 'new')) },
  {
    name: 'move a tree with a gap',
    lay: layTrees,
    steps: dir => move.steps(join(dir, 'tree'), join(dir, 'old'), { overwrite: 'with-gap' }),
  },
  {
    name: 'move a tree across',
    lay: layTrees,
    steps: dir => move.steps(join(dir, 'tree'), join(scratch(memory), 'new')),
  },
  {
    name: 'getOrCreate, refreshing a directory',
    lay: layTrees,
    steps: dir =>
      getOrCreate.steps(join(dir, 'old'), stage => writeFileSync(join(stage, 'f'), ''), {
        kind: 'directory',
        refresh: true,
        durability: 'full',
      }),
  },
  {
    name: 'emplace, if absent',
    lay: layTrees,
    steps: dir => emplace.steps(join(dir, 'source'), join(dir, 'new'), { ifAbsent: true }),
  },
  {
    name: 'link, by a copy',
    lay: layTrees,
    steps: dir => link.steps(join(dir, 'source'), join(dir, 'new'), { fallback: 'copy' }),
  },
]

holds(
  'errors of another realm, and causes, are renamed as well; those of a function that was passed are left alone',
  () => {
    const at = '/d/.f.a-b-c.0123456789abcdef.holdfast'
    const foreign = () => {
      const error = runInNewContext(`new Error("EIO: i/o error, rename '${at}/in' -> '/d/f'")`)
      return Object.assign(error, { code: 'EIO', errno: -5, syscall: 'rename', path: `${at}/in`, dest: '/d/f' })
    }
    const outer = new Error('outer', { cause: foreign() })
    assert.is(namingPublicly(outer, at, '/d/f'), outer)
    const { message, path, stack } = outer.cause as NodeJS.ErrnoException
    assert.equal([message, path], ["EIO: i/o error, rename '/d/f/in' -> '/d/f'", '/d/f/in'])
    // The checkout may well be in a directory of the name of the package.
    assert.not.match(stack ?? '', '0123456789abcdef')
    const { message: one, dest } = namingOnly(foreign(), at, '/d/f') as Error & { dest?: string }
    assert.equal([one, dest], ["EIO: i/o error, rename '/d/f'", undefined])
    const circle = new Error('a', { cause: new Error('b') })
    Object.assign(circle.cause as Error, { cause: circle })
    assert.is(namingPublicly(circle, at, '/d/f'), circle)
    const passed = keepAsItIs(foreign())
    assert.is((namingPublicly(passed, at, '/d/f') as NodeJS.ErrnoException).path, `${at}/in`)
  },
)

holds('what a producer throws comes out as it was, even if it names what the producer was given', async () => {
  for (const kind of ['file', 'directory'] as const) {
    let given = ''
    const produce = (stage: string) => {
      given = join(stage, 'none')
      readFileSync(given)
    }
    const error = await assert.rejects(getOrCreate(join(scratch(), 'it'), produce, { kind }), {})
    assert.is((error as NodeJS.ErrnoException).path, given)
    assert.match(error.message, given)
  }
})

/** Private names are what it is about. */
const sweeping: readonly Named[] = [
  ...cases.filter(({ name }) => name === 'sweep'),
  {
    name: 'sweep, recursively',
    lay(dir) {
      mkdirSync(join(dir, 'a/b'), { recursive: true })
      for (const name of ['', 'a/', 'a/b/'])
        writeFileSync(join(dir, `${name}.x.gone-0-0.0123456789abcdef.holdfast`), '')
      mkdirSync(join(dir, 'a/b/.t.gone-0-0.0123456789abcdef.holdfast/in'), { recursive: true })
    },
    steps: dir => sweep.steps(dir, { recursive: true, grace: 0 }),
  },
]

for (const one of sweeping)
  holds(`${one.name}: whichever call fails, the error names no descriptor`, () =>
    assertPublic(one, scratch(), /\/proc\/self\/fd\//),
  )

for (const one of [...cases, ...trees].filter(({ name }) => name !== 'sweep'))
  holds(`${one.name}: whichever call fails, the error names no private name`, () => assertPublic(one, scratch()))
