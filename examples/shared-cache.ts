// Several processes need the same slow answers. Each is computed by one of them, and all get that; when it is old, it is returned
// all the same while one makes a new one. Run it: node dist/examples/shared-cache.js

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fileStore, getOrSet } from 'holdfast/store'
import { dir, setGracefulCleanup } from 'tmp-promise'

const cities = ['Accra', 'Bogota', 'Cairo', 'Delhi', 'Espoo']

const [path] = process.argv.slice(2)
if (path) {
  const forecasts = fileStore<{ city: string; by: number }>(path, { durability: 'none' })
  const options = { ttl: 60_000, stale: 600_000 }
  for (const city of cities) {
    const ask = async () => {
      process.send?.('computed')
      await setTimeout(50)
      return { city, by: process.pid }
    }
    const { value } = await getOrSet(forecasts, city, ask, options)
    process.send?.(`${city} by ${value?.by}`)
  }
  process.disconnect?.()
} else {
  setGracefulCleanup()
  process.once('SIGINT', () => process.exit(130))
  const scratch = await dir({ prefix: 'holdfast-shared-cache', unsafeCleanup: true })
  const said: string[] = []
  const processes = Array.from({ length: 6 }, () => fork(fileURLToPath(import.meta.url), [scratch.path]))
  for (const one of processes) one.on('message', text => said.push(`${text}`))
  await Promise.all(processes.map(one => once(one, 'exit')))
  const computed = said.filter(text => text === 'computed').length
  const answers = new Set(said.filter(text => text !== 'computed'))
  console.log(`${processes.length} processes asked for ${cities.length} forecasts: ${computed} were computed`)
  console.log(`There were ${answers.size} different answers`)
}
