import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { cell, type GetOrCreateOptions, type Got, getOrCreate, lock, type Producer, type State } from 'holdfast'
import { type Call, type Dual, dual, type Steps } from 'holdfast/steps'
import { assert, holds, scratch } from './support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './support/laws.js'
import { assertHeldByNamed, eventually, until } from './support/left.js'
import { numbered } from './support/locks.js'
import { isWindows } from './windows/flavour.js'

type Kind = 'file' | 'directory'

/** Asserts that there is nothing but these names, and that each lock among them is free. */
function clean(dir: string, ...names: string[]): void {
  assert.equal(readdirSync(dir).sort(), names.sort(), 'debris')
  for (const name of names) if (name.endsWith('.lock')) assert.is(cell.read.sync(join(dir, name))?.fields[0], 'f')
}

const text = (path: string): string => readFileSync(path, 'utf8')
const never = () => assert.unreachable('it is there')

/** A promise, and the function that resolves it. */
function gate() {
  let open = () => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { open, passed }
}

for (const form of ['promise', 'sync'] as const) {
  const get = async <K extends Kind = 'file'>(
    path: string | URL,
    produce: Producer<K>,
    options?: GetOrCreateOptions<K>,
  ): Promise<Got> => (form === 'sync' ? getOrCreate.sync(path, produce, options) : getOrCreate(path, produce, options))

  holds(
    `what a producer returned is written to no file that a link at its private name leads to (${form})`,
    async () => {
      const dir = scratch()
      const other = join(dir, 'other')
      writeFileSync(other, 'kept')
      const produce = (stage: string) => {
        symlinkSync(other, stage)
        return 'made'
      }
      assert.is((await get(join(dir, 'file'), produce)).made, true)
      assert.equal([text(other), text(join(dir, 'file'))], ['kept', 'made'])
      clean(dir, 'file', 'file.lock', 'other')
    },
  )

  holds(`a file is made once, of what was answered or written, and then it is there (${form})`, async () => {
    const dir = scratch()
    const [path, own] = [join(dir, 'file'), join(dir, 'own')]
    assert.equal(await get(path, () => 'made'), { path, made: true })
    assert.equal(await get(new URL(`file://${path}`), never), { path, made: false })
    const writing = (stage: string) => {
      assert.not(existsSync(stage))
      writeFileSync(stage, 'written')
    }
    assert.equal(await get(own, writing, { durability: 'full' }), { path: own, made: true })
    assert.equal([text(path), text(own)], ['made', 'written'])
    const answers = [
      new Uint16Array([1, 2]),
      ['a', Buffer.from('b'), ''],
      new Set(['x', 'y']),
      '',
      Buffer.alloc(300_000, 7),
    ]
    for (const [at, answer] of answers.entries()) {
      const name = join(dir, `answer${at}`)
      await get(name, () => answer, { durability: at % 2 ? 'none' : 'file' })
      const expected = ArrayBuffer.isView(answer) ? Buffer.from(answer.buffer) : Buffer.from([...answer].join(''))
      assert.ok(readFileSync(name).equals(expected), name)
      rmSync(name)
      rmSync(`${name}.lock`, { recursive: true })
    }
    // The value that is returned wins over what was written.
    const both = (stage: string) => {
      writeFileSync(stage, 'written, and longer')
      return 'answered'
    }
    await get(path, both, { refresh: true })
    assert.is(text(path), 'answered')
    clean(dir, 'file', 'file.lock', 'own', 'own.lock')
  })

  holds(`a directory is made once, whole (${form})`, async () => {
    const dir = scratch()
    for (const durability of [undefined, 'file', 'full'] as const) {
      const path = join(dir, String(durability))
      const fill = (stage: string) => {
        assert.equal(readdirSync(stage), [])
        mkdirSync(join(stage, 'a/b'), { recursive: true })
        writeFileSync(join(stage, 'a/b/c'), 'c')
        symlinkSync('nowhere', join(stage, 'dangling'))
        return 'what it answers is no matter'
      }
      const options = { kind: 'directory', durability } as const
      assert.equal(await get(path, fill, options), { path, made: true })
      assert.equal(await get(`${path}/`, never, options), { path, made: false })
      assert.is(text(join(path, 'a/b/c')), 'c')
      assert.is(statSync(path).mode & 0o777, 0o777 & ~process.umask())
    }
    clean(dir, 'undefined', 'undefined.lock', 'file', 'file.lock', 'full', 'full.lock')
  })

  holds(`what is not valid, or shall be fresh, is replaced (${form})`, async () => {
    const dir = scratch()
    const [file, tree] = [join(dir, 'file'), join(dir, 'tree')]
    writeFileSync(file, 'old')
    mkdirSync(join(tree, 'deep/deeper'), { recursive: true })
    writeFileSync(join(tree, 'deep/deeper/old'), 'old')
    const asked: string[] = []
    const validate = (path: string) => {
      asked.push(path)
      return text(path) === 'new'
    }
    // Once before the lock is taken, and once after.
    assert.is((await get(file, () => 'new', { validate })).made, true)
    assert.equal(asked, [file, file])
    assert.is((await get(file, never, { validate })).made, false)
    assert.is((await get(file, () => 'newer', { refresh: true })).made, true)
    assert.is(text(file), 'newer')

    const whole = (path: string) => existsSync(join(path, 'new'))
    const fill = (stage: string) => {
      assert.ok(existsSync(join(tree, 'deep/deeper/old')), 'it stays for as long as that takes')
      writeFileSync(join(stage, 'new'), 'new')
    }
    const options = { kind: 'directory', validate: whole } as const
    assert.is((await get(tree, fill, options)).made, true)
    assert.is((await get(tree, never, options)).made, false)
    const before = statSync(tree).ino
    assert.is((await get(tree, () => {}, { kind: 'directory', refresh: true })).made, true)
    assert.equal([statSync(tree).ino === before, readdirSync(tree)], [false, []])
    clean(dir, 'file', 'file.lock', 'tree', 'tree.lock')
  })

  holds(`a producer that fails leaves what was there, and nothing else (${form})`, async () => {
    const dir = scratch()
    const old = join(dir, 'old')
    writeFileSync(old, 'old')
    mkdirSync(join(dir, 'tree'))
    const thrown = new Error('no such luck')
    const failing = (stage: string): never => {
      mkdirSync(join(stage, 'very/deep/tree'), { recursive: true })
      writeFileSync(join(stage, 'very/deep/file'), '')
      chmodSync(join(stage, 'very'), 0o500)
      throw thrown
    }
    function* pieces(): Generator<string> {
      yield 'half of it'
      throw thrown
    }
    assert.is(await assert.rejects(get(join(dir, 'new'), failing), {}), thrown)
    assert.is(await assert.rejects(get(old, failing, { refresh: true }), {}), thrown)
    assert.is(await assert.rejects(get(old, pieces, { refresh: true }), {}), thrown)
    assert.is(await assert.rejects(get(join(dir, 'tree'), failing, { kind: 'directory', refresh: true }), {}), thrown)
    const validate = () => {
      throw thrown
    }
    assert.is(await assert.rejects(get(old, never, { validate }), {}), thrown)
    assert.is(text(old), 'old')
    assert.equal(readdirSync(join(dir, 'tree')), [])
    clean(dir, 'new.lock', 'old', 'old.lock', 'tree', 'tree.lock')
  })

  holds(`a producer that makes nothing, or something else, is told so (${form})`, async () => {
    const dir = scratch()
    const path = join(dir, 'x')
    const not = { code: 'ERR_NOT_PRODUCED' }
    await assert.rejects(
      get(path, () => {}),
      { ...not, message: /nor returned its content: .*[\\/]x$/ },
    )
    await assert.rejects(
      get(path, stage => mkdirSync(join(stage, 'deep'), { recursive: true }) && undefined),
      not,
    )
    await assert.rejects(
      get(path, stage => symlinkSync(dir, stage)),
      not,
    )
    await assert.rejects(
      get(path, stage => rmSync(stage, { recursive: true }), { kind: 'directory' }),
      not,
    )
    const other = (stage: string) => {
      rmSync(stage, { recursive: true })
      writeFileSync(stage, '')
    }
    await assert.rejects(get(path, other, { kind: 'directory' }), { ...not, message: /made no directory, but/ })
    for (const answer of [5, null, {}, new Date()])
      await assert.rejects(
        get(path, () => answer as never),
        { code: 'ERR_INVALID_ARG_TYPE', message: /produce returned/ },
      )
    clean(dir, 'x.lock')
  })

  holds(`what is of another kind is an error at once, and not touched (${form})`, async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'file'), '')
    mkdirSync(join(dir, 'tree'))
    symlinkSync('tree', join(dir, 'link'))
    for (const refresh of [false, true]) {
      await assert.rejects(get(join(dir, 'tree'), never, { refresh }), { code: 'EISDIR' })
      await assert.rejects(get(join(dir, 'link'), never, { refresh }), { code: 'EISDIR' })
      await assert.rejects(get(join(dir, 'file'), never, { refresh, kind: 'directory' }), { code: 'ENOTDIR' })
    }
    if (process.platform !== 'win32') await assert.rejects(get('/dev/null', never), { code: 'EINVAL' })
    clean(dir, 'file', 'link', 'tree')
  })

  holds(`links are followed: what they lead to is looked at, locked, made and replaced (${form})`, async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'far'))
    symlinkSync('far/file', join(dir, 'link'))
    symlinkSync('link', join(dir, 'link2'))
    symlinkSync(`${join(dir, 'far/tree')}/`, join(dir, 'dirlink'))
    const path = join(dir, 'link2')
    assert.equal(await get(path, () => '1'), { path, made: true })
    assert.equal(await get(join(dir, 'far/file'), never), { path: join(dir, 'far/file'), made: false })
    assert.is((await get(path, () => '2', { refresh: true })).made, true)
    assert.is(text(join(dir, 'far/file')), '2')
    const fill = (stage: string) => writeFileSync(join(stage, 'x'), '')
    for (const refresh of [false, true])
      assert.is((await get(join(dir, 'dirlink'), fill, { kind: 'directory', refresh })).made, true)
    for (const name of ['link', 'link2', 'dirlink']) assert.ok(lstatSync(join(dir, name)).isSymbolicLink())
    clean(dir, 'far', 'link', 'link2', 'dirlink')
    clean(join(dir, 'far'), 'file', 'file.lock', 'tree', 'tree.lock')
    symlinkSync('loop', join(dir, 'loop'))
    await assert.rejects(get(join(dir, 'loop'), never), { code: 'ELOOP' })
  })

  holds(`parents are made if that is wished (${form})`, async () => {
    const dir = scratch()
    const path = join(dir, 'a/b/file')
    await assert.rejects(get(path, never), { code: 'ENOENT' })
    clean(dir)
    assert.is((await get(path, () => 'x', { parents: true })).made, true)
    clean(join(dir, 'a/b'), 'file', 'file.lock')
    writeFileSync(join(dir, 'file'), '')
    await assert.rejects(get(join(dir, 'file/x'), never, { parents: true }), { code: 'ENOTDIR' })
  })

  holds(`without waiting, and in vain: whoever holds the lock is named (${form})`, async () => {
    const dir = scratch()
    const path = join(dir, 'file')
    const lease = await lock(path)
    for (const options of [{ wait: false }, { timeout: 30 }]) {
      const { holder } = await assertHeldByNamed(() => get(path, never, options))
      assert.is(holder?.pid, process.pid)
    }
    // A call that finds it there does not need the lock.
    writeFileSync(path, 'theirs')
    assert.equal(await get(path, never), { path, made: false })
    await lease.release()
    await eventually(() => clean(dir, 'file', 'file.lock'))
  })

  holds(`bad input is refused before anything is done (${form})`, async () => {
    const dir = scratch()
    const path = join(dir, 'x')
    const [type, value, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE'] as const
    await assertRefusesBadInput(getOrCreate, dir, [
      [[5, never], type],
      [['', never], value],
      [['/', never], value],
      [['a\0b', never], value],
      [[path, undefined], type],
      [[path, 'content'], type],
      [[path, never, 'x'], type],
      [[path, never, { kind: 'link' }], value],
      [[path, never, { validate: true }], type],
      [[path, never, { refresh: 1 }], type],
      [[path, never, { wait: 0 }], type],
      [[path, never, { parents: 'yes' }], type],
      [[path, never, { durability: 'always' }], value],
      [[path, never, { stale: 0 }], range],
      [[path, never, { stale: 100, heartbeat: 100 }], range],
      [[path, never, { timeout: -1 }], range],
      [[path, never, { signal: {} }], type],
    ])
  })
}

