// Locks below a root: the directory of one that is held stays open, so that it can be released whatever fails meanwhile.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { lock, type Within, within } from 'holdfast'
import { type Call, driveSync, release, renew, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, holds, memory, note } from '../support/kit.js'
import { isWindows } from '../windows/flavour.js'
import { layOut, layRoot } from './ground.js'

const brief = { retryFor: 5 }

/** Each holds the lock of `a/b/f` for a while. */
const holders: Readonly<Record<string, (root: Within) => Steps<unknown>>> = {
  *lock(root) {
    yield* release(yield* root.lock.steps('a/b/f', brief))
  },
  *'lock.try'(root) {
    const hold = yield* root.lock.try.steps('a/b/f', brief)
    if (hold) yield* release(hold)
  },
  *'lock, with a heartbeat'(root) {
    const hold = yield* root.lock.steps('a/b/f', brief)
    try {
      yield* renew(hold)
    } finally {
      yield* release(hold)
    }
  },
  *'lock.shared'(root) {
    yield* release(yield* root.lock.shared.steps('a/b/f', brief))
  },
  *single(root) {
    const { hold } = yield* root.single.steps('a/b/f', brief)
    if (hold) yield* release(hold)
  },
  'withLock, two': root => root.withLock.steps(['a/b/f', 'a/f'], () => 'done', brief),
  'withLock, holders': root => root.withLock.steps('a/b/f', () => 'done', { ...brief, holders: 2 }),
  withLock: root => root.withLock.steps('a/b/f', () => 'done', brief),
  updateFile: root => root.updateFile.steps('a/b/f', () => 'new', brief),
  getOrCreate: root => root.getOrCreate.steps('a/b/f', () => 'new', { ...brief, refresh: true, durability: 'full' }),
}

/** From the k-th on, no directory and no file can be opened. Returns how many were to be. */
function openingOnly(k: number, steps: Steps<unknown>, code: 'EMFILE' | 'EIO'): number {
  let opens = 0
  const door = (call: Call): Call => {
    if (!['open', 'list', 'readdir', 'readFile'].includes(call.op) || opens++ < k) return call
    throw Object.assign(new Error(`${code}: ${call.op} '${call.args[0]}'`), {
      ...{ code, errno: code === 'EIO' ? -5 : -24, syscall: call.op, path: call.args[0] },
    })
  }
  try {
    driveSync(through(steps, door))
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, code)
  }
  return opens
}

for (const [name, steps] of Object.entries(holders))
  holds(`${name}: a lock below a root is released, though from any moment on nothing can be opened`, () => {
    let tried = 0
    for (const code of ['EMFILE', 'EIO'] as const)
      for (const isNew of [true, false])
        for (let k = 0; ; k++) {
          const { root } = layRoot(memory)
          const file = join(root, 'a/b/f')
          if (!isNew) lock.sync(file).release.sync()
          using dir = within.sync(root)
          if (openingOnly(k, steps(dir), code) <= k) break
          tried++
          assert.is(lock.holder.sync(file), undefined, `${code} from open ${k} on, ${isNew ? 'new' : 'free'}`)
        }
    note(`${tried} moments`)
    // Where directories are found by path, fewer are opened.
    assert.ok(tried > (isWindows ? 5 : 6))
  })

holds('what has the name of a lock is looked at anew by each heartbeat, though the directory is open', async () => {
  for (const isTaken of [true, false]) {
    const { root } = layRoot(memory)
    using dir = within.sync(root)
    const lease = await dir.lock('a/b/f')
    await lease.renew()
    renameSync(join(root, 'a/b/f.lock'), join(root, 'away'))
    // The first holder of the new one has the same fence.
    if (isTaken) lock.sync(join(root, 'a/b/f')).release.sync()
    using _ = isTaken ? lock.sync(join(root, 'a/b/f')) : undefined
    for (const call of [lease.renew, lease.release])
      await call().then(
        () => assert.unreachable('it is held by another'),
        ({ code }) => assert.is(code, 'ERR_LEASE_LOST'),
      )
    assert.ok(lease.signal.aborted)
  }
})

holds(
  'a hold that is had as steps is renewed and released below the root, whatever its path leads to meanwhile',
  () => {
    for (const act of [renew, release]) {
      const ground = layOut()
      const { dir, root, outside, told } = ground
      using bound = within.sync(root)
      const hold = driveSync(bound.lock.steps('a/b/f', brief))
      cpSync(join(root, 'a/b/f.lock'), join(outside, 'a/b/f.lock'), { recursive: true })
      const before = told()
      renameSync(join(root, 'a/b'), join(dir, 'aside'))
      symlinkSync(join(outside, 'a/b'), join(root, 'a/b'))
      try {
        driveSync(act(hold))
      } catch (error) {
        assert.is((error as NodeJS.ErrnoException).code, 'ERR_OUTSIDE_ROOT')
      }
      assert.is(told(), before)
    }
  },
)

if (process.platform === 'linux') {
  holds('calls that hold locks below a root keep no other call from the descriptors that it needs', () => {
    const { dir, root } = layRoot(memory)
    mkdirSync(join(root, 'made'))
    const script = `
      const { closeSync, openSync } = await import('node:fs')
      const { within } = await import('${new URL('../../lib/index.js', import.meta.url).href}')
      const root = await within('${root}')
      const produce = number => async stage => {
        // All of them hold their locks, before one of them goes on.
        await new Promise(resolve => setTimeout(resolve, 300))
        await root.writeFile(stage, String(number), { timeout: 120_000 })
      }
      const taken = []
      try {
        for (;;) taken.push(openSync('/dev/null'))
      } catch {}
      for (const fd of taken.splice(0, 30)) closeSync(fd)
      const many = Array.from({ length: 20 }, (_, at) => root.getOrCreate('made/' + at, produce(at)))
      console.log((await Promise.all(many)).filter(({ made }) => made).length)
      root.close()
    `
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', 'ulimit -n 128 && exec "$0" --input-type=module -e "$1"', process.execPath, script],
      { cwd: dir, encoding: 'utf8', timeout: 240_000 },
    )
    assert.is(stdout.trim(), '20', stderr)
    assert.is(readdirSync(join(root, 'made')).filter(name => !name.endsWith('.lock')).length, 20)
  })
} else holds.skip('descriptors of locks', 'only Linux shows how many are free')
