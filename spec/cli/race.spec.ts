// Programs of a shell that change one file under a lock, and publish it by a rename: beside flock(1), which locks the inode
// that the rename replaces.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lock } from 'holdfast'
import { startCli } from '../support/cli.js'
import { assert, note, raced, scratch } from '../support/kit.js'

const change = 'n=$(cat "$0"); echo $((n + 1)) >"$0.$$"; mv "$0.$$" "$0"'

function counter(): string {
  const file = join(scratch(), 'count')
  writeFileSync(file, '0\n')
  return file
}

const count = (file: string): number => Number(readFileSync(file, 'utf8'))

const hasShell = spawnSync('sh', ['-c', '']).status === 0
if (hasShell)
  raced('lock: of what programs change in turn nothing is lost, though each replaces the file', async () => {
    const file = counter()
    const lease = await lock(file)
    const all = [1, 2, 3, 4, 5].map(() => startCli(['lock', '-v', file, '--', 'sh', '-c', change, file]))
    // All of them wait before the first one begins.
    await Promise.all(all.map(({ child }) => once(child.stderr as NodeJS.EventEmitter, 'data')))
    await lease.release()
    for (const { status, err } of await Promise.all(all.map(({ ended }) => ended))) {
      assert.is(status, 0, err)
      assert.match(err, /waiting for/)
    }
    assert.is(count(file), 5)
  })
else raced.skip('lock: of what programs change in turn nothing is lost', 'no sh')

const hasFlock = spawnSync('flock', ['--version']).status === 0
if (hasShell && hasFlock)
  raced('flock(1) on that file loses some', async () => {
    let rounds = 0
    for (let lost = 0; lost === 0; rounds++) {
      const file = counter()
      const loop = `for i in 1 2 3 4 5 6 7 8 9 10; do flock "$0" sh -c '${change}' "$0"; done`
      const all = [1, 2, 3, 4].map(() => once(spawn('sh', ['-c', loop, file], { stdio: 'ignore' }), 'close'))
      await Promise.all(all)
      lost = 40 - count(file)
      if (lost > 0) note(`flock: of 40 changes of 4 processes ${lost} were lost, in round ${rounds + 1}`)
    }
  })
else raced.skip('flock(1) on that file loses some', 'no flock(1)')
