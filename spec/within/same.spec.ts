// Inside, each function of a root is the function itself: it returns the same, leaves the same behind, and throws the same,
// with relative paths.

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as holdfast from 'holdfast'
import { within } from 'holdfast'
import { assert, holds, scratch } from '../support/kit.js'
import { assertHeldByNamed } from '../support/left.js'
import { ended, type Work, withoutTimes } from './alike.js'

const quick = { retryFor: 100, timeout: 20_000 }
const parents = { parents: true, durability: 'full' } as const
const deep = Array.from({ length: 40 }, (_, level) => level).join('/')
const one = (path: string) => [path, 'new'] as const
const works: Readonly<Record<string, Work>> = {
  'mkdirp, a new one': (f, at) => f.mkdirp(at('x/y/z'), { mode: 0o750 }),
  'mkdirp, six levels': (f, at) => f.mkdirp(at('x/2/3/4/5/6')),
  'mkdirp, forty levels': (f, at) => f.mkdirp(at(`a/${deep}`)),
  'writeFile, twelve levels': (f, at) => f.writeFile(at('x/2/3/4/5/6/7/8/9/10/11/f'), 'new', { parents: true }),
  'mkdirp, at the top': (f, at) => f.mkdirp(at('x')),
  'mkdirp, what is there': (f, at) => f.mkdirp(at('a/b')),
  'mkdirp, below a file': (f, at) => f.mkdirp(at('f/x/y'), quick),
  'mkdirp, sync': (f, at) => f.mkdirp.sync(at('a/x/y')),
  'writeFile, a new one': (f, at) => f.writeFile(at('a/new'), 'new', { mode: 0o600, durability: 'full' }),
  'writeFile, an old one': (f, at) => f.writeFile(at('a/b/f'), ['new', 'er'], { encoding: 'latin1' }),
  'writeFile, through a link': (f, at) => f.writeFile(at('link/f'), 'new'),
  'writeFile, at a link': (f, at) => f.writeFile(at('a/to-f'), 'new'),
  'writeFile, instead of a link': (f, at) => f.writeFile(at('a/to-f'), 'new', { symlinks: 'replace' }),
  'writeFile, with parents': (f, at) => f.writeFile(at('p/q/r'), 'new', { parents: true, durability: 'full' }),
  'writeFile, without parents': (f, at) => f.writeFile(at('p/q/r'), 'new', quick),
  'writeFile, below a file': (f, at) => f.writeFile(at('f/x'), 'new', quick),
  'writeFile, onto a directory': (f, at) => f.writeFile(at('a'), 'new', quick),
  'writeFile, in place': (f, at) => f.writeFile(at('two'), 'new', { inPlace: 'when-needed', hardLinks: 'keep' }),
  'writeFile, sync': (f, at) => f.writeFile.sync(at('a/f'), 'new'),
  'writeFile, a stream that fails': (f, at) =>
    f.writeFile(
      at('a/f'),
      (async function* () {
        yield 'x'
        throw Object.assign(new Error('mine'), { code: 'MINE' })
      })(),
    ),
  writeFiles: (f, at) => f.writeFiles(new Map([one(at('a/f')), one(at('x/y')), one(at('link/new'))]), parents),
  'writeFiles, without parents': (f, at) =>
    f.writeFiles([one(at('a/f')), one(at('x/y'))], { ...quick, concurrency: 1 }),
  'writeFiles, one path twice': (f, at) => f.writeFiles([one(at('f')), one(at('f'))]),
  'writeFiles, no pairs': (f, at) => f.writeFiles([at('f')] as never),
  'writeFiles, sync': (f, at) => f.writeFiles.sync([one(at('a/to-f')), one(at('f'))], { durability: 'full' }),
  'createExclusive, a new one': (f, at) => f.createExclusive(at('n/new'), 'new', { parents: true, durability: 'full' }),
  'createExclusive, an old one': (f, at) => f.createExclusive(at('a/f'), 'new'),
  'createExclusive, a directory': (f, at) => f.createExclusive(at('a'), 'new', quick),
  updateFile: (f, at) => f.updateFile(at('a/to-f'), (old = '') => `${old}er`),
  'updateFile, a new one': (f, at) => f.updateFile(at('x/json'), () => ({ a: 1 }), { json: true, parents: true }),
  'updateFile, what is no JSON': (f, at) => f.updateFile(at('f'), old => old, { json: true }),
  'updateFile, two, one of them through a link': (f, at) =>
    f.updateFile([at('two'), at('a/to-f')], ([x, y]) => [`${y}1`, `${x}2`]),
  'updateFile, one file twice': (f, at) => f.updateFile([at('a/f'), at('two'), at('a/f')], () => undefined),
  'updateFile, one file twice, through a link': (f, at) => f.updateFile([at('f'), at('a/to-f')], () => undefined),
  'updateFile, two new ones': (f, at) =>
    f.updateFile([at('x/z'), at('x/y/json')], () => [1, [2]], { json: true, parents: true }),
  'updateFile, of no such length': (f, at) => f.updateFile([at('f'), at('two')], () => ['x']),
  'updateFile, not parsed': (f, at) =>
    f.updateFile(at('f'), old => old, {
      parse: () => {
        throw new Error('no')
      },
      stringify: String,
    }),
  'getOrCreate, its content': async (f, at) => (await f.getOrCreate(at('made'), () => '{}', { read: 'utf8' })).content,
  'getOrCreate, what is no JSON': (f, at) => f.getOrCreate(at('a/f'), () => '{}', { read: 'json', maxAge: 3_600_000 }),
  'getOrCreate, a response that is not ok': (f, at) =>
    f.getOrCreate(at('made'), () => new Response('none', { status: 404 })),
  getOrCreate: async (f, at) => (await f.getOrCreate(at('made'), () => 'made')).made,
  'getOrCreate, what is there': async (f, at) => (await f.getOrCreate(at('a/f'), () => 'made')).made,
  'getOrCreate, nothing': (f, at) => f.getOrCreate(at('made'), () => undefined),
  emplace: (f, at) => f.emplace(at('a/f'), at('new')),
  'emplace, if absent': (f, at) => f.emplace(at('a/f'), at('f'), { ifAbsent: true }),
  'emplace, nothing': (f, at) => f.emplace(at('a/none'), at('new')),
  'copy, a file': (f, at) => f.copy(at('a/f'), at('copy')),
  'copy, a tree': (f, at) => f.copy(at('a'), at('p/copy'), { parents: true, durability: 'full' }),
  'copy, onto what is there': (f, at) => f.copy(at('a'), at('other'), { overwrite: false }),
  'copy, an error on what is there': (f, at) => f.copy(at('f'), at('a/f'), { overwrite: false, errorOnExist: true }),
  'copy, into itself': (f, at) => f.copy(at('a'), at('a/b/c')),
  'copy, with a filter': (f, at) => f.copy(at('a'), at('copy'), { filter: path => !path.endsWith('b') }),
  'move, a file': (f, at) => f.move(at('a/f'), at('new')),
  'move, a tree': (f, at) => f.move(at('a/b'), at('q/new'), { parents: true }),
  'move, onto what is there': (f, at) => f.move(at('a/f'), at('f')),
  'move, with a gap': (f, at) => f.move(at('a'), at('other'), { overwrite: 'with-gap' }),
  'move, into itself': (f, at) => f.move(at('a'), at('a/b/c')),
  'move, nothing': (f, at) => f.move(at('none'), at('x')),
  link: (f, at) => f.link(at('a/f'), at('x/new'), { parents: true }),
  'link, a function': (f, at) => f.link(async () => at('a/f'), at('f'), { replace: true }),
  'link, nothing': (f, at) => f.link(at('none'), at('x'), { tries: 1 }),
  symlink: (f, at) => f.symlink('../f', at('a/new')),
  'symlink, onto a file': (f, at) => f.symlink('a', at('f')),
  'remove, a file': (f, at) => f.remove(at('a/f')),
  'remove, a tree': (f, at) => f.remove(at('a/')),
  'remove, a link': (f, at) => f.remove(at('link')),
  'remove, nothing': (f, at) => f.remove(at('none/none')),
  emptyDir: (f, at) => f.emptyDir(at('a')),
  'emptyDir, a link': (f, at) => f.emptyDir(at('link')),
  'emptyDir, a new one': (f, at) => f.emptyDir(at('x/y')),
  'emptyDir, a file': (f, at) => f.emptyDir(at('f')),
  sweep: (f, at) => f.sweep(at('a'), { grace: 0, recursive: true }),
  probe: async (f, at) => ({ ...(await f.probe(at('a'), { through: at('./a') })), mtimeGrain: 0 }),
  'probe, what is missing': (f, at) => f.probe(at('none'), quick),
  'probe, two directories': (f, at) => f.probe.sync(at('a'), { through: at('other') }),
  cell: async (f, at) => {
    const was = await f.cell.create(at('a/cell'), { fields: ['x'], data: 'one' }, parents)
    const next = was && f.cell.swap.sync(at('a/cell'), was, { gone: true, data: Buffer.from('two') })
    const { data } = (await f.cell.load(at('a/cell'))) ?? {}
    return [data?.toString(), next && (await f.cell.clear(at('a/cell'), next)), await f.cell.read(at('a/cell'))]
  },
  'cell, no cell': (f, at) => f.cell.create(at('a'), {}, quick),
  'cell, without parents': (f, at) => f.cell.create(at('none/cell'), {}, quick),
  lock: async (f, at) => {
    await using lease = await f.lock(at('a/l'), { parents: true })
    await lease.renew()
    const isSame = (await f.lock.holder(at('a/l')))?.fence === lease.fence
    return [isSame, (await f.lock.try(at('a/l'))) ?? 'busy']
  },
  'lock, held': async (f, at) => {
    using _ = f.lock.sync(at('l'))
    // Long enough to have looked at it.
    throw await assertHeldByNamed(() => f.lock(at('l'), { timeout: 300 }))
  },
  'lock, a directory that is missing': (f, at) => f.lock(at('none/l')),
  'lock.shared': async (f, at) => {
    await using lease = await f.lock.shared(at('a/l'), { parents: true })
    await lease.renew()
    return [(await f.lock.holders(at('a/l'))).length, (await f.lock.try(at('a/l'))) ?? 'busy']
  },
  'lock, several': (f, at) => f.withLock([at('l'), at('a/l'), at('l')], ({ fences }) => new Set(fences).size),
  'lock, several, one is missing': (f, at) => f.lock([at('l'), at('none/l')]),
  'lock, held by holders of another number': async (f, at) => {
    using _ = f.lock.sync(at('l'), { holders: 2 })
    await f.lock(at('l'), { holders: 3 })
  },
  single: async (f, at) => {
    await using first = await f.single(at('l'), { start: () => 1 })
    const second = await f.single(at('l'))
    return [first.isFirst, first.data, second.isFirst, second.data]
  },
  withLock: (f, at) => f.withLock(at('l'), ({ fence }) => typeof fence),
}

function layOut(): string {
  const dir = scratch()
  for (const name of ['a/b', 'other']) mkdirSync(join(dir, name), { recursive: true })
  for (const name of ['f', 'a/f', 'a/b/f', 'other/f', 'a/b/.x.gone-0-0.0123456789abcdef.holdfast'])
    writeFileSync(join(dir, name), name)
  holdfast.link.sync(join(dir, 'f'), join(dir, 'two'))
  symlinkSync('a/b', join(dir, 'link'))
  symlinkSync('../f', join(dir, 'a/to-f'))
  chmodSync(join(dir, 'f'), 0o640)
  return dir
}

for (const [name, work] of Object.entries(works))
  holds(`inside it is the same: ${name}`, async () => {
    const [plain, bound] = [layOut(), layOut()]
    const expected = await ended(() => work(holdfast, one => join(plain, one)), plain)
    using dir = within.sync(bound)
    const before = bound
    const got = await ended(() => work(dir, one => one), before)
    assert.equal(got, expected)
    assert.is(withoutTimes(bound), withoutTimes(plain))
  })
