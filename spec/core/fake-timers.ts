// A process whose timers and clocks stand still from the moment when holdfast is loaded. One call of each function is made
// there, and calls that wait. Prints a line for each that has ended. Started by ./fake-timers.spec.ts.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fakeTimers from '@sinonjs/fake-timers'
import { lock, mkdirp, writeFile } from 'holdfast'
import properLockfile from 'holdfast/proper-lockfile'
import { drive, fs } from 'holdfast/steps'
import { cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'

const [dir = '', across = ''] = process.argv.slice(2)
const all = [...cases, ...storeCases, ...treeCases]
for (const [at, one] of all.entries()) {
  const dirs = [join(dir, String(at)), join(across, String(at))] as const
  for (const one of dirs) mkdirSync(one)
  one.lay?.(...dirs)
}
const said = (name: string) => process.stdout.write(`${name}\n`)

// The time of day goes on: that of files does, too.
const { Date: _, Intl: __, ...toFake } = fakeTimers.timers
fakeTimers.install({ toFake: Object.keys(toFake) as (keyof typeof toFake)[] })

for (const [at, one] of all.entries()) {
  await one.call(join(dir, String(at)), join(across, String(at)))
  said(one.name)
}

const held = await lock(join(dir, 'held'))
await lock(join(dir, 'held'), { timeout: 50 }).catch(error => said(`a lock is waited for: ${error.code}`))
const stop = new AbortController()
const waiting = lock(join(dir, 'held'), { signal: stop.signal })
await drive(fs.sleep(20))
stop.abort()
await waiting.catch(error => said(`a wait is stopped: ${error.code}`))
const next = lock(join(dir, 'held'))
await drive(fs.sleep(20))
await held.release()
await (await next).release()
said('a lock is waited for, and got')
await Promise.all(Array.from({ length: 200 }, (_, nth) => writeFile(join(dir, `file${nth}`), 'x'.repeat(300_000))))
said('200 calls at once')
writeFileSync(join(dir, 'theirs'), '')
const giveBack = await properLockfile.lock(join(dir, 'theirs'))
const retries = { retries: 2, minTimeout: 5, maxTimeout: 5 }
await properLockfile.lock(join(dir, 'theirs'), { retries }).catch(error => said(`a face tries again: ${error.code}`))
await giveBack()
// A component of the path is a file.
await mkdirp(join(dir, 'file0', 'x'), { retryFor: 50 }).catch(error => said(`a failure: ${error.code}`))
process.exit(0)