type Act = Dual<[path: string, produce: Producer<'file'>, options?: GetOrCreateOptions<'file'>], Got>
const trial: Trial<Parameters<Act>, Got> = {
  args: dir => [join(dir, 'file'), () => ['all ', 'of it']],
  done: dir => assert.is(text(join(dir, 'file')), 'all of it'),
}
const there: typeof trial = { ...trial, setup: dir => writeFileSync(join(dir, 'file'), 'all of it') }
const fresh: typeof trial = { ...there, args: dir => [join(dir, 'file'), () => 'all of it', { refresh: true }] }
const barren: typeof trial = { args: dir => [join(dir, 'file'), () => {}] }
holds('whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(getOrCreate as Act, trial),
)

holds('both forms come to the same', () => assertSyncAndAsyncAgree(getOrCreate as Act, trial, there, fresh, barren))

holds('whatever fails or is stopped leaves nothing private behind', () =>
  assertNothingLeftBehind(getOrCreate as Act, trial),
)

holds('streams are written as they come, and stopped if one is stopped', async () => {
  const dir = scratch()
  const path = join(dir, 'file')
  const bytes = Buffer.alloc(500_000, 'stream')
  const streams = [
    () => new Response(bytes).body ?? never(),
    async () => Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]),
    async function* () {
      yield bytes.subarray(0, 100_000)
      await wait(5)
      yield bytes.subarray(100_000)
    },
  ]
  for (const produce of streams) {
    assert.is((await getOrCreate(path, produce, { refresh: true })).made, true)
    assert.ok(readFileSync(path).equals(bytes))
  }
  let stalled: Readable | undefined
  const stalling = () => {
    stalled = new Readable({ read() {} })
    stalled.push('half')
    return stalled
  }
  // Longer than a slow disk takes until it is produced.
  await assert.rejects(getOrCreate(path, stalling, { refresh: true, timeout: 3_000 }), { code: 'ERR_TIMEOUT' })
  await until(() => stalled?.destroyed)
  const thrown = new Error('broken')
  const stream = new Readable({ read: () => stream.destroy(thrown) })
  assert.is(
    await assert.rejects(
      getOrCreate(path, () => stream, { refresh: true }),
      {},
    ),
    thrown,
  )
  assert.ok(readFileSync(path).equals(bytes))
  clean(dir, 'file', 'file.lock')
})

