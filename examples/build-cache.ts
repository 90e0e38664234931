// Eight processes build the same things into one cache, and check them out, while the cache evicts: it has room for a fifth of
// them. Nothing is ever half there. Run it: node dist/examples/build-cache.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentStore } from 'holdfast/content'
import { fileStore } from 'holdfast/store'
import { dir, setGracefulCleanup } from 'tmp-promise'

const inputs = Array.from({ length: 40 }, (_, at) => `source ${at}`)
const build = (input: string) => `${input} built\n`.repeat(800)
const [place] = process.argv.slice(2)
if (place) {
  const blobs = contentStore(join(place, 'blobs'), { maxBytes: 131_072, durability: 'none' })
  const outputs = fileStore<string>(join(place, 'outputs'), { durability: 'none' })
  let [built, wrong] = [0, 0]
  for (const input of inputs) {
    const to = join(place, `${process.pid}`)
    const known = (await outputs.get(input))?.value
    if (!known || !(await blobs.checkout(known, to))) {
      await using blob = (await blobs.put(build(input))).lease
      built++
      await outputs.create(input, blob.digests[0] as string)
      await blobs.checkout(blob.digests[0] as string, to)
    }
    if ((await readFile(to, 'utf8')) !== build(input)) wrong++
    await rm(to)
  }
  console.log(
    `A process built ${built}, took ${inputs.length - built} from the cache, and got ${wrong} that were wrong`,
  )
} else {
  setGracefulCleanup()
  const { path } = await dir({ prefix: 'holdfast-build-cache', unsafeCleanup: true })
  await Promise.all(inputs.slice(0, 8).map(() => once(fork(fileURLToPath(import.meta.url), [path]), 'exit')))
}
