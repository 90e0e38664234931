// Five processes read two files that belong together, and one writes them again and again. No reader ever sees one of them
// old and one new, and readers do not wait for each other. Run it: node dist/examples/readers-and-a-writer.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { withLock } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

async function write(lock: string, both: readonly string[]): Promise<void> {
  const writeBoth = (i: number) => async () => {
    for (const file of both) await writeFile(file, `${i}`)
  }
  for (let i = 0; i < 20; i++) await withLock(lock, writeBoth(i)).then(() => wait(5))
}

async function read(lock: string, both: readonly string[]): Promise<void> {
  let different = 0
  for (let i = 0; i < 40; i++) {
    const look = () => Promise.all(both.map(file => readFile(file, 'utf8')))
    const [first, second] = await withLock(lock, look, { shared: true })
    if (first !== second) different++
  }
  console.log(`A reader saw 40 pairs, and ${different} of which one was old`)
}

const [place, role] = process.argv.slice(2)
if (place) await (role === 'writer' ? write : read)(join(place, 'both'), [join(place, 'a'), join(place, 'b')])
else {
  setGracefulCleanup()
  const { path, cleanup } = await dir({ prefix: 'holdfast-readers', unsafeCleanup: true })
  for (const name of ['a', 'b']) await writeFile(join(path, name), '0')
  const start = (role: string) => once(fork(fileURLToPath(import.meta.url), [path, role]), 'exit')
  await Promise.all(['writer', ...Array<string>(5).fill('reader')].map(start))
  await cleanup()
}
