// `holdfast/move-file` beside move-file.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as face from 'holdfast/move-file'
import * as peer from 'move-file'
import { assert, holds, scratch } from '../support/kit.js'
import { type Case, sameAsPeer } from './beside.js'

type Face = typeof face

function lay(dir: string): void {
  writeFileSync(join(dir, 'f'), 'f')
  writeFileSync(join(dir, 'g'), 'g')
  symlinkSync('f', join(dir, 'link'))
  for (const name of ['full/in', 'empty', 'tree/in']) mkdirSync(join(dir, name), { recursive: true })
}

const moves: Case<Face>[] = (['moveFile', 'moveFileSync'] as const).flatMap(form => {
  const one = (name: string, from: string, to: string, options?: face.Options, onWindows?: string): Case<Face> => ({
    name: `${form}: ${name}`,
    ...(onWindows !== undefined && { onWindows }),
    lay,
    run: (module, dir) => module[form](join(dir, from), join(dir, to), options),
  })
  return [
    one('a file', 'f', 'new'),
    one('parents are made', 'f', 'a/b/new'),
    one('with their mode', 'f', 'a/b/new', { directoryMode: 0o700 }),
    one('a file is replaced', 'f', 'g'),
    one('a file stays', 'f', 'g', { overwrite: false }),
    one('nothing to be replaced', 'f', 'a/new', { overwrite: false }),
    one('a link', 'link', 'moved'),
    one('a directory', 'tree', 'a/tree'),
    one('onto an empty directory', 'tree', 'empty'),
    one('onto a full directory', 'tree', 'full'),
    one('a file onto a directory', 'f', 'empty'),
    // Windows lets a directory take the place of a file.
    one('a directory onto a file', 'tree', 'f', undefined, 'ENOTDIR'),
    one('into itself', 'tree', 'tree/in/x'),
    one('to itself', 'f', 'f'),
    one('to itself, without overwrite', 'f', 'f', { overwrite: false }),
    one('nothing to itself', 'missing', 'missing'),
    one('no source, and a target that stays', 'missing', 'g', { overwrite: false }),
    one('no source', 'missing', 'new'),
    { name: `${form}: no paths`, run: module => module[form]('', 'x') },
    { name: `${form}: no target`, run: module => module[form]('x', undefined as unknown as string) },
    { name: `${form}: cwd`, lay, run: (module, dir) => module[form]('f', 'a/new', { cwd: dir }) },
  ]
})

const renames: Case<Face>[] = (['renameFile', 'renameFileSync'] as const).flatMap(form => [
  { name: `${form}: a name`, lay, run: (module, dir) => module[form]('f', 'new', { cwd: dir }) },
  { name: `${form}: a path`, lay, run: (module, dir) => module[form](join(dir, 'f'), join(dir, 'g')) },
  { name: `${form}: it stays`, lay, run: (module, dir) => module[form]('f', 'g', { cwd: dir, overwrite: false }) },
  { name: `${form}: another directory`, lay, run: (module, dir) => module[form]('f', 'empty/f', { cwd: dir }) },
  { name: `${form}: no paths`, run: module => module[form]('', '') },
])

sameAsPeer<Face>(peer, face, [...moves, ...renames])

holds('without overwrite one of two movers wins, and the other fails as if it had come later', async () => {
  const dir = scratch()
  lay(dir)
  const move = (name: string) => face.moveFile(join(dir, name), join(dir, 'new'), { overwrite: false })
  const results = await Promise.allSettled([move('f'), move('g')])
  assert.equal(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

holds('require() gets the same functions', () => {
  const required = createRequire(import.meta.url)('holdfast/move-file')
  for (const name of Object.keys(peer)) assert.is(required[name], Reflect.get(face, name))
})
