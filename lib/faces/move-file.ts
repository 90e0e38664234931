// `holdfast/move-file`: the surface of move-file 4 over `move`.
//
// | move-file | here |
// |---|---|
// | `moveFile`, `renameFile`, their sync forms, `cwd`, `directoryMode`, `overwrite` (true unless given) | to the letter |
// | makes missing directories above the target; returns undefined; messages of its own errors | to the letter |
// | a thing that is moved to its own path | to the letter: nothing happens |
// | `overwrite: false` | stronger: of several callers with one target one wins, also of directories, and a link that leads nowhere is not replaced |
// | to another device | stronger: the copy appears as a whole, and the source is removed after that |
// | what is moved | stronger: a file's data is on the disk before its name changes |
// | a link onto what it leads to; a file onto a device, a pipe or a socket | refused: EINVAL, and nothing is lost |

import { dirname, resolve } from 'node:path'
import { openDual } from '../core/dual.js'
import { hasCode } from '../core/errors.js'
import { fs, orNothing, type Steps } from '../core/steps.js'
import { mkdirp } from '../mkdirp.js'
import { move } from '../move.js'

export type Options = {
  /** Replaces what is at the destination. @default true */
  readonly overwrite?: boolean
  /** The directory in which both paths begin. @default process.cwd() */
  readonly cwd?: string
  /** Permission bits of directories that are made, minus the umask. @default 0o777 */
  readonly directoryMode?: number
}

const forms = openDual(function* moveFile(
  source: string,
  destination: string,
  _driver = {},
  { overwrite = true, directoryMode }: Options = {},
): Steps<void> {
  if (source === destination && overwrite) {
    yield* fs.lstat(source)
    return
  }
  if (directoryMode !== undefined) yield* mkdirp.steps(dirname(destination), { mode: directoryMode })
  try {
    if (yield* move.steps(source, destination, { overwrite: Boolean(overwrite), parents: true })) return
  } catch (error) {
    // move-file looks at the destination first.
    const isTaken = !overwrite && hasCode(error, 'ENOENT', 'EINVAL') && (yield* fs.lstat(destination, orNothing))
    if (!isTaken) throw error
  }
  throw new Error(`The destination file exists: ${destination}`)
})

type Paths = readonly [source: string, destination: string]

/** `suffix`: of the names of the arguments. */
function asPaths(source: string, destination: string, { cwd = process.cwd() }: Options, suffix: string): Paths {
  if (!source || !destination) throw new TypeError(`\`source${suffix}\` and \`destination${suffix}\` required`)
  return cwd ? [resolve(cwd, source), resolve(cwd, destination)] : [source, destination]
}

function inOneDirectory(paths: Paths): Paths {
  if (dirname(paths[0]) !== dirname(paths[1]))
    throw new Error('`source` and `destination` must be in the same directory')
  return paths
}

export async function moveFile(sourcePath: string, destinationPath: string, options: Options = {}): Promise<void> {
  return forms(...asPaths(sourcePath, destinationPath, options, 'Path'), undefined, options)
}

export function moveFileSync(sourcePath: string, destinationPath: string, options: Options = {}): void {
  forms.sync(...asPaths(sourcePath, destinationPath, options, 'Path'), undefined, options)
}

export async function renameFile(source: string, destination: string, options: Options = {}): Promise<void> {
  return forms(...inOneDirectory(asPaths(source, destination, options, '')), undefined, options)
}

export function renameFileSync(source: string, destination: string, options: Options = {}): void {
  forms.sync(...inOneDirectory(asPaths(source, destination, options, '')), undefined, options)
}
