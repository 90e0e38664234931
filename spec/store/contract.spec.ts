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
  // Most lines wait for the end of an entry.
  const results = allAtOnce(lines.map(({ run }) => run))
  for (const [at, { name }] of lines.entries()) holds(`${engine}: ${name}`, () => results(at))
}

/** Many lines go on at once, so each takes longer than alone. */
const unit = 150

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
