// Each line of the contract is seen to fail, on a store that does what the line is about in the usual way.

import type { Backing } from 'holdfast/store'
import { type ContractLine, storeContract } from 'holdfast/testing'
import { memoryBacking } from '../../lib/store/memory.js'
import { type BrokenStore, brokenStores, type Open } from '../broken/stores.js'
import { allAtOnce, assert, holds, note } from '../support/kit.js'

function linesOn(open: Open): readonly ContractLine[] {
  const memories = new Map<string, Backing>()
  const memoryAt = (place: string) => {
    const memory = memories.get(place) ?? memoryBacking()
    memories.set(place, memory)
    return memory
  }
  return storeContract((place, options) => open(memoryAt(place), options))
}

const all = linesOn(brokenStores['create replaces']?.open as Open).map(({ name }) => name)

/** Returns why the store does not keep the line; undefined if it does. */
async function failureOf({ run }: ContractLine): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const hangs = new Promise<string>(resolve => {
    timer = setTimeout(resolve, 2000, 'it hangs')
  })
  try {
    return await Promise.race([run().then(() => undefined), hangs])
  } catch (error) {
    return (error as Error).message.split('\n')[0] || 'it throws'
  } finally {
    clearTimeout(timer)
  }
}

async function catchIt({ open, fails }: BrokenStore): Promise<void> {
  const lines = linesOn(open).filter(line => fails.some(one => one.test(line.name)))
  assert.is(lines.length, fails.length, 'each pattern is that of one line')
  await Promise.all(
    lines.map(async line => assert.ok(await failureOf(line), `the line is kept all the same: ${line.name}`)),
  )
}

const caught = allAtOnce(Object.values(brokenStores).map(one => () => catchIt(one)))
for (const [at, name] of Object.keys(brokenStores).entries()) holds(`${name}: caught`, () => caught(at))

holds('each line has a store that does not keep it', () => {
  const unseen = all.filter(line => !Object.values(brokenStores).some(({ fails }) => fails.some(one => one.test(line))))
  assert.equal(unseen, [])
  note(`${all.length} lines, ${Object.keys(brokenStores).length} broken stores`)
})
