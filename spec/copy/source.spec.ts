// What a source may do, or be, while it is copied: it shrinks, it grows, it says more or less than it holds, it has holes,
// it is very large, or something else comes in its place.

import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { copy, emplace, move } from 'holdfast'
import { type Call, dual, type Steps } from 'holdfast/steps'
import { through, withoutDescriptor } from '../broken/interfere.js'
import { assert, cpuMs, holds, memory, note, scratch } from '../support/kit.js'
import { eventually } from '../support/left.js'
import { layMany, privateNames, shapeOf } from '../support/trees.js'

const mebibyte = 1 << 20
const gibibyte = 1 << 30
const onLinux = process.platform === 'linux'

/** Both forms of `copy`, as promises. */
const forms = [
  { form: 'promise', put: copy },
  { form: 'sync', put: async (...args: Parameters<typeof copy.sync>) => copy.sync(...args) },
]

/** Steps in both forms, whose calls `door` sees first. */
const forked = (steps: () => Steps<unknown>, door: (call: Call) => Call) => {
  const act = dual(() => through(steps(), door))
  return { promise: () => act(), sync: async () => act.sync() }
}

/** Fails if the promise does not settle: a copy that spins holds on to a thread, but not to the event loop. */
const within = <T>(ms: number, promise: Promise<T>): Promise<T> =>
  Promise.race([
    promise,
    wait(ms, undefined, { ref: false }).then(() => assert.unreachable(`it has not ended after ${ms} ms`)),
  ]) as Promise<T>

holds('a source that is cut while it is copied ends the copy, with as much as there was', async () => {
  const dir = scratch(memory)
  const [source, target] = [join(dir, 'source'), join(dir, 'target')]
  const whole = Buffer.alloc(256 * mebibyte, 'line\n')
  let cut = 0
  for (let round = 0; round < 5; round++) {
    writeFileSync(source, whole)
    let reads = 0
    // In the first round at a known call; then at any moment, also after the end on a busy machine.
    const cutting = forked(
      () => copy.steps(source, target),
      call => {
        if (call.op === 'read' && ++reads === 10) truncateSync(source, 1000)
        return call
      },
    )
    const copying = round === 0 ? cutting.promise() : copy(source, target)
    if (round > 0) {
      await wait(10 * round)
      truncateSync(source, 1000)
    }
    await within(60_000, copying)
    const got = readFileSync(target)
    assert.ok(got.length >= 1000 && got.equals(whole.subarray(0, got.length)), `${got.length} bytes`)
    if (got.length < whole.length) cut++
  }
  note(`${cut} of 5 copies ended early`)
  assert.ok(cut > 0)
})

holds('a source that grows as fast as it is read is copied as far as it was seen to reach', async () => {
  const dir = scratch(memory)
  const [source, target] = [join(dir, 'source'), join(dir, 'target')]
  const more = Buffer.alloc(2 * mebibyte, 'more')
  let reads = 0
  const growing = (call: Call): Call => {
    if (call.op !== 'read') return call
    if (++reads > 100) throw new Error('it goes on without end')
    appendFileSync(source, more)
    return call
  }
  const act = forked(() => copy.steps(source, target), growing)
  for (const run of [act.promise, act.sync]) {
    reads = 0
    writeFileSync(source, 'small')
    await run()
    const got = readFileSync(target)
    assert.ok(got.length > 'small'.length && got.equals(readFileSync(source).subarray(0, got.length)))
  }
})

holds('a log that is written to meanwhile arrives whole, up to some moment of the call', async () => {
  const dir = scratch(memory)
  const [source, target] = [join(dir, 'source'), join(dir, 'target')]
  writeFileSync(source, Buffer.alloc(100 * mebibyte, 'line\n'))
  const before = statSync(source).size
  const timer = setInterval(() => {
    // A copy that does not keep up with it would never end.
    if (statSync(source).size < 8 * before) appendFileSync(source, Buffer.alloc(mebibyte, 'line\n'))
  }, 1)
  await within(60_000, copy(source, target))
  clearInterval(timer)
  const got = readFileSync(target)
  assert.ok(got.length >= before && got.equals(readFileSync(source).subarray(0, got.length)))
})

