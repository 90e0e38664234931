// A process ends at each call of each operation, and each call fails in the ways a disk fails: what the next caller finds,
// and what sweep leaves.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sweep } from 'holdfast'
import { type ContentStore, contentStore } from 'holdfast/content'
import { driveSync, type Steps } from 'holdfast/steps'
import { endedAt, through } from '../broken/interfere.js'
import { linkless } from '../broken/linkless.js'
import { deadOwner } from '../support/dead-owner.js'
import { assert, holds, memory, note, scratch } from '../support/kit.js'
import { privateNames } from '../support/trees.js'

const quick = { durability: 'none' } as const
const digestOf = (data: string): string => `sha256-${createHash('sha256').update(data).digest('hex')}`
const [old, fresh] = ['old bytes', 'new bytes']

interface Operation {
  readonly run: (store: ContentStore, dir: string) => Steps<unknown>
  /** Is the old blob still to be there? */
  readonly keeps: boolean
}

const operations: Readonly<Record<string, Operation>> = {
  'put, the first one': { run: store => store.put.steps(fresh), keeps: false },
  put: { run: store => store.put.steps(fresh), keeps: true },
  'put in pieces': { run: store => store.put.steps(['new ', 'bytes']), keeps: true },
  'put what is there': { run: store => store.put.steps(old), keeps: true },
  checkout: { run: (store, dir) => store.checkout.steps(digestOf(old), join(dir, 'to')), keeps: true },
  'checkout of a copy': {
    run: (store, dir) => store.checkout.steps(digestOf(old), join(dir, 'to'), { mode: 'copy' }),
    keeps: true,
  },
  'checkout as executable': {
    run: (store, dir) => store.checkout.steps(digestOf(old), join(dir, 'to'), { executable: true }),
    keeps: true,
  },
  adopt: { run: (store, dir) => store.adopt.steps(join(dir, 'file')), keeps: true },
  lease: { run: store => store.lease.steps([digestOf(old)]), keeps: true },
  remove: { run: store => store.remove.steps(digestOf(old)), keeps: false },
  verify: { run: store => store.verify.steps(), keeps: true },
  evict: { run: store => store.evict.steps(), keeps: false },
}

function lay(name: string): { dir: string; root: string } {
  const dir = scratch(memory)
  const root = join(dir, 'store')
  writeFileSync(join(dir, 'file'), fresh)
  if (name !== 'put, the first one') {
    const { lease } = contentStore(root, quick).put.sync(old)
    lease.release.sync()
  }
  return { dir, root }
}

const limited = (root: string): ContentStore => contentStore(root, { ...quick, maxBytes: 0 })

/** Every blob is whole or absent, and the next caller can do all there is to do. */
function checkNext(dir: string, root: string, name: string, { keeps }: Operation, where: string): void {
  const store = contentStore(root, quick)
  const read = (data: string): string | undefined => store.read.sync(digestOf(data))?.toString()
  for (const data of [old, fresh]) assert.ok([undefined, data].includes(read(data)), where)
  if (keeps) assert.is(read(old), old, where)
  if (existsSync(join(dir, 'to'))) assert.is(readFileSync(join(dir, 'to'), 'utf8'), old, where)
  // The bytes of a file that is adopted are never lost.
  if (name === 'adopt' && !existsSync(join(dir, 'file'))) assert.is(read(fresh), fresh, where)
  for (const data of [old, fresh]) {
    const { lease } = store.put.sync(data)
    assert.is(read(data), data, where)
    lease.release.sync()
  }
  assert.equal(store.verify.sync().bad, [])
  sweep.sync(dir, { recursive: true })
  assert.equal(privateNames(dir), [], where)
  assert.ok(contentStore(root, { ...quick, maxBytes: 0 }).evict.sync().left.bytes === 0, where)
}

