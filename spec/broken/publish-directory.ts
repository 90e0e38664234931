import { basename } from 'node:path'
import { fs, type Steps } from 'holdfast/steps'

/** As `ln -sfn`: the old link is removed, and a new one is made. */
export function* removeThenRename(path: string): Steps<void> {
  const version = `${path}.version-9-0123456789abcdef`
  yield* fs.mkdir(version)
  yield* fs.unlink(path)
  yield* fs.symlink(basename(version), path)
}
