// `--faces`: where a contest imports a package that holdfast can stand in for, it gets the face (./faces-hook.ts). So the
// contests have one text, and the row of the package is that of its face.

import { spawnSync } from 'node:child_process'

/** The packages, by what contests import, and their faces. */
export const faces: Readonly<Record<string, string>> = {
  'node:fs/promises': 'holdfast/fs-promises',
  'fs-extra': 'holdfast/fs-extra',
  'write-file-atomic': 'holdfast/write-file-atomic',
  atomically: 'holdfast/atomically',
  'proper-lockfile': 'holdfast/proper-lockfile',
  mkdirp: 'holdfast/mkdirp',
  'make-dir': 'holdfast/make-dir',
  rimraf: 'holdfast/rimraf',
  'move-file': 'holdfast/move-file',
}

const variable = 'HOLDFAST_BENCH_FACES'

/** Does this process, and each that it starts, get the faces? */
export const hasFaces = (): boolean => process.env[variable] === '1'

/** The name that a package has in the results. */
export const rowNameOf = (name: string): string =>
  (hasFaces() && faces[name === 'fs.promises' ? 'node:fs/promises' : name]) || name

/** Does one of holdfast's faces play for this package? */
export const isFace = (name: string): boolean => rowNameOf(name) !== name

/** Runs this program again, with the faces; returns its exit code. */
export function runWithFaces(): number {
  const hook = new URL('./faces-hook.js', import.meta.url).href
  const preload = `import { register } from 'node:module'; register(${JSON.stringify(hook)})`
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import data:text/javascript,${encodeURIComponent(preload)}`
  const env = { ...process.env, NODE_OPTIONS, [variable]: '1' }
  return spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' }).status ?? 1
}
