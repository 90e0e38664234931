// The floor in C does the same work as what it is compared with.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { benchTest, load } from '../support/bench.js'
import { assert, holds, scratch } from '../support/kit.js'

const kib = 1024
const tree = { names: 1 + 5 + 50 + 1000, bytes: 1000 * kib }

/** What three calls of each work leave: the number of names, and the bytes in files. */
const left: Record<string, [names: number, bytes: number]> = {
  'mkdirp, existing': [1, 0],
  'mkdirp, leaf': [3, 0],
  'mkdirp, 8 levels': [3 * 8, 0],
  'createExclusive 1 KiB, none': [3, 3 * kib],
  'createExclusive 1 KiB, file': [3, 3 * kib],
  'createExclusive 1 KiB, full': [3, 3 * kib],
  'emplace, none': [1, kib],
  'emplace, file': [1, kib],
  'writeFile 1 KiB, none': [1, kib],
  'writeFile 1 KiB, file': [1, kib],
  'writeFile 1 KiB, full': [1, kib],
  'writeFile 1 MiB, none': [1, kib * kib],
  'writeFile 1 MiB, file': [1, kib * kib],
  'writeFile 1 MiB, full': [1, kib * kib],
  link: [4, 4 * kib],
  symlink: [3, 0],
  move: [3, 3 * kib],
  'copy tree': [4 * tree.names, 4 * tree.bytes],
  'remove tree': [0, 0],
  lock: [2, 0],
  updateFile: [3, kib],
  'getOrCreate, existing': [1, kib],
  // A file, and a lock, which is a directory with one name in it.
  'getOrCreate, new': [3 * 3, 3 * kib],
  'cell swap': [2, 0],
}

const [compiler = 'cc'] = (process.env.CC || 'cc').split(' ')
const none = process.platform === 'win32' || spawnSync(compiler, ['--version']).error !== undefined

/** The number of names below a directory, and the bytes of its files. */
function inside(room: string): [names: number, bytes: number] {
  const entries = readdirSync(room, { recursive: true, withFileTypes: true })
  const sizes = entries.filter(one => one.isFile()).map(one => statSync(join(one.parentPath, one.name)).size)
  return [entries.length, sizes.reduce((a, b) => a + b, 0)]
}

async function everyWork(): Promise<void> {
  const dir = scratch()
  const floor = await (await load('speed/native')).nativeFloor()
  assert.ok(floor, 'there is a compiler, and so there is a floor')
  try {
    assert.equal([...floor.works].sort(), Object.keys(left).sort())
    for (const [work, expected] of Object.entries(left)) {
      const room = mkdtempSync(join(dir, 'room-'))
      const taken: number[] = await floor.samples(work, room, 3)
      assert.is(taken.length, 3, work)
      for (const us of taken) assert.ok(us > 0 && us < 10_000_000, `${work}: ${us} us`)
      assert.equal(inside(room), expected, work)
    }
    await assert.rejects(floor.samples('no such work', dir, 1), { message: /No such work: no such work/ })
  } finally {
    await floor.close()
  }
}

async function failure(): Promise<void> {
  const dir = scratch()
  const floor = await (await load('speed/native')).nativeFloor()
  try {
    await floor.samples('mkdirp, leaf', dir, 2)
    await assert.rejects(floor.samples('mkdirp, leaf', dir, 2), { message: /mkdir: File exists/ })
    await assert.rejects(floor.samples('mkdirp, leaf', join(dir, 'none'), 2), { message: /No such file/ })
  } finally {
    await floor.close()
  }
}

for (const [name, body] of [
  ['the floor in C does each work as often as it is told, and leaves what that makes', everyWork],
  ['the floor in C times nothing that went wrong', failure],
] as const)
  if (none) holds.skip(name, 'there is no compiler')
  else benchTest(name, body)
