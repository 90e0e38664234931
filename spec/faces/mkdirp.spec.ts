// `holdfast/mkdirp` beside mkdirp.

import nodeFs, { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import whole, * as face from 'holdfast/mkdirp'
import * as peer from 'mkdirp'
import { assert, holds } from '../support/kit.js'
import { type Case, sameAsPeer } from './beside.js'

type Face = typeof face

const file = (dir: string) => writeFileSync(join(dir, 'f'), 'x')

/** Both forms of each. */
const inBothForms = (name: string, args: (dir: string) => readonly unknown[], lay?: Case<Face>['lay']): Case<Face>[] =>
  (['mkdirp', 'mkdirpSync', 'manual', 'manualSync', 'native', 'nativeSync'] as const).map(form => ({
    name: `${form}: ${name}`,
    ...(lay && { lay }),
    run: (module, dir) => (module[form] as (...args: readonly unknown[]) => unknown)(...args(dir)),
  }))

const counting = () => {
  const asked: string[] = []
  const fs = {
    mkdir: (path: string, options: object, done: (error: NodeJS.ErrnoException | null) => void) => {
      asked.push('mkdir')
      nodeFs.mkdir(path, options, done)
    },
    stat: nodeFs.stat,
    mkdirSync: (path: string, options: object) => {
      asked.push('mkdirSync')
      return nodeFs.mkdirSync(path, options) as undefined
    },
    statSync: nodeFs.statSync,
  }
  return { asked, fs }
}

sameAsPeer<Face>(peer, face, [
  ...inBothForms('missing levels', dir => [join(dir, 'a/b/c')]),
  ...inBothForms(
    'it is there',
    dir => [join(dir, 'a')],
    dir => mkdirSync(join(dir, 'a')),
  ),
  ...inBothForms('a file has the name', dir => [join(dir, 'f')], file),
  ...inBothForms('a file is above', dir => [join(dir, 'f/a/b')], file).map(one => ({ ...one, onWindows: 'ENOTDIR' })),
  ...inBothForms('a mode', dir => [join(dir, 'a/b'), 0o700]),
  ...inBothForms('a mode as text', dir => [join(dir, 'a/b'), '750']),
  ...inBothForms('a mode in options', dir => [join(dir, 'a/b'), { mode: 0o710 }]),
  ...inBothForms('no options: null', dir => [join(dir, 'a'), null]),
  ...inBothForms('no options: false', dir => [join(dir, 'a'), false]),
  ...inBothForms('a function as options', dir => [join(dir, 'a'), () => {}]),
  // `manual` of mkdirp itself fails there.
  ...inBothForms('the root', () => ['/']).filter(({ name }) => !name.startsWith('manual')),
  ...(['mkdirp', 'mkdirpSync'] as const).flatMap((form): Case<Face>[] => [
    { name: `${form}: a null byte`, run: (module, dir) => module[form](join(dir, 'a\0b')) },
    { name: `${form}: no path`, run: module => module[form](undefined as unknown as string) },
    { name: `${form}: .. in a path`, run: (module, dir) => module[form](`${dir}/a/../b/c`) },
    {
      name: `${form}: a filesystem that is given`,
      run: async (module, dir) => {
        const { asked, fs } = counting()
        return [await module[form](join(dir, 'a'), { fs }), asked]
      },
    },
    {
      name: `${form}: a filesystem that fails`,
      run: (module, dir) => {
        const error = Object.assign(new Error('no'), { code: 'EROFS' })
        const mkdir = (_path: string, _options: object, done: (error: NodeJS.ErrnoException) => unknown) => done(error)
        const mkdirSync = () => {
          throw error
        }
        return module[form](join(dir, 'a'), { mkdir, mkdirSync })
      },
    },
    {
      name: `${form}: a function that fails, and returns a promise`,
      run: (module, dir) => {
        const error = Object.assign(new Error('no'), { code: 'EROFS' })
        const mkdirSync = () => {
          throw error
        }
        return module[form](join(dir, 'a'), { mkdirAsync: () => Promise.reject(error), mkdirSync })
      },
    },
  ]),
  ...(['manual', 'manualSync'] as const).flatMap(form =>
    ['a', 'a/b/c', '.'].map(
      (name): Case<Face> => ({
        name: `${form}: what was made before, and ${name}`,
        run: (module, dir) => module[form](join(dir, name), undefined, '/before'),
      }),
    ),
  ),
  { name: 'useNative', run: ({ useNative, useNativeSync }) => [useNative(), useNativeSync({ mode: 1 })] },
  { name: 'useNative: given', run: ({ useNative }) => useNative({ mkdir: () => {} }) },
])

holds('require() is the function, with all that mkdirp 1 and mkdirp 3 have on it', () => {
  const required = createRequire(import.meta.url)('holdfast/mkdirp')
  assert.is(required, whole)
  assert.is(required, face.mkdirp)
  for (const name of Object.keys(peer)) {
    assert.is(typeof required[name], 'function', name)
    assert.is(typeof Reflect.get(face, name), 'function', name)
  }
  for (const name of Object.keys(peer.mkdirp)) assert.is(typeof required[name], 'function', name)
  assert.is(typeof required.manual.sync, 'function')
})
