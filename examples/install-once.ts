// Three projects need the same packages: each file is stored once, and a project is a tree of links, made by one call.
// Run it: node dist/examples/install-once.js

import { join } from 'node:path'
import { contentStore } from 'holdfast/content'
import { fileStore } from 'holdfast/store'
import { dir, setGracefulCleanup } from 'tmp-promise'

setGracefulCleanup()
const { path } = await dir({ prefix: 'holdfast-install', unsafeCleanup: true })
const blobs = contentStore(join(path, 'store'), { durability: 'none' })
const packages = fileStore<Record<string, string>>(join(path, 'packages'), { durability: 'none' })
/** As if from a registry: some files, of which the licence is that of every package. */
const download = (name: string) => ({
  'index.js': `exports.name = '${name}'`,
  LICENSE: 'Do as you like.',
  'x/y.js': name,
})

async function install(project: string, names: readonly string[]): Promise<number> {
  const files: [digest: string, to: string][] = []
  for (const name of names) {
    const found = (await packages.get(name))?.value ?? (await unpack(name))
    for (const [file, digest] of Object.entries(found)) files.push([digest, join(project, 'node_modules', name, file)])
  }
  return [...(await blobs.checkoutMany(files, { parents: true })).values()].filter(how => how === 'linked').length
}

async function unpack(name: string): Promise<Record<string, string>> {
  const put = async ([file, text]: [string, string]) => [file, (await blobs.put(text)).digest] as const
  const digests = Object.fromEntries(await Promise.all(Object.entries(download(name)).map(put)))
  await packages.create(name, digests)
  return digests
}

for (const project of ['one', 'two', 'three'])
  console.log(`${project}: ${await install(join(path, project), ['left', 'right', 'both'])} files are links`)
console.log(`The store has ${(await blobs.usage()).pinned} files`)
await blobs.close()
