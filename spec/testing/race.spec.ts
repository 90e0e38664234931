// The race itself: what becomes of its processes.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { contender, race } from 'holdfast/testing'
import { assert, raced, scratch } from '../support/kit.js'

const plays = {
  sleeper: async (dir: string, _round: number, number: number) => {
    writeFileSync(join(dir, String(number)), String(process.pid))
    await sleep(60_000)
  },
  deaf: (dir: string) => {
    writeFileSync(join(dir, 'deaf'), String(process.pid))
    while (true);
  },
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.unreachable('it was not ended'),
    error => error,
  )
}

if (!contender(plays)) {
  raced('a race that is aborted ends with the reason of its signal, when all its processes are gone', async () => {
    const dir = scratch()
    const stop = new AbortController()
    const racing = race(import.meta.url, { dir, cast: { sleeper: 2, deaf: 1 }, signal: stop.signal })
    while (readdirSync(dir).some(name => readFileSync(join(dir, name)).length === 0) || !existsSync(join(dir, 'deaf')))
      await sleep(5)
    const reason = new Error('enough')
    stop.abort(reason)
    assert.is(await rejection(racing), reason)
    const pids = readdirSync(dir).map(name => Number(readFileSync(join(dir, name))))
    assert.ok(pids.length > 0 && pids.every(pid => pid > 0 && !lives(pid)), `${pids}`)
  })

  raced('a race that was aborted before it began starts nobody', async () => {
    const dir = scratch()
    const signal = AbortSignal.abort(new Error('too late'))
    assert.match(String(await rejection(race(import.meta.url, { dir, cast: { sleeper: 1 }, signal }))), /too late/)
    assert.equal(readdirSync(dir), [])
  })

  raced('a race whose time is over says who had not answered', async () => {
    const racing = race(import.meta.url, { dir: scratch(), cast: { sleeper: 1 }, timeout: 1_000 })
    assert.match(String(await rejection(racing)), /sleeper 0 did not finish in time/)
  })
}
