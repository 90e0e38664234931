// No call waits for a lock that cannot be released before the call ends: by whatever spelling, link or copy of the package
// it asks for it.

import { cpSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { getOrCreate, updateFile, within, withLock } from 'holdfast'
import { Registry } from '../../lib/core/holds.js'
import { assert, holds, scratch } from '../support/kit.js'
import { numbered } from '../support/locks.js'

/** Another copy of the package, which finds what that depends on where this one does. */
async function copyOfPackage(): Promise<typeof import('holdfast')> {
  const lib = fileURLToPath(new URL('.', import.meta.resolve('holdfast')))
  const copy = join(scratch(dirname(lib)), 'lib')
  cpSync(lib, copy, { recursive: true })
  return import(pathToFileURL(join(copy, 'index.js')).href)
}

/** Ways to ask for the same lock. */
const spellings: Readonly<Record<string, (dir: string) => string>> = {
  'its own path': dir => join(dir, 'thing'),
  'another spelling': dir => `${dir}/.//thing`,
  'a link to its directory': dir => {
    symlinkSync(dir, join(dir, 'link'))
    return join(dir, 'link/thing')
  },
}

type Nested = (path: string) => Promise<unknown>

/** What calls its function while it holds the lock of the path. */
const holders: Readonly<Record<string, (path: string, work: () => Promise<unknown>) => Promise<unknown>>> = {
  withLock: (path, work) => withLock(path, work),
  updateFile: (path, work) => updateFile(path, async () => void (await work())),
  'getOrCreate, produce': (path, work) => getOrCreate(path, async () => void (await work())),
  'getOrCreate, validate': async (path, work) => {
    await getOrCreate(path, () => 'x')
    let looks = 0
    // The second look is made under the lock.
    const validate = async () => {
      if (++looks === 1) return false
      await work()
      return true
    }
    return getOrCreate(path, () => 'y', { validate })
  },
}

const inner = (copy: typeof import('holdfast')): Readonly<Record<string, Nested>> => ({
  lock: path => copy.lock(path),
  withLock: path => copy.withLock(path, () => {}),
  updateFile: path => copy.updateFile(path, () => undefined),
  'lock.sync': async path => copy.lock.sync(path),
  'withLock.sync': async path => copy.withLock.sync(path, () => {}),
})

for (const [way, spell] of Object.entries(spellings))
  holds(
    `what is called inside the work of a lock is refused the same lock at once, by any copy, and by ${way}`,
    async () => {
      const copies = { own: await import('holdfast'), another: await copyOfPackage() }
      for (const [copy, functions] of Object.entries(copies))
        for (const [outside, holder] of Object.entries(holders))
          for (const [inside, call] of Object.entries(inner(functions))) {
            const dir = scratch()
            const path = spell(dir)
            const what = `${inside} in ${outside}, ${copy}`
            let code: string | undefined
            const began = performance.now()
            await holder(join(dir, 'thing'), () =>
              call(path).catch(error => {
                code = error.code
              }),
            ).catch(error => assert.is(error.code, 'ERR_NOT_PRODUCED', what))
            assert.is(code, 'ERR_LOCK_HELD', what)
            assert.ok(performance.now() - began < 30_000, what)
          }
    },
  )

holds('another lock is free inside, and the same one is free again after it', async () => {
  const path = numbered(join(scratch(), 'thing'))
  let late: Promise<unknown> = Promise.resolve()
  let end = () => {}
  const ended = new Promise<void>(resolve => (end = resolve))
  const fence = await withLock(path, async () => {
    // It goes on when the work is over, and is no part of it any more.
    late = ended.then(() => withLock(path, ({ fence }) => fence))
    return withLock(`${path}-2`, () => withLock(numbered(`${path}-3`), ({ fence }) => fence))
  })
  end()
  assert.equal([fence, await late], [1, 2])
})

holds(
  'tasks of one thread that know nothing of each other wait in line, also while each is inside another lock',
  async () => {
    const path = join(scratch(), 'thing')
    let [inside, most] = [0, 0]
    const task = (nth: number) =>
      withLock(`${path}-${nth}`, () =>
        withLock(path, async ({ fence }) => {
          most = Math.max(most, ++inside)
          await wait(1)
          inside--
          return fence
        }),
      )
    const fences = await Promise.all(Array.from({ length: 12 }, (_, nth) => task(nth)))
    assert.equal([most, new Set(fences).size], [1, 12])
  },
)

holds('below a root, too', async () => {
  await using dir = await within(scratch())
  for (const path of ['thing', './thing'])
    await dir.withLock('thing', () =>
      assert.rejects(
        dir.updateFile(path, () => undefined),
        { code: 'ERR_LOCK_HELD' },
      ),
    )
})

holds('all copies of the package in a thread share what it holds', () => {
  const shared = {}
  const [here, there] = [new Registry(shared), new Registry(shared)]
  assert.equal([here.around(), Object.keys(shared), Object.getOwnPropertySymbols(shared)], [[], [], []])
  here.holding('one', 'enter')
  assert.ok(there.holding('one'))
  here.inside('one', () => assert.equal(there.around(), ['one']))
  assert.equal([there.around(), there.thread(() => 'a'), here.thread(() => 'b')], [[], 'a', 'a'])
})
