// The contract of the store, line by line, on the engines that need no server.

import { join } from 'node:path'
import { fileStore, openStore } from 'holdfast/store'
import { type ContractLine, storeContract } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { allAtOnce, holds, places, scratch } from '../support/kit.js'

const memories = new Map<string, ReturnType<typeof memoryBacking>>()
function memoryAt(place: string) {
  const memory = memories.get(place) ?? memoryBacking()
  memories.set(place, memory)
  return memory
}

function hold(engine: string, lines: readonly ContractLine[]): void {
  // Some lines wait for the end of an entry: meanwhile others go on, but not so many that they are in each other's way.
  for (let first = 0; first < lines.length; first += atATime) {
    const some = lines.slice(first, first + atATime)
    const results = allAtOnce(some.map(({ run }) => run))
    for (const [at, { name }] of some.entries()) holds(`${engine}: ${name}`, () => results(at))
  }
}

const atATime = 10
const unit = 100

hold(
  'memory',
  storeContract((place, options) => openStore(memoryAt(place), options), { unit }),
)
for (const { kind, dir } of places) {
  const root = scratch(dir)
  hold(
    `files on ${kind}`,
    storeContract((place, options) => fileStore(join(root, place), { ...options, durability: 'none' }), { unit }),
  )
}