/** Files of this machine that say another size than they have. */
const liars = ['/sys/kernel/mm/transparent_hugepage/enabled', '/sys/class/net/lo/mtu', '/sys/devices/system/cpu/online']
const fromKernel = ['/proc/version', '/proc/filesystems', '/proc/self/limits', ...liars]
  .filter(path => existsSync(path))
  .filter(path => statSync(path).size !== readFileSync(path).length)

if (!onLinux) holds.skip('files of the kernel', 'only Linux has them')
else
  holds('a file that says 0 bytes, or more than it holds, arrives with what it holds', async () => {
    assert.ok(fromKernel.some(path => statSync(path).size === 0))
    for (const { form, put } of forms) {
      const dir = scratch()
      for (const [at, path] of fromKernel.entries()) {
        await put(path, join(dir, String(at)))
        assert.equal(readFileSync(join(dir, String(at))), readFileSync(path), `${form}: ${path}`)
      }
      // Many at a time.
      await put('/proc/sys/kernel/pty', join(dir, 'pty'))
      for (const name of ['max', 'reserve'])
        assert.equal(readFileSync(join(dir, 'pty', name)), readFileSync(join('/proc/sys/kernel/pty', name)))
    }
    note(
      `${fromKernel.length} files of the kernel, of which ${liars.filter(one => fromKernel.includes(one)).length} lie`,
    )
  })

/** Makes a file with data at these places, and nothing between them. */
function layHoles(path: string, size: number, data: Readonly<Record<number, string>>): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  for (const [at, text] of Object.entries(data)) writeSync(fd, text, Number(at))
  closeSync(fd)
}

function textAt(path: string, position: number, length: number): string {
  const fd = openSync(path, 'r')
  const into = Buffer.alloc(length)
  readSync(fd, into, 0, length, position)
  closeSync(fd)
  return into.toString()
}

if (!onLinux) holds.skip('holes', 'not every filesystem has them here')
else {
  holds('holes stay holes: at the start, between, and at the end', async () => {
    const shapes: Record<string, readonly [number, Record<number, string>]> = {
      'nothing but a hole': [5 * mebibyte, {}],
      'data in the middle': [5 * mebibyte, { [2 * mebibyte + 4090]: 'across two blocks' }],
      'data at both ends': [5 * mebibyte + 3, { 0: 'begin', [5 * mebibyte]: 'end' }],
      'small, and with a hole': [40_000, { 39990: 'end' }],
    }
    for (const { form, put } of forms) {
      const dir = scratch(memory)
      mkdirSync(join(dir, 'source'))
      for (const [name, [size, data]] of Object.entries(shapes)) {
        const [source, target] = [join(dir, 'source', name), join(dir, name)]
        layHoles(source, size, data)
        await put(source, target)
        const [was, is] = [statSync(source), statSync(target)]
        assert.equal(readFileSync(target), readFileSync(source), `${form}: ${name}`)
        assert.ok(is.blocks <= was.blocks, `${form}: ${name}: ${is.blocks} blocks instead of ${was.blocks}`)
      }
      await put(join(dir, 'source'), join(dir, 'tree'))
      assert.equal(shapeOf(join(dir, 'tree')), shapeOf(join(dir, 'source')))
    }
  })

  holds('3 GiB with holes are copied in moments, and take no more room than before', async () => {
    const dir = scratch(memory)
    const [source, target] = [join(dir, 'source'), join(dir, 'target')]
    const data = {
      0: 'begin',
      [gibibyte + 4090]: 'across two blocks',
      [2 * gibibyte]: 'two',
      [3 * gibibyte - 3]: 'end',
    }
    layHoles(source, 3 * gibibyte, data)
    for (const { form, put } of forms) {
      const began = performance.now()
      await put(source, target)
      note(`${form}: ${Math.round(performance.now() - began)} ms`)
      for (const [at, text] of Object.entries(data)) assert.is(textAt(target, Number(at), text.length), text)
      assert.is(statSync(target).size, 3 * gibibyte)
      assert.ok(statSync(target).blocks <= statSync(source).blocks)
    }
  })

  holds('stopped in the middle of one large file it rejects within 100 ms, and leaves nothing', async () => {
    const dir = scratch(memory)
    const [source, target] = [join(dir, 'source'), join(dir, 'target')]
    layHoles(source, 64 * gibibyte, {})
    const late: number[] = []
    for (const ms of [50, 100, 150]) {
      const stop = new AbortController()
      let stoppedMs = 0
      setTimeout(() => {
        stoppedMs = cpuMs()
        stop.abort()
      }, ms)
      await assert.rejects(copy(source, target, { signal: stop.signal }), { code: 'ABORT_ERR' })
      late.push(cpuMs() - stoppedMs)
      for (const { put } of forms) {
        const began = cpuMs()
        await assert.rejects(put(source, target, { timeout: ms }), { code: 'ERR_TIMEOUT' })
        late.push(cpuMs() - began - ms)
      }
      await eventually(() => assert.equal(readdirSync(dir), ['source']))
    }
    late.sort((a, b) => a - b)
    const [median = 0, most = 0] = [late[late.length >> 1], late.at(-1)]
    note(`${Math.round(median)} ms of work late in the middle, and ${Math.round(most)} at most`)
    assert.ok(median < 100 && most < 1000)
  })
}

