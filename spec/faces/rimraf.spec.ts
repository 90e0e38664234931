// `holdfast/rimraf` beside rimraf.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, relative } from 'node:path'
import * as face from 'holdfast/rimraf'
import * as peer from 'rimraf'
import { assert, holds, scratch } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'
import { type Case, sameAsPeer } from './beside.js'

type Face = typeof face

function lay(dir: string): void {
  mkdirSync(join(dir, 't/a/b/c'), { recursive: true })
  mkdirSync(join(dir, 't/empty'))
  mkdirSync(join(dir, 'out'))
  for (const name of ['t/f', 't/a/g', 't/a/b/h', 't/a/b/c/i', 't/.hidden', 'out/kept', 'x.js', 'x.mjs', '{y}'])
    writeFileSync(join(dir, name), name)
  symlinkSync('../out', join(dir, 't/to-out'))
}

const some = ['rimraf', 'native', 'moveRemove', 'rimrafSync', 'posixSync'] as const

type Run = (remove: (path: unknown, options?: unknown) => unknown, dir: string) => unknown

const withAll = (name: string, run: Run, forms: readonly string[] = some): Case<Face>[] =>
  forms.map(form => ({
    name: `${form}: ${name}`,
    lay,
    run: (module, dir) => run(module[form as keyof Face] as unknown as Parameters<Run>[0], dir),
  }))

/** Those that ask the filter: the native one does not. That for Windows asks twice about a file that stays. */
const asking = ['rimraf', 'posix', 'windows', 'manual', 'rimrafSync', 'posixSync', 'windowsSync', 'manualSync']

const filtered = (name: string, keep: (name: string) => boolean, later = false): Case<Face>[] =>
  withAll(
    `filter: ${name}`,
    async (remove, dir) => {
      const seen: string[] = []
      const filter = (path: string, entry: { isDirectory(): boolean }) => {
        seen.push(`${relative(dir, path)} ${entry.isDirectory()}`)
        const goes = !keep(basename(path))
        return later ? Promise.resolve(goes) : goes
      }
      const removed = await remove(join(dir, 't'), { filter })
      // On Windows rimraf asks twice about what stays.
      return [removed, (isWindows ? [...new Set(seen)] : seen).sort()]
    },
    asking,
  )

const globbed = (name: string, pattern: string, glob: unknown = true): Case<Face>[] =>
  withAll(`glob: ${name}`, (remove, dir) => remove(join(dir, pattern), { glob }), ['rimraf', 'rimrafSync'])

