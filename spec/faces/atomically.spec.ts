// `holdfast/atomically` beside atomically.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import * as peer from 'atomically'
import * as face from 'holdfast/atomically'
import { assert, holds, scratch } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'
import { type Case, called, old, sameAsPeer } from './beside.js'

type Face = typeof face

const inBothForms = (
  name: string,
  data: unknown,
  options?: unknown,
  lay?: Case<Face>['lay'],
  to = 'f',
  onWindows?: string,
): Case<Face>[] =>
  (['writeFile', 'writeFileSync'] as const).map(form => ({
    name: `${form}: ${name}`,
    ...(onWindows !== undefined && { onWindows }),
    ...(lay && { lay }),
    run: async (module, dir) => {
      try {
        return await module[form](join(dir, to), data as string, options as face.Encoding)
      } finally {
        // atomically removes what has failed in the background.
        while (readdirSync(dir).some(name => name.includes('.tmp-'))) await wait(5)
      }
    },
  }))

const reads = (name: string, options?: unknown, lay: Case<Face>['lay'] = old): Case<Face>[] =>
  (['readFile', 'readFileSync'] as const).map(form => ({
    name: `${form}: ${name}`,
    lay,
    run: (module, dir) => module[form](join(dir, 'f'), options as face.ReadOptions),
  }))

sameAsPeer<Face>(peer, face, [
  ...inBothForms('text', 'ä'),
  ...inBothForms('bytes', Buffer.from([0, 255, 1])),
  ...inBothForms('undefined', undefined),
  ...inBothForms('the encoding alone', 'ä', 'latin1'),
  ...inBothForms('an encoding', '6162', { encoding: 'hex' }),
  ...inBothForms('no encoding: null', 'ä', { encoding: null }),
  ...inBothForms('the mode of the old file', 'new', {}, old),
  ...inBothForms('a mode', 'new', { mode: 0o604 }, old),
  ...inBothForms('a mode as text', 'new', { mode: '0604' }),
  ...inBothForms('mode false', 'new', { mode: false }, old),
  ...inBothForms('mode 0o666', 'new', { mode: 0o666 }, old),
  ...inBothForms('mode 0', 'new', { mode: 0 }),
  ...inBothForms('no owner', 'new', { chown: false }, old),
  ...inBothForms('an owner', 'new', { chown: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } }, old),
  ...inBothForms('no fsync', 'new', { fsync: false }, old),
  ...inBothForms('no wait for the sync', 'new', { fsyncWait: false }, old),
  ...inBothForms('missing parents', 'new', {}, undefined, 'a/b/f'),
  ...inBothForms('a link', 'new', {}, dir => [old(dir), symlinkSync('f', join(dir, 'link'))], 'link'),
  ...inBothForms('a directory', 'x', { timeout: -1 }, dir => mkdirSync(join(dir, 'f')), 'f', 'EISDIR'),
  ...inBothForms('a name of 128 letters', 'x', {}, undefined, 'x'.repeat(128)),
  ...inBothForms('below a file', 'x', { timeout: 0 }, old, 'f/g', 'ENOTDIR'),
  ...inBothForms(
    'tmpCreated throws',
    'x',
    {
      tmpCreated: () => {
        throw new Error('mine')
      },
    },
    old,
  ),
  ...inBothForms(
    'tmpCreate throws',
    'x',
    {
      tmpCreate: () => {
        throw new Error('mine')
      },
    },
    old,
  ),
  ...inBothForms(
    'what failed is kept',
    'x',
    {
      tmpPurge: false,
      tmpCreate: (file: string) => `${file}.mine`,
      tmpCreated: () => {
        throw new Error('mine')
      },
    },
    old,
  ),
  ...inBothForms('names of the caller', 'x', { tmpCreate: (file: string) => `${file}.mine` }, old),
  ...(['writeFile', 'writeFileSync'] as const).map(
    (form): Case<Face> => ({
      name: `${form}: tmpCreated gets the name that tmpCreate made`,
      run: async (module, dir) => {
        const seen: unknown[] = []
        const tmpCreated = (path: string) => void seen.push(path, existsSync(path) && statSync(path).size)
        await module[form](join(dir, 'f'), 'x', { tmpCreated, tmpCreate: file => `${file}.mine` })
        return seen
      },
    }),
  ),
  { name: 'a stream', lay: old, run: ({ writeFile }, dir) => writeFile(join(dir, 'f'), Readable.from(['a', 'b'])) },
  {
    name: 'in the order of the calls',
    run: ({ writeFile }, dir) => Promise.all(['a', 'b', 'c'].map(text => writeFile(join(dir, 'f'), text))),
  },
  {
    name: 'schedule',
    run: async ({ writeFile }, dir) => {
      const seen: unknown[] = []
      const schedule = async (file: string) => {
        seen.push(file)
        return () => void seen.push(readFileSync(file, 'utf8'))
      }
      await writeFile(join(dir, 'f'), 'x', { schedule })
      return seen
    },
  },
  {
    name: 'schedule: its end comes after a failure, too',
    run: async ({ writeFile }, dir) => {
      const seen: unknown[] = []
      old(dir)
      const schedule = async () => () => void seen.push('over')
      await writeFile(join(dir, 'f/g'), 'x', { schedule, timeout: -1 }).catch(() => {})
      return seen
    },
  },
  ...reads('bytes'),
  ...reads('text', 'utf8'),
  ...reads('text, by options', { encoding: 'latin1' }),
  ...reads('no encoding: null', { encoding: null }),
  ...reads('nothing', 'utf8', () => {}),
  ...reads('a directory', 'utf8', dir => mkdirSync(join(dir, 'f'))),
])

holds('a callback is called once, with undefined or the error, and the call returns undefined', async () => {
  const dir = scratch()
  const file = join(dir, 'f')
  assert.equal(await called(done => face.writeFile(file, 'x', done)), ['none', [], true])
  assert.equal(await called(done => face.writeFile(file, 'y', {}, done)), ['none', [], true])
  const failed = await called(done => face.writeFile(join(file, 'g'), 'y', { timeout: -1 }, done))
  assert.equal(failed.slice(1), [[], true])
  assert.is(failed[0], 'ENOTDIR')
  assert.is(readFileSync(file, 'utf8'), 'y')
})

holds('a stream that fails leaves the old file, and nothing beside it; options are not changed', async () => {
  const dir = scratch()
  old(dir)
  const failing = Readable.from(
    (async function* () {
      yield 'a'
      throw new Error('mine')
    })(),
  )
  await assert.rejects(face.writeFile(join(dir, 'f'), failing, Object.freeze({})), { message: /^mine$/ })
  assert.equal(readdirSync(dir), ['f'])
  assert.is(readFileSync(join(dir, 'f'), 'utf8'), 'old')
})

holds('a name that is too long is an error, and no file appears', async () => {
  const dir = scratch()
  await assert.rejects(face.writeFile(join(dir, 'x'.repeat(300)), 'x'), { code: isWindows ? 'ENOENT' : 'ENAMETOOLONG' })
  assert.equal(readdirSync(dir), [])
})

holds('require() gets the same functions', () => {
  const required = createRequire(import.meta.url)('holdfast/atomically')
  for (const name of Object.keys(peer)) assert.is(required[name], Reflect.get(face, name))
})
