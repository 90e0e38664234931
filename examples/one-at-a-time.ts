// Several processes want to deploy, and only one at a time may. One of them is killed while it deploys: the next takes
// over at once, and its greater fencing token shows that it came later. Run it: node dist/examples/one-at-a-time.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Lease, lock, withLock } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

async function deploy(path: string, name: string): Promise<void> {
  const work = async ({ fence, signal }: Lease) => {
    console.log(`${name} deploys with fence ${fence}`)
    await wait(100, undefined, { signal })
    if (name === 'Unlucky') process.kill(process.pid, 'SIGKILL')
    console.log(`${name} is done`)
  }
  await withLock(path, work, { timeout: 10_000 })
}

const [path, name] = process.argv.slice(2)
if (path && name) await deploy(path, name)
else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-one-at-a-time', unsafeCleanup: true })
  const shared = join(scratch.path, 'deploy')
  const start = (who: string) => once(fork(fileURLToPath(import.meta.url), [shared, who]), 'exit')
  const ends = await Promise.all(['Anna', 'Unlucky', 'Berta', 'Carla'].map(start))
  const last = await lock(shared)
  console.log(
    `${ends.filter(([code]) => code === 0).length} of 4 deployed; the next one would have fence ${last.fence}`,
  )
  await last.release()
  await scratch.cleanup()
}
