// Six workers do jobs, at most three at a time, each in a slot. One of them is killed at its work: whoever has its slot next
// sees that, and does the job again, at last this very process. Run it: node dist/examples/job-runner.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Lease, lock, withLock } from 'holdfast'
import { dir, setGracefulCleanup } from 'tmp-promise'

const repair = async ({ slot, previous }: Lease, at: string) => {
  if (previous === 'died')
    await perform(join(at, `slot-${slot}`), await readFile(join(at, `slot-${slot}`), 'utf8'), true)
}

async function perform(begun: string, job: string, again = false): Promise<void> {
  await writeFile(begun, job)
  await wait(100)
  if (job === 'unlucky' && !again) process.kill(process.pid, 'SIGKILL')
  console.log(`${job} is done${again ? ', by another worker' : ''}`)
  await rm(begun)
}

const [at = '', job] = process.argv.slice(2)
const three = { holders: 3 }
if (job) {
  const work = (lease: Lease) => repair(lease, at).then(() => perform(join(at, `slot-${lease.slot}`), job))
  await withLock(join(at, 'jobs'), work, three)
} else {
  setGracefulCleanup()
  const { path, cleanup } = await dir({ prefix: 'holdfast-job-runner', unsafeCleanup: true })
  const jobs = ['unlucky', 'mail', 'backup', 'thumbnails', 'report', 'index']
  await Promise.all(jobs.map(one => once(fork(fileURLToPath(import.meta.url), [path, one]), 'exit')))
  const leases = await Promise.all(jobs.slice(0, 3).map(() => lock(join(path, 'jobs'), three)))
  for (const lease of leases) await repair(lease, path).then(() => lease.release())
  await cleanup()
}
