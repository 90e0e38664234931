// Real processes that take a lock and remove it, again and again.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lock } from 'holdfast'
import { assert, clock, everyPlace, note, raced, scratch, sized } from '../support/kit.js'
import { assertApart, type Held } from '../support/locks.js'
import { isScanned } from '../windows/flavour.js'

/** A process that lives so many lives of a lock. */
async function race(path: string, times: number): Promise<void> {
  const all: Held[] = []
  for (let nth = 0; nth < times; nth++) {
    const lease = await lock(path, { timeout: isScanned ? 240_000 : 60_000 })
    const from = clock()
    if (nth % 4 === 0) await wait(0)
    all.push([lease.fence, from, clock()])
    await lease.release({ remove: true })
  }
  console.log(JSON.stringify(all))
}

if (process.env.HOLDFAST_LIVES) {
  const [times, ...path] = process.env.HOLDFAST_LIVES.split(' ')
  await race(path.join(' '), Number(times))
} else
  for (const { kind, dir } of everyPlace)
    raced(`on ${kind}: eight processes take a lock and remove it: no fence comes twice, and they grow`, async () => {
      const place = scratch(dir)
      const path = join(place, 'thing')
      const times = sized(12, 125)
      const outputs = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
            env: { ...process.env, HOLDFAST_LIVES: `${times} ${path}` },
            stdio: ['ignore', 'pipe', 'inherit'],
          })
          let text = ''
          for await (const chunk of child.stdout) text += chunk
          return JSON.parse(text) as Held[]
        }),
      )
      const all = outputs.flat()
      assert.is(all.length, 8 * times)
      assertApart(all)
      // A fence that is not one more than that before was the first of a new lock.
      const fences = all.map(([fence]) => fence).sort((a, b) => a - b)
      const lives = fences.filter((fence, at) => fence !== (fences[at - 1] ?? 0) + 1).length
      assert.ok(lives > 1)
      note(`${kind}: held ${all.length} times in ${lives} lives of the lock; left: ${readdirSync(place).length}`)
    })
