// What is tried of the faces on every runtime: one row for each, by the name that users import.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as atomically from 'holdfast/atomically'
import fsExtra from 'holdfast/fs-extra'
import { outputJson, outputJsonSync } from 'holdfast/fs-extra/esm'
import fsPromises from 'holdfast/fs-promises'
import { makeDirectory, makeDirectorySync } from 'holdfast/make-dir'
import { mkdirp } from 'holdfast/mkdirp'
import { moveFile, moveFileSync } from 'holdfast/move-file'
import properLockfile from 'holdfast/proper-lockfile'
import { rimraf } from 'holdfast/rimraf'
import writeFileAtomic from 'holdfast/write-file-atomic'
import type { Form, Row } from './row.js'

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

const face = (name: string, run: (form: Form, dir: string) => unknown): Row => ({
  name: `holdfast/${name}`,
  forms: ['promise', 'sync'],
  run,
})

const contentOf = (file: string) => readFileSync(file, 'utf8')

export const faceRows: readonly Row[] = [
  face('atomically', async (form, dir) => {
    const file = join(dir, 'a/f')
    const { readFile, readFileSync, writeFile, writeFileSync } = atomically
    form === 'sync' ? writeFileSync(file, 'x') : await writeFile(file, 'x')
    const text = form === 'sync' ? readFileSync(file, 'utf8') : await readFile(file, 'utf8')
    expect(text === 'x', text)
  }),
  face('fs-extra', async (form, dir) => {
    const [from, to] = [join(dir, 'a/b'), join(dir, 'c')]
    if (form === 'sync') fsExtra.outputFileSync(from, 'x')
    else await fsExtra.outputFile(from, 'x')
    if (form === 'sync') fsExtra.copySync(join(dir, 'a'), to)
    else await fsExtra.copy(join(dir, 'a'), to)
    const read =
      form === 'sync' ? fsExtra.readFileSync(join(to, 'b'), 'utf8') : await fsExtra.readFile(join(to, 'b'), 'utf8')
    expect(read === 'x', read)
  }),
  face('fs-extra/esm', async (form, dir) => {
    const file = join(dir, 'a/b.json')
    if (form === 'sync') outputJsonSync(file, [1])
    else await outputJson(file, [1])
    expect(readFileSync(file, 'utf8') === '[1]\n', 'the file has other content')
  }),
  {
    name: 'holdfast/fs-promises',
    forms: ['promise'],
    run: async (_, dir) => {
      await fsPromises.mkdir(join(dir, 'a/b'), { recursive: true })
      await fsPromises.writeFile(join(dir, 'a/f'), 'x')
      await fsPromises.cp(join(dir, 'a'), join(dir, 'c'), { recursive: true })
      await fsPromises.rm(join(dir, 'a'), { recursive: true })
      expect(readFileSync(join(dir, 'c/f'), 'utf8') === 'x' && !existsSync(join(dir, 'a')), 'the copy is not there')
    },
  },
  face('make-dir', async (form, dir) => {
    const at = join(dir, 'a/b')
    const made = form === 'sync' ? makeDirectorySync(at) : await makeDirectory(at)
    expect(made === at && existsSync(at), `${made}`)
  }),
  face('mkdirp', async (form, dir) => {
    const made = form === 'sync' ? mkdirp.sync(join(dir, 'a/b')) : await mkdirp(join(dir, 'a/b'))
    expect(made === join(dir, 'a') && existsSync(join(dir, 'a/b')), `${made}`)
  }),
  face('move-file', async (form, dir) => {
    const [from, to] = [join(dir, 'f'), join(dir, 'a/g')]
    writeFileSync(from, 'x')
    form === 'sync' ? moveFileSync(from, to) : await moveFile(from, to)
    expect(contentOf(to) === 'x' && !existsSync(from), 'it is not moved')
  }),
  face('proper-lockfile', async (form, dir) => {
    const file = join(dir, 'f')
    writeFileSync(file, '')
    const release = form === 'sync' ? properLockfile.lockSync(file) : await properLockfile.lock(file)
    const held = form === 'sync' ? properLockfile.checkSync(file) : await properLockfile.check(file)
    await release()
    expect(held && !existsSync(`${file}.lock`), 'it was not held, or is not released')
  }),
  face('rimraf', async (form, dir) => {
    mkdirSync(join(dir, 'a/b'), { recursive: true })
    writeFileSync(join(dir, 'a/f'), '')
    const filter = (path: string) => !path.endsWith('f')
    const gone = form === 'sync' ? rimraf.sync(join(dir, 'a'), { filter }) : await rimraf(join(dir, 'a'), { filter })
    expect(!gone && existsSync(join(dir, 'a/f')) && !existsSync(join(dir, 'a/b')), 'the filter was not asked')
    expect((form === 'sync' ? rimraf.sync(join(dir, 'a')) : await rimraf(join(dir, 'a'))) === true, 'it is there')
  }),
  face('write-file-atomic', async (form, dir) => {
    const file = join(dir, 'f')
    form === 'sync' ? writeFileAtomic.sync(file, 'x') : await writeFileAtomic(file, 'x')
    expect(contentOf(file) === 'x', 'other content')
  }),
]
