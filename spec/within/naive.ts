// How people usually bind a path to a directory: resolve it, compare, and then use it. Between the two it may lead
// elsewhere.

import { dirname, join } from 'node:path'
import { mkdirp, remove, writeFile } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import { readFile } from '../../lib/within/read.js'

function* checked(root: string, path: string): Steps<string> {
  const at = join(root, path)
  const real = yield* fs.realpath(dirname(at))
  if (real !== root && !real.startsWith(`${root}/`)) throw Object.assign(new Error(path), { code: 'ERR_OUTSIDE_ROOT' })
  return at
}

const options = { retryFor: 20 }

export const naive: Readonly<Record<string, (root: string) => Steps<unknown>>> = {
  *writeFile(root) {
    yield* writeFile.steps(yield* checked(root, 'a/b/f'), 'new', options)
  },
  *readFile(root) {
    return yield* readFile.steps(yield* checked(root, 'a/b/f'), options)
  },
  *mkdirp(root) {
    return yield* mkdirp.steps(yield* checked(root, 'a/b/new'), options)
  },
  *remove(root) {
    return yield* remove.steps(yield* checked(root, 'a/b/tree'), options)
  },
}
