// What stops a call is lost in no clean-up: a larger algorithm, of which its steps are a part, would go on without end.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Call, door, drive, fs, type Steps } from 'holdfast/steps'
import { type Case, cases, treeCases } from '../support/cases.js'
import { storeCases } from '../support/cases-of-stores.js'
import { assert, holds, memory, note, scratch, sized } from '../support/kit.js'
import { until } from '../support/left.js'

const most = 100
/** How many calls are tried of those that make more. A tree takes long to lay, and its entries are all alike. */
const mostOf = new Map<Case, number>([
  ...cases.filter(({ name }) => name === 'probe').map(one => [one, most] as const),
  ...treeCases.map(one => [one, sized(4, most)] as const),
])
const all: readonly Case[] = [...cases, ...storeCases, ...treeCases]

interface Ending {
  /** Calls that were made before the algorithm went on. */
  readonly calls: number
  readonly stoppedAt: Call['op'] | undefined
}

/** The signal comes while the k-th call is under way, and its result after it. */
async function stopAt(one: Case, k: number, dir: string, across: string): Promise<Ending> {
  for (const place of [dir, across]) mkdirSync(place)
  one.lay?.(dir, across)
  const stop = new AbortController()
  let [calls, isPart, hasEnded] = [0, true, false]
  let stoppedAt: Call['op'] | undefined
  const stopping = {
    ...door,
    perform: (...[call, done]: Parameters<typeof door.perform>) => {
      if (!isPart || ++calls !== k) return door.perform(call, done)
      stoppedAt = call.op
      return door.perform(call, (error, value) => {
        stop.abort()
        done(error, value)
      })
    },
  }
  const larger = function* (): Steps<void> {
    try {
      yield* one.steps(dir, across)
      isPart = false
      // It goes on: what it waits for never comes.
      if (stoppedAt) yield* fs.sleep(2 ** 31 - 1)
    } finally {
      hasEnded = true
    }
  }
  await drive(larger(), { door: stopping, signal: stop.signal }).catch(() => {})
  if (stoppedAt) await until(() => hasEnded)
  for (const place of [dir, across]) rmSync(place, { recursive: true, force: true })
  return { calls, stoppedAt }
}

for (const one of all)
  holds(`${one.name}: a signal that comes with the result of any of its calls ends what follows`, async () => {
    const [top, other] = [scratch(), scratch(memory)]
    let k = 1
    for (; k < (mostOf.get(one) ?? most); k++) {
      const { stoppedAt } = await stopAt(one, k, join(top, `${k}`), join(other, `${k}`))
      if (!stoppedAt) break
    }
    note(`${one.name}: ${k - 1} calls`)
    assert.ok(k > 1 && (k < most || mostOf.has(one)), `${k}`)
  })
