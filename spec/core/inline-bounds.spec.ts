// The bounds of inline calls: none on a filesystem that is not known to be local, as strace sees it; few that wait for a
// disk that stands still; and what HOLDFAST_INLINE allows.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { lock } from 'holdfast'
import { Distrust, Doubt } from '../../lib/core/fast-path/inline-bounds.js'
import { inlineOps, mayGuess } from '../../lib/core/fast-path/inline-mode.js'
import { assert, holds, memory, note, scratch } from '../support/kit.js'
import { hasStrace, traced } from '../support/main-thread.js'
import { run as runCommand, unmountBelow } from '../support/mounts.js'
import { freeze, hindrance, mountOne, onMount } from '../support/one-mount.js'

/** Each function, again and again for so long, in `dir`. */
const useAll = (ms: number) => `{
  const { copy, createExclusive, emptyDir, getOrCreate, link, lock, mkdirp, move, remove, symlink, updateFile } = holdfast
  const { writeFile, cell } = holdfast
  for (const ends = performance.now() + ${ms}; performance.now() < ends; await wait(50)) {
    const a = join(dir, 'a')
    await writeFile(a, 'x', { durability: 'full' })
    await writeFile(a, 'y', { durability: 'none' })
    await mkdirp(join(dir, 'one/two/three'))
    await createExclusive(join(dir, 'e'), 'x')
    await link(a, join(dir, 'b')).catch(() => {})
    await symlink('a', join(dir, 'l'))
    for (let i = 0; i < 3; i++) await (await lock(a)).release()
    await getOrCreate(join(dir, 'g'), () => 'x')
    await updateFile(a, old => 'z')
    await copy(a, join(dir, 'copied'))
    await move(join(dir, 'copied'), join(dir, 'one/moved'), { overwrite: true })
    await emptyDir(join(dir, 'one'))
    await remove(join(dir, 'one'))
    await cell.create(join(dir, 'cell'), { fields: ['x'] }).catch(() => {})
  }
}`

const tracing = hasStrace() ? hindrance('tmpfs') : 'it takes strace'
const witnessed = (name: string, body: () => Promise<void>, why = tracing) =>
  why ? holds.skip(name, why) : holds(name, body)

witnessed('on a local filesystem the main thread makes calls, so the witness can see them', () =>
  onMount('tmpfs', async dir => {
    const { mine, others } = await traced(useAll(600), [dir])
    for (const call of ['rename', 'close', 'write', 'mkdir', 'stat'])
      assert.ok(
        // Short numbers of processes are followed by several spaces.
        mine.some(line => new RegExp(`^\\d+ +\\w*${call}`).test(line)),
        `no ${call}`,
      )
    assert.ok(others.length > 0)
  }),
)

for (const kind of ['ramfs', 'bindfs'] as const) {
  const name = `on ${kind}, which is not known to be local, the main thread makes no call, also while it waits for a lock`
  const test = () =>
    onMount(kind, async dir => {
      const lease = await lock(join(dir, 'a'))
      const freed = wait(900).then(() => lease.release())
      const { mine, others } = await traced(useAll(2000), [dir])
      await freed
      assert.equal(mine, [])
      assert.ok(others.length > 50, `${others.length} calls of other threads`)
    })
  witnessed(name, test, tracing || hindrance(kind))
}

witnessed('a filesystem that gets the number of a local one is not mistaken for it', () =>
  onMount('tmpfs', async dir => {
    const was = statSync(dir).dev
    // It works in both, then waits for longer than what it knows holds.
    const script = `${useAll(300)}\nsay('used')\nawait said()\nawait wait(1100)\nbegin()\n${useAll(1500)}`
    const swap = (_: string, reply: () => void) => {
      unmountBelow(join(dir, '..'))
      mountOne('ramfs', dir)
      reply()
    }
    const { mine, others } = await traced(script, [dir], {}, swap)
    assert.is(statSync(dir).dev, was, 'the number was not given again')
    assert.equal(mine, [])
    assert.ok(others.length > 0)
  }),
)