if (process.platform === 'win32') holds.skip('links and pipes', 'it takes more rights to make them here')
else
  holds('a link or a pipe that comes in the place of the source is neither followed nor waited for', async () => {
    const instead: Record<string, (path: string, dir: string) => void> = {
      ELOOP: (path, dir) => symlinkSync(join(dir, 'secret'), path),
      EINVAL: path => assert.is(spawnSync('mkfifo', [path]).status, 0),
    }
    for (const [code, put] of Object.entries(instead))
      for (const name of ['', '/in'])
        for (const form of ['promise', 'sync'] as const) {
          const dir = scratch()
          const at = (one: string) => join(dir, one)
          writeFileSync(at('secret'), 'secret')
          if (name !== '') mkdirSync(at('source'))
          writeFileSync(at(`source${name}`), 'open')
          const swap = (call: Call): Call => {
            const opens = call.op === 'open' && withoutDescriptor(String(call.args[0])) === at(`source${name}`)
            if (opens && lstatSync(at(`source${name}`)).isFile()) {
              unlinkSync(at(`source${name}`))
              put(at(`source${name}`), dir)
            }
            return call
          }
          const act = forked(() => copy.steps(at('source'), at('target')), swap)
          await within(10_000, assert.rejects(act[form](), { code }))
          assert.not(existsSync(at(`target${name}`)), `${code}: it was copied`)
          assert.equal(privateNames(dir), [])
        }
  })

holds('a file that comes in the place of the source is copied as a whole, with its own mode', async () => {
  for (const form of ['promise', 'sync'] as const) {
    const dir = scratch()
    const at = (one: string) => join(dir, one)
    writeFileSync(at('source'), 'old and longer', { mode: 0o600 })
    writeFileSync(at('new'), 'new', { mode: 0o644 })
    const swap = (call: Call): Call => {
      if (call.op === 'open' && existsSync(at('new'))) renameSync(at('new'), at('source'))
      return call
    }
    await forked(() => copy.steps(at('source'), at('target')), swap)[form]()
    assert.equal([readFileSync(at('target'), 'utf8'), statSync(at('target')).mode & 0o777], ['new', 0o644])
  }
})

holds('where there are no clones, that is found out once in a while, and small files never ask', async () => {
  const dir = scratch(memory)
  const large = ['1', '2', '3', '4']
  mkdirSync(join(dir, 'source'))
  for (const name of large) writeFileSync(join(dir, 'source', name), Buffer.alloc(mebibyte, name))
  for (let at = 0; at < 20; at++) writeFileSync(join(dir, 'source', `small ${at}`), 'small')
  let clones = 0
  const count = (call: Call): Call => {
    if (call.op === 'clone') clones++
    return call
  }
  await forked(() => copy.steps(join(dir, 'source'), join(dir, 'target'), { concurrency: 1 }), count).sync()
  assert.equal(shapeOf(join(dir, 'target')), shapeOf(join(dir, 'source')))
  assert.ok(clones === (onLinux ? 1 : clones) && clones <= large.length, `${clones} attempts`)
})

