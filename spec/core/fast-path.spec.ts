// The inline fast path: how often a thread is used, and that results are what is there, not what was.

import { createHook } from 'node:async_hooks'
import { existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dual, fs } from 'holdfast/steps'
import { assert, holds, places, scratch } from '../support/kit.js'

const look = dual(function* steps(path: string) {
  return yield* fs.lstat(path, { throwIfNoEntry: false })
})
const lookAndLink = dual(function* steps(dir: string) {
  yield* fs.lstat(join(dir, 'a'))
  yield* fs.link(join(dir, 'a'), join(dir, 'b'))
  yield* fs.lstat(join(dir, 'b'))
  yield* fs.rename(join(dir, 'b'), join(dir, 'c'))
  return yield* fs.lstat(join(dir, 'c'))
})

const nested = dual(function* steps(dir: string) {
  yield* fs.mkdir(dir)
  yield* fs.mkdir(join(dir, 'a'))
  yield* fs.mkdir(join(dir, 'a/b'))
})
const write = dual(function* steps(path: string, flags: 'wx' | 'r+', bytes: number) {
  const fd = yield* fs.open(path, flags)
  yield* fs.write(fd, Buffer.alloc(bytes, 'x'))
  yield* fs.close(fd)
})

/** The number of calls that went to a thread during `work`. */
async function asked(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const hook = createHook({ init: (_, type) => void (type === 'FSREQCALLBACK' && count++) }).enable()
  await work().finally(() => hook.disable())
  return count
}

/** The filesystems of which the library makes quick calls inline. */
const local = ['ext4', 'xfs', 'btrfs', 'tmpfs']
const here = places.filter(({ kind }) => local.includes(kind))
if (here.length === 0) holds.skip('looks on the spot', 'they are for disks that Linux keeps itself')

for (const { kind, dir: place } of here) {
  holds(
    `${kind}: a name that was looked at, or given, a moment ago is looked at on the spot; a new one by a thread`,
    async () => {
      const dir = scratch(place)
      const seen = { new: [] as number[], again: [] as number[], given: [] as number[] }
      for (let i = 0; i < 20; i++) {
        writeFileSync(join(dir, 'a'), '')
        seen.given.push(await asked(() => lookAndLink(dir)))
        unlinkSync(join(dir, 'c'))
        writeFileSync(join(dir, String(i)), '')
        seen.new.push(await asked(() => look(join(dir, String(i)))))
        seen.again.push(await asked(() => look(join(dir, String(i)))))
      }
      assert.equal(new Set(seen.new), new Set([1]))
      // Not always: some calls go to a thread regularly, and all calls do for a while after the disk was slow.
      assert.is(Math.min(...seen.again), 0, `${seen.again}`)
      assert.is(Math.min(...seen.given), 2, `${seen.given}`)
    },
  )

  holds(
    `${kind}: a few bytes for a new file are written on the spot; many, or to one that was there, by a thread`,
    async () => {
      const dir = scratch(place)
      const seen = { few: [] as number[], many: [] as number[], again: [] as number[] }
      for (let i = 0; i < 20; i++) {
        const path = join(dir, String(i))
        seen.few.push(await asked(() => write(path, 'wx', 1000)))
        seen.again.push(await asked(() => write(path, 'r+', 1000)))
        seen.many.push(await asked(() => write(join(dir, `many${i}`), 'wx', 100_000)))
        assert.is(readFileSync(path, 'latin1'), 'x'.repeat(1000))
      }
      // The open is one.
      assert.is(Math.min(...seen.few), 1, `${seen.few}`)
      assert.equal(new Set([...seen.many, ...seen.again]), new Set([2]))
    },
  )

  holds(`${kind}: a directory in one that was made a moment ago is made on the spot`, async () => {
    const dir = scratch(place)
    const seen: number[] = []
    for (let i = 0; i < 20; i++) {
      seen.push(await asked(() => nested(join(dir, String(i)))))
      assert.ok(existsSync(join(dir, String(i), 'a/b')))
    }
    assert.is(Math.min(...seen), 1, `${seen}`)
    await assert.rejects(nested(join(dir, '0')), { code: 'EEXIST' })
  })

  holds(`${kind}: of many looks on the spot some go to a thread, so that the event loop turns`, async () => {
    const dir = scratch(place)
    writeFileSync(join(dir, 'a'), '')
    const turns = await asked(async () => {
      for (let i = 0; i < 200; i++) await look(join(dir, 'a'))
    })
    assert.ok(turns > 3, `${turns}`)
  })

  holds(`${kind}: what was looked at a moment ago and is gone, or another's, is told so`, async () => {
    const dir = scratch(place)
    const [a, b, c] = [join(dir, 'a'), join(dir, 'b'), join(dir, 'c')]
    writeFileSync(a, '')
    writeFileSync(b, 'longer')
    assert.is((await look(a))?.size, 0n)
    renameSync(b, a)
    assert.is((await look(a))?.size, 6n)
    renameSync(a, c)
    assert.is(await look(a), undefined)
  })
}