holds('the sync form refuses promises, and gives the lock back', () => {
  const dir = scratch()
  const path = join(dir, 'file')
  const refused = { code: 'ERR_INVALID_RETURN_VALUE', message: /promise/ }
  const rejecting = async () => {
    throw new Error('nobody hears of it')
  }
  assert.throws(() => getOrCreate.sync(path, rejecting), refused)
  assert.throws(() => getOrCreate.sync(path, () => Readable.from(['x'])), refused)
  writeFileSync(path, '')
  assert.throws(() => getOrCreate.sync(path, never, { validate: async () => true }), refused)
  clean(dir, 'file', 'file.lock')
})

holds('stopped while it is produced, it comes out at once, and tidied up; the producer is told', async () => {
  const ends = (['file', 'directory'] as const).flatMap(kind =>
    (['abort', 'timeout'] as const).map(async how => {
      const dir = scratch()
      const path = join(dir, kind)
      const controller = new AbortController()
      let told: AbortSignal | undefined
      const produce = async (stage: string, { signal }: { signal: AbortSignal }): Promise<undefined> => {
        await writeFile(kind === 'file' ? stage : join(stage, 'half'), 'half')
        told = signal
        if (how === 'abort') controller.abort('enough')
        // It ignores the signal for a long time.
        await wait(60_000, undefined, { ref: false })
      }
      const began = performance.now()
      const stopped = getOrCreate(path, produce, {
        kind,
        // Longer than a slow disk takes until it is produced.
        ...(how === 'abort' ? { signal: controller.signal } : { timeout: 3_000 }),
      })
      await assert.rejects(stopped, { code: how === 'abort' ? 'ABORT_ERR' : 'ERR_TIMEOUT' })
      assert.ok(performance.now() - began < 30_000)
      assert.is(told?.aborted, true)
      await eventually(() => clean(dir, `${kind}.lock`))
    }),
  )
  await Promise.all(ends)
})

