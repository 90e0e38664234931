// The contract of the store, line by line, on each engine that needs no server; and each line is seen to fail.

import { openStore } from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { holds } from '../support/kit.js'

const memories = new Map<string, ReturnType<typeof memoryBacking>>()
function memoryAt(place: string) {
  const memory = memories.get(place) ?? memoryBacking()
  memories.set(place, memory)
  return memory
}

for (const { name, run } of storeContract((place, options) => openStore(memoryAt(place), options)))
  holds(`memory: ${name}`, run)
