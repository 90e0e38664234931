// More than 2 GiB at once: Node refuses such a view in one call, and a signal must take effect in the middle of it.

import { closeSync, openSync, readdirSync, readSync, statfsSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { cell, copy, createExclusive, getOrCreate, writeFile } from 'holdfast'
import { assert, cpuMs, holds, memory, note, scratch, sized } from './support/kit.js'
import { eventually } from './support/left.js'

const gibibyte = 2 ** 30
const size = sized(2.25, 3) * gibibyte + 5
const none = { durability: 'none' } as const

const { bavail, bsize } = statfsSync(memory)
/** The file and a copy of it, and half as much again. */
const hasRoom = bavail * bsize > 3 * size

/** Each of these places must arrive: the ends, and both sides of what a signed number of 32 bits can hold. */
const marks = [0, 2 ** 20 - 2, 2 ** 31 - 3, 2 ** 31 + 1, size - 4].filter(at => at < size)

function bigView(): Buffer {
  const view = Buffer.alloc(size)
  // Not by `write`, which writes nothing into so large a view.
  for (const at of marks) view.set(Buffer.from('mark'), at)
  return view
}

function checkMarks(path: string): void {
  assert.is(statSync(path).size, size)
  const fd = openSync(path, 'r')
  const into = Buffer.alloc(4)
  for (const at of marks) assert.is(readSync(fd, into, 0, 4, at) && into.toString(), 'mark', `at ${at}`)
  closeSync(fd)
}

if (!hasRoom) holds.skip('more than 2 GiB at once', `it takes ${Math.ceil((3 * size) / gibibyte)} GiB in memory`)
else {
  holds('a view of more than 2 GiB is written as a whole, and such a file is copied as a whole', async () => {
    const dir = scratch(memory)
    const at = (name: string) => join(dir, name)
    const view = bigView()
    const began = performance.now()
    await writeFile(at('written'), view, none)
    checkMarks(at('written'))
    note(`written in ${Math.round(performance.now() - began)} ms`)
    await copy(at('written'), at('copied'))
    checkMarks(at('copied'))
    unlinkSync(at('written'))
    if (sized(true, false)) return
    copy.sync(at('copied'), at('again'))
    checkMarks(at('again'))
    unlinkSync(at('copied'))
    unlinkSync(at('again'))
    assert.is(createExclusive.sync(at('created'), view, none), true)
    checkMarks(at('created'))
    unlinkSync(at('created'))
    await getOrCreate(at('produced'), () => view, none)
    checkMarks(at('produced'))
    unlinkSync(at('produced'))
    await cell.create(at('cell'), { data: view }, none)
    const [payload] = readdirSync(dir).filter(name => name.endsWith('.payload.holdfast'))
    checkMarks(at(payload as string))
  })

  holds('stopped in the middle of one such write it rejects within 100 ms, and leaves nothing', async () => {
    const dir = scratch(memory)
    const view = bigView()
    const late: number[] = []
    for (const act of [
      (timeout: number) => writeFile(join(dir, 'f'), view, { ...none, timeout }),
      (timeout: number) => createExclusive(join(dir, 'f'), view, { ...none, timeout }),
      async (timeout: number) => writeFile.sync(join(dir, 'f'), view, { ...none, timeout }),
    ])
      for (const ms of [20, 60]) {
        const began = cpuMs()
        await assert.rejects(act(ms), { code: 'ERR_TIMEOUT' })
        late.push(cpuMs() - began - ms)
        await eventually(() => assert.equal(readdirSync(dir), []))
      }
    late.sort((a, b) => a - b)
    const [median = 0, most = 0] = [late[late.length >> 1], late.at(-1)]
    note(`${Math.round(median)} ms of work late in the middle, and ${Math.round(most)} at most`)
    assert.ok(median < 100 && most < 1000)
  })
}
