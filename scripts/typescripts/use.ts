// The program of a user, which `npm run test:compat` compiles in many settings. It is not run.

import {
  cell,
  copy,
  createExclusive,
  getOrCreate,
  type Lease,
  lines,
  lock,
  mkdirp,
  move,
  readJson,
  updateFile,
  within,
  withLock,
  writeFile,
} from 'holdfast'
import { ValidatingCache } from 'holdfast/cache'
import { contentStore } from 'holdfast/content'
import * as extra from 'holdfast/fs-extra'
import { makeDirectory } from 'holdfast/make-dir'
import lockfile from 'holdfast/proper-lockfile'
import { rimraf } from 'holdfast/rimraf'
import { dual, fs, type Steps } from 'holdfast/steps'
import { fileStore, getOrSet, limiter, memo } from 'holdfast/store'
import { explore, race } from 'holdfast/testing'
import writeFileAtomic from 'holdfast/write-file-atomic'

export async function use() {
  const made: string | undefined = await mkdirp('a/b', { mode: 0o755, timeout: 5 })
  const mine: boolean = createExclusive.sync('f', 'text')
  await writeFile('f', new Uint8Array(4), { parents: true, durability: 'full', onProgress: ({ path }) => void path })
  const moved: boolean = await move('f', 'g', { overwrite: false })
  await copy('a', 'b', { filter: (from, to, kind) => kind !== 'link' && from.length + to.length > 3 })
  const lease: Lease = await lock('l', { timeout: 100 })
  await lease.release()
  const got: bigint | number = await withLock('l', ({ fence, signal }) => (signal.aborted ? 0 : fence))
  await updateFile('c.json', old => ({ ...(old as object), n: 1 }), { json: true })
  for await (const { text, torn } of lines('log')) if (!torn) text.toUpperCase()
  const state = await cell.read('cell')
  if (state) await cell.swap('cell', state, { fields: ['a'] })
  await getOrCreate('m', () => 'x')
  const value: unknown = await readJson('c.json')
  const root = await within('root')
  await root.writeFile('in', 'x')
  const store = memo(fileStore<{ n: number }>('store'), { max: 10 })
  const entry = await getOrSet(store, 'key', async () => ({ n: 1 }), { ttl: 5 })
  const allowed: boolean = (await limiter('limits', { limit: 1, per: 5 }).hit('key')).allowed
  const cache = new ValidatingCache({ load: async (key: string) => key.length, max: 5 })
  const { digest } = await contentStore('blobs').put('bytes')
  await extra.outputJson('x.json', { a: 1 })
  await makeDirectory('z')
  await writeFileAtomic('w', 'x')
  await rimraf('w')
  await (await lockfile.lock('w'))()
  return [made, mine, moved, got, value, entry, allowed, cache, digest, explore, race]
}

export const twice = dual(function* twice(path: string): Steps<string> {
  const text = yield* fs.readFile(path)
  return String(text) + String(text)
})

// @ts-expect-error: there is no such option.
export const refused = () => mkdirp('a', { modes: 5 })