witnessed(
  'a file that is the place of a mount is not touched, while others of its directory are',
  () =>
    onMount('bindfs', async other => {
      const dir = scratch(memory)
      const tree = join(dir, 'tree')
      mkdirSync(tree)
      const point = join(tree, 'foreign')
      for (const path of [join(other, 'foreign'), point, join(tree, 'own')]) writeFileSync(path, 'text')
      runCommand('mount', '--bind', join(other, 'foreign'), point)
      try {
        const script = `
          const { copy } = holdfast
          for (let i = 0; i < 30; i++) { await copy(join(dir, 'tree'), join(dir, 'copy' + i)); await wait(50) }`
        const { mine, others } = await traced(script, [dir, other])
        const ofForeign = (line: string) => line.includes('tree/foreign') || /fd\/\d+\/foreign"/.test(line)
        assert.equal(mine.filter(ofForeign), [])
        assert.ok(others.some(line => /^\d+ +read|pread/.test(line) && ofForeign(line)))
        assert.is(readFileSync(join(dir, 'copy29/foreign'), 'utf8'), 'text')
      } finally {
        runCommand('umount', point)
      }
    }),
  tracing || hindrance('bindfs'),
)

witnessed('a look at a link asks nothing of the filesystem that the link leads to', () =>
  onMount('ramfs', async other => {
    const dir = scratch(memory)
    symlinkSync(other, join(dir, 'link'))
    const script = `
      const look = dual(function* () { return yield* fs.lstat(join(dir, 'link')) })
      for (let i = 0; i < 30; i++) { await look(); await wait(50) }`
    const { mine, others } = await traced(script, [dir, other])
    assert.ok(
      mine.some(line => line.includes('/link"')),
      'no look was inline',
    )
    const leading = [...mine, ...others].filter(line => line.includes(other) || /statfs\(.*\/link"/.test(line))
    assert.equal(
      leading.filter(line => !line.includes('readlink')),
      [],
    )
  }),
)

witnessed('a descriptor that was closed behind its back, and is another file now, is not touched for long', () =>
  onMount('ramfs', async other => {
    const dir = scratch(memory)
    const script = `
      const open = dual(function* () { return yield* fs.open(join(dir, 'new' + performance.now()), 'wx') })
      const look = dual(function* (fd) { return yield* fs.fstat(fd) })
      const close = dual(function* (fd) { yield* fs.close(fd) })
      await holdfast.writeFile(join(dir, 'a'), 'x')
      const fd = await open()
      await look(fd)
      nodeFs.closeSync(fd)
      const another = nodeFs.openSync(join(other, 'foreign'), 'w')
      if (another !== fd) throw new Error('another number')
      // The device that it was on is in use, and so remains known.
      for (let i = 0; i < 24; i++) {
        await holdfast.writeFile(join(dir, 'a'), 'x')
        await wait(50)
      }
      begin()
      await look(fd)
      await close(fd)`
    const { mine, others } = await traced(script, [dir, other])
    assert.equal(
      mine.filter(line => line.includes(other)),
      [],
    )
    assert.ok(others.some(line => line.includes(`${other}/foreign>`)))
  }),
)

witnessed(
  'HOLDFAST_INLINE is read at the first call: none makes no call inline, looks none that changes the disk',
  () =>
    onMount('tmpfs', async dir => {
      const none = await traced(`process.env.HOLDFAST_INLINE = 'none'\n${useAll(700)}`, [dir])
      assert.equal(none.mine, [])
      const looks = await traced(useAll(700), [dir], { HOLDFAST_INLINE: 'looks' })
      assert.ok(looks.mine.length > 20, `${looks.mine.length} looks`)
      const changes = looks.mine.filter(
        line =>
          !/^\d+ +(newfstatat|statx|l?stat|fstat|getdents64|openat\(.*O_DIRECTORY|close\(\d+<[^>]*(\.lock|cell)>)/.test(
            line,
          ),
      )
      assert.equal(changes, [])
    }),
)

/** Runs the script in a process of its own; returns what it said and its warnings. */
async function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv, onLine?: (line: string) => void) {
  const text = `import * as holdfast from ${JSON.stringify(import.meta.resolve('holdfast'))}\n${script}`
  const node = spawn(process.execPath, ['--input-type=module', '-e', text, ...args], {
    env: { ...process.env, ...env },
  })
  let [said, warned] = ['', '']
  node.stderr.on('data', data => (warned += data))
  createInterface(node.stdout).on('line', line => {
    said += `${line}\n`
    onLine?.(line)
  })
  const [code] = await once(node, 'close')
  assert.is(code, 0, warned)
  return { said, warned }
}

holds('another value of HOLDFAST_INLINE is warned of once, and counts as none', async () => {
  const script = `
    for (let i = 0; i < 3; i++) await holdfast.writeFile(process.argv[1], 'x')
    holdfast.writeFile.sync(process.argv[1], 'x')`
  const { warned } = await run(script, [join(scratch(), 'a')], { HOLDFAST_INLINE: 'some' })
  assert.is(warned.match(/HOLDFAST_INLINE is 'some'/g)?.length, process.platform === 'linux' ? 1 : undefined)
  for (const good of ['none', 'looks', 'all'])
    assert.is((await run(script, [join(scratch(), 'a')], { HOLDFAST_INLINE: good })).warned, '')
})

/** Works for a while, and prints in milliseconds the longest turns of the event loop, and the longest call. */
const working = `
  const { createExclusive, link, lock, mkdirp, writeFile } = holdfast
  const dir = process.argv[1]
  let [last, longest, nth] = [performance.now(), 0, 0]
  const gaps = []
  const turning = setInterval(() => {
    const now = performance.now()
    if (now - last > 300) gaps.push(Math.round(now - last))
    last = now
  }, 5)
  const works = [
    i => writeFile(dir + '/same', 'x', { durability: 'none' }),
    i => writeFile(dir + '/new' + i, 'x', { durability: 'none' }),
    i => link(dir + '/source', dir + '/linked' + i),
    async i => (await lock(dir + '/locked')).release(),
    i => mkdirp(dir + '/made' + i + '/a/b/c'),
    i => createExclusive(dir + '/once' + i, 'x', { durability: 'none' }),
  ]
  await writeFile(dir + '/source', 'x')
  const ends = performance.now() + 3500
  setTimeout(() => console.log('working'), 700)
  await Promise.all(works.map(async work => {
    while (performance.now() < ends) {
      const began = performance.now()
      await work(nth++)
      longest = Math.max(longest, performance.now() - began)
      await new Promise(next => setTimeout(next, 2))
    }
  }))
  clearInterval(turning)
  console.log(JSON.stringify({ gaps, longest }))`

for (const [mode, most] of [
  ['all', 1],
  ['looks', 0],
] as const) {
  const name = `on a disk that stands still for 2 s, the event loop is held up ${most ? 'once' : 'not at all'} with ${mode}`
  const why = hindrance('ext4')
  if (why) holds.skip(name, why)
  else
    holds(name, () =>
      onMount('ext4', async dir => {
        let thawed: Promise<unknown> | undefined
        const { said } = await run(working, [dir], { HOLDFAST_INLINE: mode }, line => {
          if (line === 'working') thawed = freeze(dir, 2)
        })
        await thawed
        const { gaps, longest } = JSON.parse(said.split('\n')[1] ?? '') as { gaps: number[]; longest: number }
        note(
          `${mode}: turns of ${gaps.join(', ') || 'no more than 300'} ms; the longest call took ${Math.round(longest)}`,
        )
        assert.ok(longest > 1500, 'the disk did not stand still')
        // A turn of less is a busy machine.
        assert.ok(gaps.filter(ms => ms > 1000).length <= most, `${gaps}`)
      }),
    )
}

holds('a slow call rests its device for a second, and for longer only if threads find it slow, too', () => {
  let nowMs = 5000
  const distrust = new Distrust(() => nowMs)
  const restMs = () => {
    const beganMs = nowMs
    while (distrust.isResting(1)) nowMs++
    return nowMs - beganMs
  }
  const inThreads = (...took: readonly number[]) => {
    for (const ms of took) {
      const ended = distrust.time(1, 1)
      nowMs += ms
      ended?.()
    }
  }
  const slowInline = () => distrust.noteInline(1, 21)
  distrust.noteInline(1, 19)
  assert.is(restMs(), 0)
  slowInline()
  assert.is(restMs(), 1000)
  // Again, because nothing has shown that the disk is slow.
  slowInline()
  assert.is(restMs(), 1000)
  slowInline()
  inThreads(500, 1, 1)
  assert.is(restMs(), 498, 'one slow call of three')
  slowInline()
  inThreads(30, 30, 1)
  assert.is(restMs(), 939 + 2000)
  slowInline()
  inThreads(1, 1, 30)
  assert.is(restMs(), 1968, 'as long as the last, because until then threads were slow')
  slowInline()
  assert.is(restMs(), 1000, 'threads were quick')
  slowInline()
  for (let i = 0; i < 3; i++) distrust.time(1, 1)
  assert.is(restMs(), 1000 + 2000, 'calls that have not come back are slow')
  assert.not(distrust.isResting(2))
})

holds('a rest is no longer than ten minutes, and calls that wait for their turn in the pool are not timed', () => {
  let nowMs = 5000
  const distrust = new Distrust(() => nowMs)
  distrust.noteInline(1, 21)
  assert.is(distrust.time(1, 9), undefined)
  for (const beganMs = nowMs; nowMs < beganMs + 3_600_000; nowMs += 100) {
    const ended = distrust.isResting(1) ? distrust.time(1, 1) : undefined
    nowMs += 30
    ended?.()
  }
  assert.ok(distrust.isResting(1), 'threads are slow, so it still rests')
  while (distrust.isResting(1)) nowMs += 100
  distrust.noteInline(1, 21)
  nowMs += 599_999
  assert.ok(distrust.isResting(1))
  nowMs++
  assert.not(distrust.isResting(1))
})

holds(
  'where calls that were guessed to be quick are not, none is guessed for a second, and ever longer, up to ten',
  () => {
    let nowMs = 5
    const doubt = new Doubt(() => nowMs)
    const lengthMs = () => {
      const beganMs = nowMs
      while (doubt.isIn(1)) nowMs++
      return nowMs - beganMs
    }
    const take = (...times: readonly number[]) => {
      for (const ms of times) doubt.note(1, ms)
    }
    for (let nth = 0; nth < 1000; nth++) take(0.01)
    assert.is(lengthMs(), 0)
    // This process did not run for a while.
    take(700, 0.01, 0.01, 0.01)
    assert.is(lengthMs(), 0)
    take(7, 7)
    assert.is(lengthMs(), 1000)
    for (const ms of [2000, 4000, 8000, 10_000, 10_000]) {
      // The disk is needed still.
      take(7)
      assert.is(lengthMs(), ms)
    }
    for (let nth = 0; nth < 10; nth++) take(0.01)
    take(9, 9)
    assert.is(lengthMs(), 1000)
    assert.not(doubt.isIn(2))
  },
)

holds('HOLDFAST_INLINE: what is in memory is guessed only where all calls may be made inline', () => {
  const before = process.env.HOLDFAST_INLINE
  const guesses = (mode: string) => {
    process.env.HOLDFAST_INLINE = mode
    return mayGuess(inlineOps())
  }
  try {
    assert.equal(['all', 'looks', 'none'].map(guesses), [true, false, false])
  } finally {
    if (before === undefined) delete process.env.HOLDFAST_INLINE
    else process.env.HOLDFAST_INLINE = before
  }
})