sameAsPeer<Face>(peer, face, [
  ...withAll('a tree', (remove, dir) => remove(join(dir, 't'))),
  ...withAll('a file', (remove, dir) => remove(join(dir, 't/f'))),
  ...withAll('a link', (remove, dir) => remove(join(dir, 't/to-out'))),
  ...withAll('nothing', (remove, dir) => remove(join(dir, 'missing'))),
  ...withAll('several', (remove, dir) => remove([join(dir, 't/a'), join(dir, 'x.js'), join(dir, 'missing')])),
  ...withAll('none', remove => remove([])),
  ...withAll('a null byte', (remove, dir) => remove(join(dir, 'a\0'))),
  ...withAll('the root', remove => remove('/')),
  ...withAll('no path', remove => remove(undefined)),
  ...withAll('null', remove => remove(null)),
  ...withAll('a number', remove => remove(7)),
  ...withAll('an object', remove => remove({})),
  ...withAll('options of a wrong type', remove => remove('x', { preserveRoot: 1 })),
  ...withAll('a filter of a wrong type', remove => remove('x', { filter: true })),
  ...withAll('a pattern of a wrong type', remove => remove('x', { glob: 7 })),
  ...withAll('no options: null', remove => remove('x', null)),
  ...withAll('numbers', (remove, dir) =>
    remove(join(dir, 't'), { maxRetries: 1, retryDelay: 1, backoff: 2, maxBackoff: 9 }),
  ),
  ...filtered('a file deep down stays', name => name === 'i'),
  ...filtered('files at the top stay', name => name === 'f'),
  ...filtered('a directory stays', name => name === 'b'),
  ...filtered('the topmost stays', name => name === 't'),
  ...filtered('all goes', () => false),
  ...filtered('all stays', () => true),
  ...filtered('a file stays, later', name => name === 'i', true),
  ...withAll(
    'filter: the second time it lets a file go',
    async (remove, dir) => {
      let asked = 0
      return [await remove(join(dir, 't'), { filter: (path: string) => basename(path) !== 'i' || asked++ > 0 }), asked]
    },
    asking,
  ),
  ...withAll(
    'filter: later',
    async (remove, dir) => remove(join(dir, 't'), { filter: async (path: string) => basename(path) !== 'g' }),
    ['rimraf', 'posix'],
  ),
  ...withAll(
    'filter: it throws',
    (remove, dir) =>
      remove(join(dir, 't/a/g'), {
        filter: () => {
          throw new Error('mine')
        },
      }),
    asking,
  ),
  ...withAll(
    'aborted before',
    (remove, dir) => remove(join(dir, 't'), { signal: AbortSignal.abort(new Error('mine')) }),
    asking,
  ),
  ...withAll('filter: of a file', (remove, dir) => remove(join(dir, 't/f'), { filter: () => false }), asking),
  ...globbed('a star', '*.js'),
  ...globbed('braces', 'x.{js,mjs}'),
  ...globbed('a class', 'x.[jm]*'),
  ...globbed('question marks', '?.js'),
  ...globbed('in all directories', 't/**/[gi]'),
  ...globbed('all below', 't/**'),
  ...globbed('what is hidden stays', 't/*'),
  ...globbed('what is hidden', 't/*', { dot: true }),
  // Below the directory of glob. What it leaves out elsewhere depends on where that is.
  ...withAll('glob: what is left out', (remove, dir) => remove('t/*', { glob: { cwd: dir, ignore: '**/f' } }), [
    'rimraf',
    'rimrafSync',
  ]),
  ...globbed('nothing matches', 'none*'),
  ...globbed('no pattern', 'x.js'),
  ...globbed('case', 'X.JS', { nocase: true }),
  ...withAll('glob: cwd', (remove, dir) => remove('*.mjs', { glob: { cwd: dir } }), ['rimraf', 'rimrafSync']),
])

for (const form of ['rimraf', 'sync'] as const)
  holds(`${form}: an abort from inside the filter ends the call with its reason`, async () => {
    const dir = scratch()
    lay(dir)
    const stop = new AbortController()
    const mine = new Error('mine')
    const filter = (path: string) => {
      if (basename(path) === 'h') stop.abort(mine)
      return true
    }
    let thrown: unknown
    try {
      await (form === 'sync' ? face.sync : face.rimraf)(join(dir, 't'), { filter, signal: stop.signal })
    } catch (error) {
      thrown = error
    }
    assert.is(thrown, mine)
    assert.ok(existsSync(join(dir, 't')))
  })

holds('roots are refused, also without preserveRoot', () => {
  assert.throws(() => face.sync('/', { preserveRoot: false }), { code: 'ERR_PRESERVE_ROOT' })
})

holds('moveRemove spares what it is to move things to', async () => {
  const tmp = scratch()
  lay(tmp)
  for (const { moveRemove } of [face, peer]) {
    assert.throws(() => moveRemove.sync(tmp, { tmp }), { message: /^cannot delete temp directory used for deletion$/ })
    await assert.rejects(moveRemove([tmp], { tmp }), { message: /^cannot delete temp directory used for deletion$/ })
  }
  assert.ok(existsSync(join(tmp, 'x.js')))
})

holds('options of glob that are not known are refused, and nothing is removed', () => {
  const dir = scratch()
  lay(dir)
  assert.throws(() => face.sync(join(dir, '*'), { glob: { maxDepth: 1 } as object }), { message: /maxDepth/ })
  assert.throws(() => face.sync(join(dir, '+(x).js'), { glob: true }), { message: /extended/ })
  assert.ok(existsSync(join(dir, 'x.js')))
})

holds('require() and import have all names', () => {
  const required = createRequire(import.meta.url)('holdfast/rimraf')
  for (const [name, value] of Object.entries(peer)) {
    assert.is(required[name], Reflect.get(face, name))
    assert.is(typeof required[name], 'function', name)
    for (const inner of Object.keys(value)) assert.is(typeof required[name][inner], 'function', `${name}.${inner}`)
  }
})
