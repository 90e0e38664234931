// What compiles against the types of a package compiles against its face. The compiler is the test: each function of a face
// is used as the function of the package, and calls of its documentation are written down, and never made.

import type { Readable } from 'node:stream'
import type * as theirAtomically from 'atomically'
import type * as ourAtomically from 'holdfast/atomically'
import type * as ourMakeDir from 'holdfast/make-dir'
import type * as ourMkdirp from 'holdfast/mkdirp'
import type defaultMkdirp from 'holdfast/mkdirp'
import type * as ourMoveFile from 'holdfast/move-file'
import type * as ourRimraf from 'holdfast/rimraf'
import type ourWriteFileAtomic from 'holdfast/write-file-atomic'
import type * as theirMakeDir from 'make-dir'
import type * as theirMkdirp from 'mkdirp'
import type * as theirMoveFile from 'move-file'
import type * as theirRimraf from 'rimraf'
import type theirWriteFileAtomic from 'write-file-atomic'
import { holds } from '../support/kit.js'

/** Fails to compile unless `Ours` can be used as `Theirs`. */
type Fits<Theirs, Ours extends Theirs> = [Theirs, Ours]

/** The same for all that a module exports. */
export type Modules = [
  Fits<typeof theirMakeDir, typeof ourMakeDir>,
  Fits<typeof theirMkdirp, typeof ourMkdirp>,
  Fits<typeof theirMkdirp.mkdirp, typeof defaultMkdirp>,
  Fits<typeof theirMoveFile, typeof ourMoveFile>,
  Fits<Omit<typeof theirRimraf, WithGlob>, Omit<typeof ourRimraf, WithGlob>>,
  Fits<typeof theirAtomically.readFile, typeof ourAtomically.readFile>,
  Fits<typeof theirAtomically.readFileSync, typeof ourAtomically.readFileSync>,
  Fits<typeof theirAtomically.writeFileSync, typeof ourAtomically.writeFileSync>,
  Fits<typeof theirWriteFileAtomic.sync, typeof ourWriteFileAtomic.sync>,
]

/** What takes options of glob, of which the face knows some. */
type WithGlob = Exclude<keyof typeof theirRimraf, 'isRimrafOptions' | 'assertRimrafOptions'>

export type Options = [
  Fits<ourAtomically.WriteOptions, theirAtomically.WriteOptions>,
  Fits<ourAtomically.ReadOptions, theirAtomically.ReadOptions>,
  Fits<ourMakeDir.Options, theirMakeDir.Options>,
  Fits<ourMoveFile.Options, theirMoveFile.Options>,
  Fits<ourWriteFileAtomic.Options, theirWriteFileAtomic.Options>,
  Fits<ourRimraf.RimrafAsyncOptions, Omit<theirRimraf.RimrafAsyncOptions, 'glob'>>,
  Fits<ourRimraf.RimrafSyncOptions, Omit<theirRimraf.RimrafSyncOptions, 'glob'>>,
]

/** Calls that overloads have, and that would not be compared above. */
export function calls(
  writeFileAtomic: typeof ourWriteFileAtomic,
  { writeFile }: typeof ourAtomically,
  { rimraf }: typeof ourRimraf,
  mkdirp: typeof defaultMkdirp,
  stream: Readable,
): unknown[] {
  const options: ourWriteFileAtomic.Options = { chown: { uid: 1, gid: 1 }, mode: 0o600, tmpfileCreated: () => {} }
  const written: Promise<void> = writeFileAtomic('f', Buffer.from(''), options)
  const made: Promise<string | undefined> = mkdirp('d', '755')
  return [
    written,
    made,
    writeFileAtomic('f', 'x'),
    writeFileAtomic('f', 'x', 'latin1'),
    writeFileAtomic('f', 'x', error => error?.message),
    writeFileAtomic('f', 'x', options, (error?: Error) => error),
    writeFileAtomic.sync('f', 'x', { fsync: false, encoding: 'utf8' }),
    writeFile('f', stream),
    writeFile('f', undefined, 'utf8'),
    // biome-ignore lint/suspicious/noConfusingVoidType: as atomically declares it
    writeFile('f', 'x', (error: NodeJS.ErrnoException | void) => error),
    writeFile('f', 'x', { tmpPurge: false }, () => {}),
    rimraf(['a', 'b'], { glob: true }),
    rimraf('a', { glob: { cwd: '.', dot: true, ignore: ['b'] }, filter: async (_path, ent) => ent.isFile() }),
    rimraf.moveRemoveSync('a'),
    mkdirp.manual.sync('d', { mode: 0o700 }, 'made'),
  ]
}

holds('every function of the packages has its counterpart, as the compiler has found', () => {})
