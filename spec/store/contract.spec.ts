// The contract of the store, line by line, on each engine that needs no server; and each line is seen to fail.

import { join } from 'node:path'
import { fileStore, openStore } from 'holdfast/store'
import { storeContract } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { holds, places, scratch } from '../support/kit.js'

const memories = new Map<string, ReturnType<typeof memoryBacking>>()
function memoryAt(place: string) {
  const memory = memories.get(place) ?? memoryBacking()
  memories.set(place, memory)
  return memory
}

for (const { name, run } of storeContract((place, options) => openStore(memoryAt(place), options)))
  holds(`memory: ${name}`, run)

for (const { kind, dir } of places) {
  const root = scratch(dir)
  const open = (place: string, options: object) => fileStore(join(root, place), { ...options, durability: 'none' })
  for (const { name, run } of storeContract(open)) holds(`files on ${kind}: ${name}`, run)
}
