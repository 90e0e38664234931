// The public names, and nothing else. Start reading at ./mkdirp.ts; the method of all of them is ./parts/achieve.ts.

export { type AppendLinesOptions, appendLines, type LineRecord } from './append-lines.js'
export type { State } from './cell/state.js'
export { type CellOptions, cell, type NextState, type Reading } from './cell.js'
export { type CopyOptions, copy } from './copy.js'
export type { Durability, Patience } from './core/input.js'
export type { Progress } from './core/progress.js'
export type { Published } from './core/publication.js'
export { type CreateExclusiveOptions, createExclusive } from './create-exclusive.js'
export { type EmplaceOptions, emplace } from './emplace.js'
export { emptyDir } from './empty-dir.js'
export { exists } from './exists.js'
export {
  type GetOrCreate,
  type GetOrCreateOptions,
  type Got,
  type GotAs,
  getOrCreate,
  type Producer,
  type Production,
} from './get-or-create.js'
export { type Line, type Lines, type LinesOptions, lines } from './lines.js'
export { type Existing, type LinkOptions, link } from './link.js'
export {
  type BreakOptions,
  type Holder,
  type Lease,
  type Lock,
  type LockOptions,
  type Locks,
  lock,
  type Paths,
  type PlaceOptions,
  type SharingOptions,
  type Takeover,
  type Waiting,
} from './lock.js'
export { type MkdirpOptions, mkdirp } from './mkdirp.js'
export { type MoveOptions, move } from './move.js'
export type { ResponseLike } from './parts/response.js'
export type { Data } from './parts/source.js'
export { type Guarantee, type Keeps, type ProbeOptions, probe } from './probe.js'
export { type BuildWork, type PublishDirectoryOptions, publishDirectory } from './publish-directory.js'
export { type ReadJson, type ReadJsonOptions, type Reviver, readJson } from './read-json.js'
export { type RemoveOptions, remove } from './remove.js'
export { type First, type Other, type Single, type SingleFunction, type SingleOptions, single } from './single.js'
export { type SweepOptions, sweep } from './sweep.js'
export { type SymlinkOptions, symlink } from './symlink.js'
export { type TempDir, type TempDirOptions, tempDir } from './temp-dir.js'
export { type UpdateFile, type UpdateFileOptions, updateFile, type Work, type WorkOnFiles } from './update-file.js'
export { withLock } from './with-lock.js'
export { type WithTempDir, withTempDir } from './with-temp-dir.js'
export { type ReadFile, type ReadFileOptions, type Within, type WithinOptions, within } from './within.js'
export { type WriteFileOptions, writeFile } from './write-file.js'
export { type Files, type WriteFilesOptions, writeFiles } from './write-files.js'
export { type Replacer, type WriteJsonOptions, writeJson } from './write-json.js'