holds('the other names of a large file wait for its copy without a call', async () => {
  for (const options of [{}, { preserveTimestamps: true }])
    for (const form of ['promise', 'sync'] as const) {
      const dir = scratch(memory)
      const at = (name: string) => join(dir, name)
      for (const name of ['source/a', 'source/b']) mkdirSync(at(name), { recursive: true })
      writeFileSync(at('source/a/large'), Buffer.alloc(40 * mebibyte, 'large'))
      for (const name of ['a/other', 'a/third', 'b/large']) linkSync(at('source/a/large'), at(`source/${name}`))
      let calls = 0
      const count = (call: Call): Call => {
        if (call.op === 'open' && call.args[1] !== 'r directory') calls++
        return call
      }
      await forked(() => copy.steps(at('source'), at('target'), options), count)[form]()
      assert.equal(
        new Set(['a/large', 'a/other', 'a/third', 'b/large'].map(name => statSync(at(`target/${name}`)).ino)).size,
        1,
      )
      // Each name is opened once, when the batch finds that its file has others; and the copy.
      assert.ok(calls <= 7, `${calls} files were opened`)
    }
})

/** A process with so few descriptors. `mostHeld`: how many were open while a call waited. */
function few(limit: number, door: (call: Call) => Call = call => call) {
  const open = new Set<unknown>()
  const seen = { refused: 0, mostHeld: 0 }
  const error = () => Object.assign(new Error('EMFILE'), { code: 'EMFILE', errno: -24, syscall: 'open' })
  function* limited<T>(steps: Steps<T>): Steps<T> {
    let next = steps.next()
    while (!next.done) {
      // In one go, its calls would be made unseen.
      if (next.value.op === 'inOneGo') {
        next = steps.next(undefined)
        continue
      }
      const calls = next.value.op === 'together' ? (next.value.args[0] as Call[]) : [next.value]
      if (next.value.op === 'sleep') seen.mostHeld = Math.max(seen.mostHeld, open.size)
      const outcomes: ({ value: unknown } | { error: unknown })[] = []
      for (const call of calls) {
        try {
          if (call.op === 'open' && open.size >= limit) {
            seen.refused++
            throw error()
          }
          const value: unknown = yield door(call)
          if (call.op === 'open') open.add(value)
          if (call.op === 'close') open.delete(call.args[0])
          outcomes.push({ value })
        } catch (error) {
          outcomes.push({ error })
        }
      }
      const [first] = outcomes as [(typeof outcomes)[number]]
      if (next.value.op === 'together') next = steps.next(outcomes)
      else next = 'error' in first ? steps.throw(first.error) : steps.next(first.value)
    }
    return next.value
  }
  return { seen, limited }
}

holds('with few descriptors a tree is copied all the same: together, and each file by itself', () => {
  const source = join(scratch(memory), 'source')
  layMany(source)
  // Two for a directory, two for the one above, and two for a file.
  for (const options of [{}, { durability: 'full', preserveTimestamps: true }] as const)
    for (const limit of [12, 8, 6]) {
      const dir = scratch(memory)
      const { seen, limited } = few(limit)
      dual(() => limited(copy.steps(source, join(dir, 'target'), options))).sync()
      assert.equal(shapeOf(join(dir, 'target')), shapeOf(source))
      assert.equal(privateNames(dir), [])
      note(`${limit} descriptors, ${JSON.stringify(options)}: ${seen.refused} calls were refused one`)
      assert.ok(seen.refused > 0)
    }
})

holds('with few descriptors, to another device: none is held while one is waited for', () => {
  const acts: Record<string, (from: string, to: string) => Steps<unknown>> = {
    'emplace of a file': (from, to) => emplace.steps(from, to),
    'emplace if absent': (from, to) => emplace.steps(from, to, { ifAbsent: true }),
    'move of a file': (from, to) => move.steps(from, to),
    'move over a file': (from, to) => move.steps(from, to, { overwrite: true }),
  }
  for (const [what, act] of Object.entries(acts)) {
    const dir = scratch(memory)
    const [source, target] = [join(dir, 'source'), join(dir, 'target')]
    writeFileSync(source, 'whole')
    const apart = (call: Call): Call => {
      if (
        (call.op === 'rename' || call.op === 'link') &&
        call.args[0] === source &&
        !/\.source\./.test(`${call.args[1]}`)
      )
        throw Object.assign(new Error('EXDEV'), { code: 'EXDEV', errno: -18, syscall: call.op })
      return call
    }
    // The source and its copy are the only two that are open at a time.
    const { seen, limited } = few(2, apart)
    dual(() => limited(act(source, target))).sync()
    assert.equal(
      [readFileSync(target, 'utf8'), existsSync(source), seen],
      ['whole', false, { refused: 0, mostHeld: 0 }],
      what,
    )
    rmSync(dir, { recursive: true })
  }
})