holds('a producer that is stopped while it goes on filling its directory leaves nothing either', async () => {
  const dir = scratch()
  let ended = 0
  const controller = new AbortController()
  const filling = async (stage: string) => {
    for (let i = 0; ; i++) {
      if (i === 5) controller.abort()
      await mkdir(join(stage, `d${i}`))
      for (let j = 0; j < 20; j++) await writeFile(join(stage, `d${i}`, `f${j}`), 'x')
    }
  }
  const finished = gate()
  const produce = (stage: string) =>
    filling(stage).catch((error: NodeJS.ErrnoException) => {
      ended++
      finished.open()
      assert.is(error.code, 'ENOENT')
    })
  const path = join(dir, 'tree')
  await assert.rejects(getOrCreate(path, produce, { kind: 'directory', signal: controller.signal }), {
    code: 'ABORT_ERR',
  })
  await finished.passed
  assert.is(ended, 1)
  await eventually(() => clean(dir, 'tree.lock'))
})

holds(
  'calls of one thread: one at a time produces, and takes no lock from another; the others get the same',
  async () => {
    const dir = scratch()
    const path = numbered(join(dir, 'file'))
    let [running, tries] = [0, 0]
    const produce = async () => {
      assert.is(++running, 1)
      await wait(5)
      running--
      // The first two fail.
      if (++tries < 3) throw new Error('bad luck')
      return 'made'
    }
    const get = () => getOrCreate(path, produce).catch((error: Error) => error.message)
    const got = await Promise.all(Array.from({ length: 300 }, get))
    assert.is(tries, 3)
    assert.is(got.filter(one => one === 'bad luck').length, 2)
    assert.equal(
      got.filter(one => typeof one === 'object' && one.made),
      [{ path, made: true }],
    )
    // No other call took the lock: each looked first.
    assert.is((await cell.read(`${path}.lock`))?.fields[1], '3')
    clean(dir, 'file', 'file.lock')
  },
)

