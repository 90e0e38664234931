// Each call that compiles against a package's types compiles against its face. What this file shows, it shows by compiling.

import type nodePromises from 'node:fs/promises'
import fs, * as named from 'holdfast/fs-extra'
import esm from 'holdfast/fs-extra/esm'
import promises, * as namedPromises from 'holdfast/fs-promises'
import { assert, holds } from '../../support/kit.js'

// Where the package is asked for, the face will do.
const objectAsPeer: typeof import('fs-extra') = fs
const moduleAsPeer: typeof import('fs-extra') = named
const esmAsPeer: typeof import('fs-extra/esm').default = esm
const promisesAsNode: typeof nodePromises = promises
const namedAsNode: typeof nodePromises = namedPromises

/** Calls of all shapes, as the documentation of fs-extra has them. They are compiled, and not made. */
async function calls(): Promise<unknown[]> {
  const done: named.NoParamCallbackWithUndefined = () => {}
  const options: named.CopyOptions = { overwrite: true, filter: async (from, to) => from !== to }
  const sync: named.CopyOptionsSync = { filter: (from: string, to: string) => from !== to }
  const type: named.SymlinkType = 'dir'
  const stats: named.Stats = await fs.stat('f')
  const path: named.PathLike = 'f'
  fs.copy('a', 'b', done)
  fs.copy('a', 'b', options, done)
  fs.copySync('a', 'b', sync)
  fs.move('a', 'b', { overwrite: true }, done)
  fs.ensureDir('d', 0o700, done)
  fs.ensureSymlink('a', 'b', type, done)
  fs.outputFile('f', 'x', { encoding: 'utf8', mode: 0o600 }, done)
  fs.outputJson('f', {}, { spaces: 2, EOL: '\n', replacer: (_, value) => value }, done)
  fs.writeJson('f', {}, { spaces: '\t', fs }, done)
  fs.readJson('f', { throws: false, reviver: (_, value) => value }, (error, value) => done(error ?? value))
  fs.pathExists('f', (_, isThere: boolean) => done(isThere ? null : new Error()))
  fs.readFile(path, 'utf8', (_, text: string) => done(text === '' ? null : undefined))
  const text: string = await fs.readFile('f', 'utf8')
  const bytes: Buffer = await fs.readFile('f')
  const entries: named.Dirent[] = await fs.readdir('.', { withFileTypes: true })
  const { bytesRead, buffer } = await fs.read(1, bytes, 0, 1, 0)
  const { bytesWritten } = await fs.write(1, 'x')
  const made: string | undefined = await fs.mkdir('d', { recursive: true })
  const isThere: boolean = await fs.pathExists('f')
  fs.createReadStream('f').pipe(fs.createWriteStream('g'))
  await fs.copy('a', 'b', { dereference: true, preserveTimestamps: true, errorOnExist: true })
  await promises.writeFile('f', ['a'], { flush: true })
  await promises.cp('a', 'b', { recursive: true, filter: source => source !== '' })
  return [stats, text, entries, bytesRead, buffer, bytesWritten, made, isThere, await fs.realpath.native('.')]
}

holds('what compiles against a package compiles against its face', () => {
  assert.is(typeof calls, 'function')
  assert.is(objectAsPeer, fs)
  assert.is(moduleAsPeer, named)
  assert.is(esmAsPeer, esm)
  assert.is(promisesAsNode, promises)
  assert.is(namedAsNode, namedPromises)
})
