// Several processes want to publish one release, exactly once. One of them wins, the others use what it published, and
// every reader sees a whole release. Run it: node dist/examples/publish-once.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createExclusive, emplace, link } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

async function publish(place: string): Promise<void> {
  const release = join(place, 'releases', '1.0.0.js')
  const text = `console.log('built by process ${process.pid}')\n`.repeat(50_000)
  const mine = await createExclusive(release, text, { parents: true })
  // Every process makes sure that the second name exists; it does not matter which one makes it.
  const name = await link(release, join(place, 'public', 'app.js'), { parents: true })
  // Every process also writes the page. The last one stays; readers never see half a page, or no page once there was
  // one.
  const page = join(place, `page.${process.pid}`)
  await writeFile(page, '<script src="app.js"></script>\n')
  await emplace(page, join(place, 'public', 'index.html'))

  const lines = new Set((await readFile(join(place, 'public', 'app.js'), 'utf8')).trimEnd().split('\n'))
  const did = mine ? 'published its release' : "uses another's release"
  console.log(`Process ${process.pid} ${did}; public/app.js: ${name}; every line is ${[...lines].join(', ')}`)
}

const [place] = process.argv.slice(2)
if (place) await publish(place)
else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-publish-once', unsafeCleanup: true })
  const processes = Array.from({ length: 6 }, () => fork(fileURLToPath(import.meta.url), [scratch.path]))
  const codes = await Promise.all(processes.map(async one => (await once(one, 'exit'))[0]))
  await scratch.cleanup()
  process.exitCode = codes.every(code => code === 0) ? 0 : 1
}