holds('while one refreshes, nobody who finds a good thing waits; those who refresh, too, take the new', async () => {
  const dir = scratch()
  const path = join(dir, 'file')
  writeFileSync(path, 'old')
  const { open, passed } = gate()
  const begun = gate()
  const slow = async () => {
    begun.open()
    await passed
    return 'new'
  }
  const first = getOrCreate(path, slow, { refresh: true })
  await begun.passed
  const second = getOrCreate(path, never, { refresh: true })
  assert.equal(await getOrCreate(path, never), { path, made: false })
  assert.equal(getOrCreate.sync(path, never), { path, made: false })
  // The sync form would wait for its own thread.
  assert.throws(() => getOrCreate.sync(path, never, { refresh: true }), { code: 'ERR_LOCK_HELD' })
  await assert.rejects(getOrCreate(path, never, { refresh: true, wait: false }), { code: 'ERR_LOCK_HELD' })
  await assertHeldByNamed(() => getOrCreate(path, never, { refresh: true, timeout: 20 }))
  await assert.rejects(getOrCreate(path, never, { refresh: true, signal: AbortSignal.timeout(20) }), {
    code: 'ABORT_ERR',
  })
  assert.is(text(path), 'old')
  open()
  assert.equal(await first, { path, made: true })
  assert.equal(await second, { path, made: false })
  assert.is(text(path), 'new')
  clean(dir, 'file', 'file.lock')
})

