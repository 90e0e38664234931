// A world of your own: is this counter safe? The explorer runs every order of the calls of two processes, and shows one
// that loses a count. Then `createExclusive` lets only the first process count, and no order ends badly.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createExclusive } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import { BadEnding, explore, type World } from 'holdfast/testing'

function* count(dir: string): Steps<void> {
  const before = Number(yield* fs.readFile(join(dir, 'counter')))
  const fd = yield* fs.open(join(dir, 'counter'), 'w')
  yield* fs.write(fd, Buffer.from(String(before + 1)))
  yield* fs.close(fd)
}

function* countOnce(dir: string): Steps<void> {
  if (yield* createExclusive.steps(join(dir, 'counted'), 'yes')) yield* count(dir)
}

const world = (player: (dir: string) => Steps<void>, total: number): World => ({
  setup: dir => writeFileSync(join(dir, 'counter'), '0'),
  players: dir => ({ 'process 1': player(dir), 'process 2': player(dir) }),
  check: ({ dir }) => {
    const counter = readFileSync(join(dir, 'counter'), 'utf8')
    if (counter !== String(total)) throw new Error(`the counter is "${counter}", not ${total}`)
  },
})

try {
  explore(world(count, 2))
} catch (error) {
  if (!(error instanceof BadEnding)) throw error
  console.log(`Read, then write:\n${error.message}\n`)
}
const { schedules, pruned, complete } = explore(world(countOnce, 1))
console.log(
  `With createExclusive: ${schedules} schedules (${pruned} more led to nothing new), complete: ${complete}, none ends badly.`,
)