holds('a process ends at any call of any operation: old or new, never half, and sweep leaves nothing', () => {
  const self = deadOwner()
  const counts: string[] = []
  for (const [name, operation] of Object.entries(operations)) {
    let calls = 0
    for (let ended = true; ended; calls++) {
      const { dir, root } = lay(name)
      const store = name === 'evict' ? limited(root) : contentStore(root, quick)
      ended = endedAt(calls, operation.run(store, dir), self)
      checkNext(dir, root, name, operation, `${name}, call ${calls}`)
    }
    counts.push(`${name} ${calls - 1}`)
  }
  note(`calls: ${counts.join(', ')}`)
})

const numbers = { ENOSPC: 28, EIO: 5, EACCES: 13 } as const

holds('any call of any operation fails for a full disk, or one that fails: old or new, never half', () => {
  let thrown = 0
  for (const code of Object.keys(numbers) as (keyof typeof numbers)[])
    for (const [name, operation] of Object.entries(operations))
      for (let at = 0, came = true; came; at++) {
        const { dir, root } = lay(name)
        const store = name === 'evict' ? limited(root) : contentStore(root, quick)
        let calls = 0
        came = false
        const steps = through(operation.run(store, dir), call => {
          if (!/^(open|read|write|mkdir|link|rename|fsync|fchmod|chmod|readdir)$/.test(call.op) || calls++ !== at)
            return call
          came = true
          throw Object.assign(new Error(`${code}, ${call.op}`), { code, errno: -numbers[code], syscall: call.op })
        })
        try {
          driveSync(steps)
        } catch (error) {
          assert.is((error as NodeJS.ErrnoException).code, code, `${name} ${at}`)
          thrown++
        }
        store.close.sync()
        checkNext(dir, root, name, operation, `${name}, ${code} at call ${at}`)
      }
  assert.ok(thrown > 100, `${thrown} errors came out`)
})

holds('what cannot be linked is copied, for that file only: too many links, another device, no links at all', () => {
  for (const code of ['EMLINK', 'EXDEV', 'EPERM'] as const) {
    const { dir, root } = lay('checkout')
    const store = contentStore(root, quick)
    const isOut = ({ args }: { args: readonly unknown[] }) => /[\\/]to$/.test(`${args[1]}`)
    assert.is(driveSync(linkless(store.checkout.steps(digestOf(old), join(dir, 'to')), code, isOut)), 'copied')
    assert.is(readFileSync(join(dir, 'to'), 'utf8'), old)
    assert.is(store.checkout.sync(digestOf(old), join(dir, 'other')), 'linked')
    const refused = () =>
      driveSync(linkless(store.checkout.steps(digestOf(old), join(dir, 'x'), { mode: 'link' }), code))
    assert.throws(refused, { code })
  }
})

holds('without hard links every operation does what it promises; leases are copies', () => {
  const { dir, root } = lay('none')
  const store = contentStore(root, quick)
  const put = driveSync(linkless(store.put.steps(fresh)))
  assert.is(put.made, true)
  assert.is(`${store.read.sync(digestOf(fresh))}`, fresh)
  assert.is(store.remove.sync(digestOf(fresh)), false)
  assert.is(limited(root).evict.sync().count, 2)
  assert.is(`${store.read.sync(digestOf(fresh))}`, fresh)
  put.lease.release.sync()
  assert.is(store.has.sync(digestOf(fresh)), false)
  const again = driveSync(linkless(store.put.steps([fresh])))
  const lease = driveSync(linkless(store.lease.steps([digestOf(fresh), digestOf(old)])))
  assert.equal([again.made, lease.missing], [true, [digestOf(old)]])
  assert.is(driveSync(linkless(store.checkout.steps(digestOf(fresh), join(dir, 'to'), { executable: true }))), 'copied')
  assert.is(readFileSync(join(dir, 'to'), 'utf8'), fresh)
  assert.is(driveSync(linkless(store.adopt.steps(join(dir, 'file')))).made, false)
  assert.is(existsSync(join(dir, 'file')), false)
  store.close.sync()
  assert.equal(privateNames(dir), [])
})