/** Takes the lock over, as a process does that finds the holder dead. Returns a function that releases it. */
async function rob(path: string): Promise<() => Promise<unknown>> {
  const dir = `${path}.lock`
  for (;;) {
    const held = (await cell.read(dir)) as State
    const fence = (Number.parseInt(held.fields[1] ?? '', 36) + 1).toString(36)
    const mine = await cell.swap(dir, held, { fields: ['h', fence, 'another-zz-0'] })
    // Undefined if a heartbeat was faster.
    if (mine) return () => cell.swap(dir, mine, { fields: ['f', fence] })
  }
}

for (const kind of ['file', 'directory'] as const) {
  holds(`whoever is robbed of the lock while it produces takes what the other has made (${kind})`, async () => {
    const dir = scratch()
    const path = join(dir, 'it')
    const put = (at: string, what: string) => writeFileSync(kind === 'file' ? at : join(at, 'in'), what)
    for (const there of [false, true]) {
      for (const heeds of [false, true]) {
        if (there) {
          if (kind === 'directory') mkdirSync(path, { recursive: true })
          put(path, 'old')
        }
        let calls = 0
        const produce = async (stage: string, { signal }: { signal: AbortSignal }): Promise<undefined> => {
          calls++
          put(stage, 'ours')
          const back = await rob(path)
          // A heartbeat notices the loss.
          if (heeds) await new Promise(told => signal.addEventListener('abort', told, { once: true }))
          rmSync(path, { recursive: true, force: true })
          if (kind === 'directory') mkdirSync(path)
          put(path, 'theirs')
          await back()
          if (heeds) throw signal.reason
        }
        const validate = (at: string) => text(kind === 'file' ? at : join(at, 'in')) === 'theirs'
        assert.equal(await getOrCreate(path, produce, { kind, validate, heartbeat: 5 }), { path, made: false })
        assert.is(calls, 1)
        clean(dir, 'it', 'it.lock')
        rmSync(path, { recursive: true })
        rmSync(`${path}.lock`, { recursive: true })
      }
    }
  })

  holds(`what a stranger puts there meanwhile is taken, and not overwritten (${kind})`, async () => {
    const dir = scratch()
    const path = join(dir, 'it')
    const produce = (stage: string): undefined => {
      for (const [at, what] of [
        [stage, 'ours'],
        [path, 'theirs'],
      ] as const) {
        if (kind === 'directory') mkdirSync(at, { recursive: true })
        writeFileSync(kind === 'file' ? at : join(at, 'in'), what)
      }
    }
    assert.equal(await getOrCreate(path, produce, { kind }), { path, made: false })
    assert.is(text(kind === 'file' ? path : join(path, 'in')), 'theirs')
    clean(dir, 'it', 'it.lock')
  })
}

