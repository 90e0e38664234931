// `holdfast/make-dir` beside make-dir.

import nodeFs, { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as face from 'holdfast/make-dir'
import * as peer from 'make-dir'
import { assert, holds } from '../support/kit.js'
import { type Case, sameAsPeer } from './beside.js'

type Face = typeof face

const both = (['makeDirectory', 'makeDirectorySync'] as const).flatMap((form): Case<Face>[] => [
  { name: `${form}: missing levels`, run: (module, dir) => module[form](join(dir, 'a/b/c')) },
  {
    name: `${form}: it is there`,
    lay: dir => mkdirSync(join(dir, 'a')),
    run: (module, dir) => module[form](join(dir, 'a')),
  },
  { name: `${form}: a URL`, run: async (module, dir) => `${await module[form](pathToFileURL(join(dir, 'a b/c')))}` },
  { name: `${form}: a mode`, run: (module, dir) => module[form](join(dir, 'a/b'), { mode: 0o700 }) },
  { name: `${form}: a slash at the end`, run: (module, dir) => module[form](`${dir}/a/../b/`) },
  { name: `${form}: a null byte`, run: (module, dir) => module[form](join(dir, 'a\0b')) },
  { name: `${form}: no path`, run: module => module[form](undefined as unknown as string) },
  {
    name: `${form}: a file`,
    lay: dir => writeFileSync(join(dir, 'f'), ''),
    run: (module, dir) => module[form](join(dir, 'f')),
  },
  {
    name: `${form}: below a file`,
    lay: dir => writeFileSync(join(dir, 'f'), ''),
    run: (module, dir) => module[form](join(dir, 'f/a')),
  },
  {
    name: `${form}: a filesystem that is given`,
    run: (module, dir) => {
      const fs = { ...nodeFs, mkdir: nodeFs.mkdir.bind(nodeFs), mkdirSync: nodeFs.mkdirSync.bind(nodeFs) }
      return module[form](join(dir, 'a/b'), { fs: fs as unknown as typeof nodeFs })
    },
  },
])

sameAsPeer<Face>(peer, face, both)

holds('makeDirectory uses the filesystem that it is given, where make-dir does so in its sync form only', async () => {
  const asked: string[] = []
  const mkdir = (path: string, _mode: number, done: () => void) => {
    asked.push(path)
    done()
  }
  await face.makeDirectory('/nowhere', {
    fs: {
      ...nodeFs,
      mkdir,
      stat: (_: string, done: (error: Error) => void) => done(Object.assign(new Error('no'), { code: 'ENOENT' })),
    } as unknown as typeof nodeFs,
  })
  assert.equal(asked, [resolve('/nowhere')])
})

holds('require() gets the same functions', () => {
  const required = createRequire(import.meta.url)('holdfast/make-dir')
  for (const name of Object.keys(peer)) assert.is(required[name], Reflect.get(face, name))
})
