// What is tried of the faces on every runtime: one row for each, by the name that users import.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory, makeDirectorySync } from 'holdfast/make-dir'
import { mkdirp } from 'holdfast/mkdirp'
import type { Form, Row } from './row.js'

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

const face = (name: string, run: (form: Form, dir: string) => unknown): Row => ({
  name: `holdfast/${name}`,
  forms: ['promise', 'sync'],
  run,
})

export const faceRows: readonly Row[] = [
  face('make-dir', async (form, dir) => {
    const at = join(dir, 'a/b')
    const made = form === 'sync' ? makeDirectorySync(at) : await makeDirectory(at)
    expect(made === at && existsSync(at), `${made}`)
  }),
  face('mkdirp', async (form, dir) => {
    const made = form === 'sync' ? mkdirp.sync(join(dir, 'a/b')) : await mkdirp(join(dir, 'a/b'))
    expect(made === join(dir, 'a') && existsSync(join(dir, 'a/b')), `${made}`)
  }),
]