holds('heartbeats go on while it is produced, and while its pieces come', async () => {
  const dir = scratch()
  const path = join(dir, 'file')
  const versions = new Set<number>()
  const watch = setInterval(() => {
    try {
      versions.add(cell.read.sync(`${path}.lock`)?.version ?? 0)
    } catch {}
  }, 3)
  await getOrCreate(
    path,
    async function* () {
      for (; versions.size < 4; yield 'piece') await wait(4)
    },
    { heartbeat: 20 },
  )
  await getOrCreate(path, () => until(() => versions.size >= 2 * 4).then(() => 'all of it'), {
    ...{ heartbeat: 20, refresh: true },
  })
  clearInterval(watch)
  assert.is(text(path), 'all of it')
  clean(dir, 'file', 'file.lock')
})

/** The same steps; their calls are recorded. */
function* noted<T>(steps: Steps<T>, calls: Call[]): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    const { op, args } = next.value
    calls.push(...(op === 'together' ? (args[0] as Call[]) : [next.value]))
    try {
      next = steps.next(yield next.value)
    } catch (error) {
      next = steps.throw(error)
    }
  }
  return next.value
}

/** The calls that it makes, and how many of them are fsyncs before the target has its name, and after. */
function callsOf<K extends Kind = 'file'>(path: string, produce: Producer<K>, options?: GetOrCreateOptions<K>) {
  const calls: Call[] = []
  dual(() => noted(getOrCreate.steps(path, produce, options), calls)).sync()
  const published = calls.findIndex(({ op, args }) => (op === 'link' || op === 'rename') && args[1] === path)
  const synced = (some: Call[]) => some.filter(({ op }) => op === 'fsync').length
  return {
    ops: calls.map(({ op }) => op),
    synced: [synced(calls.slice(0, published)), synced(calls.slice(published))],
  }
}

holds('what is there costs one call; what is made is on the disk before it has its name, if that is wished', () => {
  const dir = scratch()
  const path = join(dir, 'file')
  const writing = (stage: string) => writeFileSync(stage, 'x')
  for (const produce of [() => 'x', writing]) {
    for (const [durability, before, after] of [
      ['none', 0, 0],
      [undefined, 1, 0],
      ['full', 1, isWindows ? 0 : 1],
    ] as const) {
      assert.equal(callsOf(path, produce, { durability }).synced, [before, after], durability)
      // With full, another call may have made it with none.
      const sync = durability === 'full' && !isWindows ? ['open', 'fsync', 'close'] : []
      assert.equal(callsOf(path, never, { durability }).ops, ['lstat', ...sync, ...sync])
      rmSync(path)
    }
  }
  const fill = (stage: string) => {
    mkdirSync(join(stage, 'in/empty'), { recursive: true })
    for (const name of ['a', 'in/b', 'in/c']) writeFileSync(join(stage, name), name)
    symlinkSync('a', join(stage, 'link'))
  }
  for (const [durability, before, after] of [
    [undefined, 0, 0],
    ['file', 3, 0],
    // Its three files and three directories, and then the directory above. Windows syncs no directory.
    ['full', isWindows ? 3 : 3 + 3, isWindows ? 0 : 1],
  ] as const) {
    const { synced } = callsOf(join(dir, 'tree'), fill, { kind: 'directory', durability })
    assert.equal(synced, [before, after], durability)
    rmSync(join(dir, 'tree'), { recursive: true })
  }
})

holds('the producer is told the fence, which grows', async () => {
  const dir = scratch()
  const path = join(dir, 'file')
  const fences: number[] = []
  for (let i = 0; i < 3; i++) await getOrCreate(path, (_, { fence }) => `${fences.push(fence)}`, { refresh: true })
  assert.ok(
    fences.every((fence, at) => at === 0 || fence > (fences[at - 1] ?? 0)),
    `${fences}`,
  )
})

holds('a file that is replaced loses none of its other names', async () => {
  const dir = scratch()
  const path = join(dir, 'file')
  writeFileSync(path, 'old')
  linkSync(path, join(dir, 'other'))
  await getOrCreate(path, () => 'new', { refresh: true })
  assert.equal([text(path), text(join(dir, 'other'))], ['new', 'old'])
  clean(dir, 'file', 'file.lock', 'other')
})
