import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { cell, lock, updateFile, withLock } from 'holdfast'
import { type Dual, door, drive, type Steps } from 'holdfast/steps'
import { assert, holds, scratch } from './support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './support/laws.js'
import { assertHeldByNamed, until } from './support/left.js'

const read = (path: string): string => readFileSync(path, 'utf8')
const isFree = (file: string): boolean => lock.holder.sync(file) === undefined
const json = { json: true } as const

/** Makes a file with this content. */
function given(content: string | Buffer): string {
  const file = join(scratch(), 'file')
  writeFileSync(file, content)
  return file
}

/** Inode and time of the last write. */
const identity = (file: string): string => {
  const { ino, mtimeNs } = statSync(file, { bigint: true })
  return `${ino} ${mtimeNs}`
}

holds('writes what came of what was there, and answers it', async () => {
  const file = given('a')
  assert.is(await updateFile(file, old => `${old}b`), 'ab')
  assert.is(await updateFile(pathToFileURL(file), async old => `${old}c`), 'abc')
  assert.is(
    updateFile.sync(file, old => `${old}d`),
    'abcd',
  )
  assert.is(read(file), 'abcd')
  assert.equal(readdirSync(join(file, '..')), ['file', 'file.lock'])
  assert.ok(isFree(file))
})

holds('bytes, and text in an encoding', async () => {
  const bytes = Buffer.from([0xff, 0, 0xfe, 0x80])
  const file = given(bytes)
  const more = await updateFile(file, old => old && Buffer.concat([old, new Uint8Array([1])]), { encoding: 'buffer' })
  assert.equal(more, Buffer.concat([bytes, Buffer.from([1])]))
  assert.equal(readFileSync(file), more)
  await updateFile(file, old => `${old}é`, { encoding: 'latin1' })
  assert.equal(readFileSync(file), Buffer.from([...bytes, 1, 0xe9]))
  await updateFile(file, () => new Uint16Array([0x4142]), { encoding: 'buffer' })
  assert.is(read(file), 'BA')
  updateFile.sync(file, old => `${old}ff`, { encoding: 'hex' })
  assert.equal(readFileSync(file), Buffer.from('BA\xff', 'latin1'))
})

holds('where there is no file it is made, or not', async () => {
  const dir = scratch()
  const file = join(dir, 'new')
  assert.is(
    await updateFile(file, old => {
      assert.is(old, undefined)
      return undefined
    }),
    undefined,
  )
  assert.equal(readdirSync(dir), ['new.lock'])
  assert.is(await updateFile(file, old => String(old)), 'undefined')
  assert.equal(await updateFile(join(dir, 'json'), () => ({ a: [1] }), json), { a: [1] })
  assert.is(read(join(dir, 'json')), '{\n  "a": [\n    1\n  ]\n}\n')
})

holds('undefined leaves the file as it is, and its time', async () => {
  const file = given('{"a":1}')
  const before = identity(file)
  assert.is(await updateFile(file, () => undefined), '{"a":1}')
  assert.equal(await updateFile(file, async () => undefined, json), { a: 1 })
  assert.equal(
    updateFile.sync(file, () => undefined, { encoding: 'buffer' }),
    Buffer.from('{"a":1}'),
  )
  assert.is(identity(file), before)
})

holds('who changes the old value in its place, and answers nothing, is told', async () => {
  const file = given('{"a":1}')
  const forgets = (old: { a: number } | undefined) => {
    if (old) old.a++
    return undefined
  }
  await assert.rejects(updateFile(file, forgets, json), { code: 'ERR_INVALID_RETURN_VALUE', message: /changed in its/ })
  assert.is(read(file), '{"a":1}')
  const answers = (old = { a: 0 }) => {
    old.a++
    return old
  }
  assert.equal(await updateFile(file, answers, json), { a: 2 })
})

holds('calls of one thread come in turn, and none is lost', async () => {
  const file = given('')
  const letters = [...'abcdefghijklmnopqrstuvwxyz']
  await Promise.all(letters.map(letter => updateFile(file, async old => `${old}${letter}`, { durability: 'none' })))
  assert.is(read(file), letters.join(''))
  const lease = await lock(file)
  const later = updateFile(file, old => `${old}!`)
  await wait(5)
  assert.is(read(file), letters.join(''))
  await lease.release()
  assert.is(await later, `${letters.join('')}!`)
})

holds('the sync form refuses promises, and never waits for its own thread', async () => {
  const file = given('a')
  const promises = (() => Promise.resolve('b')) as never
  assert.throws(() => updateFile.sync(file, promises), { message: /which the sync form cannot wait for/ })
  const nested = () => updateFile.sync(file, () => updateFile.sync(file, () => 'inner'))
  assert.throws(nested, { code: 'ERR_LOCK_HELD' })
  let go: ((text: string) => void) | undefined
  const slow = updateFile(file, () => new Promise<string>(done => (go = done)))
  while (!go) await wait(1)
  assert.throws(() => updateFile.sync(file, () => 'c'), { code: 'ERR_LOCK_HELD' })
  go('slow')
  assert.is(await slow, 'slow')
  const lease = lock.sync(file)
  assert.throws(() => updateFile.sync(file, () => 'c'), { code: 'ERR_LOCK_HELD' })
  lease.release.sync()
  assert.is(
    updateFile.sync(file, () => 'd'),
    'd',
  )
})

holds('links to one file share its lock, and stay links', async () => {
  const dir = scratch()
  for (const name of ['real', 'elsewhere']) mkdirSync(join(dir, name))
  const file = join(dir, 'real/file')
  writeFileSync(file, 'a')
  symlinkSync('../real/file', join(dir, 'elsewhere/link'))
  symlinkSync(join(dir, 'elsewhere/link'), join(dir, 'link'))
  symlinkSync('real/later', join(dir, 'dangling'))
  const names = [file, join(dir, 'link'), join(dir, 'elsewhere/link')]
  await Promise.all(names.map(name => updateFile(name, async old => `${old}b`)))
  assert.is(read(file), 'abbb')
  assert.equal(readlinkSync(join(dir, 'link')), join(dir, 'elsewhere/link'))
  await updateFile(join(dir, 'dangling'), () => 'made')
  assert.is(read(join(dir, 'real/later')), 'made')
  assert.equal(readdirSync(join(dir, 'real')), ['file', 'file.lock', 'later', 'later.lock'])
  assert.equal(readdirSync(join(dir, 'elsewhere')), ['link'])
})

holds('a link that leads elsewhere by the time its lock is there is followed again', async () => {
  const dir = scratch()
  const link = join(dir, 'link')
  for (const name of ['one', 'two']) writeFileSync(join(dir, name), name)
  symlinkSync('one', link)
  const lease = await lock(join(dir, 'one'))
  const late = updateFile(link, old => `${old}!`)
  await wait(20)
  unlinkSync(link)
  symlinkSync('two', link)
  await lease.release()
  assert.is(await late, 'two!')
  assert.equal([read(join(dir, 'one')), read(join(dir, 'two'))], ['one', 'two!'])
  assert.ok(isFree(join(dir, 'one')) && isFree(join(dir, 'two')))
})

holds('what is no file is refused before there is a lock', async () => {
  const dir = scratch()
  mkdirSync(join(dir, 'dir'))
  await assert.rejects(
    updateFile(join(dir, 'dir'), () => ''),
    { code: 'EISDIR' },
  )
  if (process.platform !== 'win32') {
    assert.is(spawnSync('mkfifo', [join(dir, 'pipe')]).status, 0)
    await assert.rejects(
      updateFile(join(dir, 'pipe'), () => ''),
      { code: 'EINVAL' },
    )
    unlinkSync(join(dir, 'pipe'))
  }
  assert.equal(readdirSync(dir), ['dir'])
})

holds('missing directories are made if that is wanted', async () => {
  const dir = scratch()
  const file = join(dir, 'a/b/file')
  await assert.rejects(
    updateFile(file, () => ''),
    { code: 'ENOENT' },
  )
  assert.equal(readdirSync(dir), [])
  assert.is(await updateFile(file, () => 'deep', { parents: true }), 'deep')
  assert.is(read(file), 'deep')
})

holds('the mode stays, or is the one that is given', async () => {
  const file = given('')
  chmodSync(file, 0o600)
  await updateFile(file, () => 'a')
  assert.is(statSync(file).mode & 0o7777, 0o600)
  await updateFile(file, () => 'b', { mode: '640', durability: 'full' })
  assert.is(statSync(file).mode & 0o7777, 0o640)
})

holds('what the change throws comes out, that very object, and the lock is free', async () => {
  const file = given('a')
  const before = identity(file)
  const mine = new Error('mine')
  const fails = () => {
    throw mine
  }
  assert.is(await updateFile(file, fails).catch(error => error), mine)
  assert.is(await updateFile(file, () => Promise.reject(mine)).catch(error => error), mine)
  assert.is(
    assert.throws(() => updateFile.sync(file, fails), {}),
    mine,
  )
  assert.is(identity(file), before)
  assert.ok(isFree(file))
})

holds('who waits for the lock may be stopped, and learns who has it', async () => {
  const file = given('a')
  const lease = await lock(file)
  const stopped = updateFile(file, () => 'b', { signal: AbortSignal.timeout(20) })
  await assert.rejects(stopped, { code: 'ABORT_ERR' })
  // By waiting for a turn in its own thread; and by another spelling, which waits for the lock as another process
  // would.
  for (const call of [
    () => updateFile(file, () => 'b', { timeout: 20 }),
    () => updateFile(join(file, '..', '.', 'file'), () => 'b', { timeout: 20 }),
  ]) {
    const error = await assertHeldByNamed(call)
    assert.is(error.holder?.pid, process.pid)
    assert.is((error.cause as NodeJS.ErrnoException).code, 'ERR_TIMEOUT')
  }
  await lease.release()
  const script = `import { updateFile } from ${JSON.stringify(import.meta.resolve('holdfast'))}
    updateFile.sync(${JSON.stringify(file)}, () => 'b', { timeout: 500 })`
  const said = await withLock(file, () =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
  )
  assert.match(said.stderr, new RegExp(`held by process ${process.pid}, which is alive`))
  assert.is(read(file), 'a')
  assert.is(await updateFile(file, old => `${old}!`), 'a!')
})

holds('who is stopped while it computes writes nothing, and gives the lock back', async () => {
  const file = given('a')
  const before = identity(file)
  const never = () => new Promise<string>(() => {})
  await assert.rejects(updateFile(file, never, { timeout: 20 }), { code: 'ERR_TIMEOUT' })
  const stop = new AbortController()
  const stopped = updateFile(file, never, { signal: stop.signal })
  await until(() => !isFree(file))
  stop.abort('why')
  assert.is((await assert.rejects(stopped, { code: 'ABORT_ERR' })).cause, 'why')
  assert.is(identity(file), before)
  // On a busy machine it is given back in the background.
  await until(() => isFree(file))
})

holds('who is late takes no lock: nothing would end what its function waits for', async () => {
  const files = [given('a'), given('b')]
  for (const wanted of [files[1] as string, files]) {
    const other = lock.sync(files[1] as string)
    let [looks, isCalled] = [0, false]
    const late = {
      ...door,
      perform: (...[call, done]: Parameters<typeof door.perform>) => {
        // The first one begins the wait. The lock is free from the moment in which the time-out has ended that.
        if (call.op === 'ifLeft' && ++looks === 2) other.release.sync()
        return door.perform(call, done)
      },
    }
    const never = () => {
      isCalled = true
      return new Promise<never>(() => {})
    }
    const steps = updateFile.steps(wanted as string, never) as Steps<unknown>
    const { code } = (await assert.rejects(drive(steps, { door: late, timeout: 100 }), {})) as NodeJS.ErrnoException
    assert.ok(code === 'ERR_TIMEOUT' || code === 'ERR_LOCK_HELD', code)
    // On a busy machine the time may be up before it waits.
    other.release.sync()
    await until(() => files.every(isFree))
    assert.not(isCalled)
  }
})

/** Takes the lock over, as a process does that finds the holder dead. */
function rob(file: string): void {
  const now = cell.read.sync(`${file}.lock`)
  assert.ok(now && cell.swap.sync(`${file}.lock`, now, { fields: ['h', 'zz', 'a-1-1'] }))
}

holds('who has lost the lock while it computed writes nothing', async () => {
  const file = given('a')
  const before = identity(file)
  const robbed = async () => {
    await wait(1)
    rob(file)
    return 'b'
  }
  await assert.rejects(updateFile(file, robbed), { code: 'ERR_LEASE_LOST' })
  assert.is(identity(file), before)
  assert.match(cell.read.sync(`${file}.lock`)?.fields.join() ?? '', /^h,zz/)
})

holds('who computed for longer than a heartbeat, on the spot, finds out too', () => {
  const file = given('a')
  const before = identity(file)
  const slow = () => {
    const until = performance.now() + 5
    while (performance.now() < until);
    rob(file)
    return 'b'
  }
  assert.throws(() => updateFile.sync(file, slow, { heartbeat: 2 }), { code: 'ERR_LEASE_LOST' })
  assert.is(identity(file), before)
})

holds('while it computes it shows that it lives', async () => {
  const file = given('a')
  const states = new Set<string | undefined>()
  const slow = async () => {
    await until(() => states.add(cell.read.sync(`${file}.lock`)?.nonce).size > 3)
    return 'b'
  }
  assert.is(await updateFile(file, slow, { heartbeat: 4 }), 'b')
})

holds('bad input is refused before anything is done', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  const change = () => ''
  const type = 'ERR_INVALID_ARG_TYPE'
  const value = 'ERR_INVALID_ARG_VALUE'
  const bad: readonly (readonly [args: readonly unknown[], code: string])[] = [
    [['', change], value],
    [['a\0b', change], value],
    [['/', change], value],
    [[5, change], type],
    [[file], type],
    [[file, 'text'], type],
    [[file, change, null], type],
    [[file, change, { json: 1 }], type],
    [[file, change, { encoding: 'utf-99' }], value],
    [[file, change, { encoding: 5 }], value],
    [[file, change, { json: true, encoding: 'latin1' }], value],
    [[file, change, { json: true, encoding: 'buffer' }], value],
    [[file, change, { durability: 'very' }], value],
    [[file, change, { mode: 'rwx' }], value],
    [[file, change, { mode: -1 }], 'ERR_OUT_OF_RANGE'],
    [[file, change, { parents: 'yes' }], type],
    [[file, change, { stale: 0 }], 'ERR_OUT_OF_RANGE'],
    [[file, change, { stale: 100, heartbeat: 100 }], 'ERR_OUT_OF_RANGE'],
    [[file, change, { retryFor: '1' }], type],
    [[file, change, { timeout: -1 }], 'ERR_OUT_OF_RANGE'],
    [[file, change, { signal: 'stop' }], type],
  ]
  await assertRefusesBadInput(updateFile, dir, bad)
})

type Act = Dual<[file: string, change: (old?: string) => string], string | undefined>
const trial: Trial<Parameters<Act>, string | undefined> = {
  setup: dir => writeFileSync(join(dir, 'file'), 'old', { mode: 0o600 }),
  args: dir => [join(dir, 'file'), old => `${old} and new`],
  done: dir => assert.is(read(join(dir, 'file')), 'old and new'),
}
const astray: typeof trial = { args: dir => [join(dir, 'none/file'), () => 'new'] }
const throwing: typeof trial = {
  ...trial,
  args: dir => [
    join(dir, 'file'),
    () => {
      throw new RangeError('of the change')
    },
  ],
}

holds('whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(updateFile as Act, trial),
)

holds('both forms come to the same', () => assertSyncAndAsyncAgree(updateFile as Act, trial, astray, throwing))

holds('whatever fails or is stopped leaves nothing private behind', () =>
  assertNothingLeftBehind(updateFile as Act, trial),
)

holds('answers that no file can hold are refused, and the file stays', async () => {
  const file = given('{"a":1}')
  const before = identity(file)
  for (const wrong of [5, null, {}, true, Symbol('s'), () => ''])
    await assert.rejects(
      updateFile(file, () => wrong as never),
      { code: 'ERR_INVALID_RETURN_VALUE' },
    )
  for (const wrong of [Symbol('s'), () => '', { toJSON: () => undefined }])
    await assert.rejects(
      updateFile(file, () => wrong, json),
      { code: 'ERR_INVALID_RETURN_VALUE' },
    )
  const circular: { self?: unknown } = {}
  circular.self = circular
  await assert.rejects(
    updateFile(file, () => circular, json),
    { name: 'TypeError', message: /circular/ },
  )
  await assert.rejects(
    updateFile(file, () => 5n, json),
    { name: 'TypeError', message: /BigInt/ },
  )
  assert.is(identity(file), before)
  assert.ok(isFree(file))
})

holds('text that is not valid is an error, and not mended', async () => {
  const texts: readonly (readonly [bytes: Buffer, encoding: BufferEncoding | undefined, at: number])[] = [
    [Buffer.from([0x61, 0xff, 0x62]), undefined, 1],
    [Buffer.from('grün', 'latin1'), 'utf8', 2],
    [Buffer.from('é').subarray(0, 1), 'utf8', 0],
    [Buffer.from([0xed, 0xa0, 0x80]), 'utf-8', 0],
    [Buffer.from('odd'), 'utf16le', 2],
    [Buffer.from([0x41, 0xc1]), 'ascii', 1],
  ]
  for (const [bytes, encoding, position] of texts) {
    const file = given(bytes)
    const before = identity(file)
    const code = 'ERR_ENCODING_INVALID_ENCODED_DATA'
    const error = await assert.rejects(
      updateFile(file, () => 'mended', { encoding }),
      { code, message: /encoding: 'buffer'/ },
    )
    assert.equal([(error as unknown as { position: number }).position, identity(file)], [position, before])
    assert.ok(isFree(file))
  }
  await assert.rejects(
    updateFile(given(Buffer.from([0x22, 0xff, 0x22])), () => 1, json),
    {
      code: 'ERR_ENCODING_INVALID_ENCODED_DATA',
    },
  )
})

holds('a byte order mark stays: text begins with it, JSON does not see it', async () => {
  const file = given('\uFEFF{\n "a": 1\n}')
  await updateFile(file, old => {
    assert.ok(old?.startsWith('\uFEFF'))
    return undefined
  })
  await updateFile(file, old => ({ ...(old as object), b: 2 }), json)
  assert.is(read(file), '\uFEFF{\n "a": 1,\n "b": 2\n}')
})

holds('JSON is printed as it was', async () => {
  const set = (old: unknown) => ({ ...(old as object), b: [2] })
  const layouts: readonly (readonly [before: string, after: string])[] = [
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n'],
    ['{\n    "a": 1\n}', '{\n    "a": 1,\n    "b": [\n        2\n    ]\n}'],
    ['{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"b": [\n\t\t2\n\t]\n}\n'],
    ['{\r\n "a": "\\n"\r\n}\r\n', '{\r\n "a": "\\n",\r\n "b": [\r\n  2\r\n ]\r\n}\r\n'],
    ['{ "a": 1 }\n', '{"a":1,"b":[2]}\n'],
    ['{"a":"{\\n  }"}', '{"a":"{\\n  }","b":[2]}'],
    ['{\n"a": 1\n}\n', '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n'],
    ['\n\n  {\n   "a": 1}  ', '{\n   "a": 1,\n   "b": [\n      2\n   ]\n}'],
    // It has no member that could show whether members go on one line.
    ['{}', '{\n  "b": [\n    2\n  ]\n}'],
    ['{ }\r\n', '{\r\n  "b": [\r\n    2\r\n  ]\r\n}\r\n'],
    ['null\n', '{\n  "b": [\n    2\n  ]\n}\n'],
  ]
  for (const [before, after] of layouts) {
    const file = given(before)
    await updateFile(file, set, json)
    assert.is(read(file), after, before)
    // Text in this layout keeps it.
    await updateFile(file, set, json)
    assert.is(read(file), after)
  }
  const file = given('1')
  for (const value of [null, false, 0, '', 'text']) {
    assert.is(await updateFile<unknown>(file, () => value, json), value)
    assert.is(read(file), JSON.stringify(value))
  }
})

holds('invalid JSON is an error that names the place, and the file stays', async () => {
  const texts: readonly (readonly [text: string, position: number, line: number, column: number])[] = [
    ['', 0, 1, 1],
    ['\uFEFF', 0, 1, 1],
    [' \n\n', 3, 3, 1],
    ['{"a": 1', 7, 1, 8],
    ['{\n  "a": 1,\n}\n', 12, 3, 1],
    ['{\r\n  "a": tru\r\n}', 13, 2, 11],
    ['{\n  // a comment\n}', 4, 2, 3],
    ['[1, 2', 5, 1, 6],
    ['{"é😀": x}', 8, 1, 9],
    ['<<<<<<< HEAD\n{}', 0, 1, 1],
  ]
  for (const [text, position, line, column] of texts) {
    const file = given(text)
    const before = identity(file)
    const expected = { code: 'ERR_INVALID_JSON', name: 'SyntaxError' }
    const error = await assert.rejects(
      updateFile(file, () => 1, json),
      expected,
    )
    const { path, position: at, line: inLine, column: inColumn } = error as unknown as Record<string, unknown>
    assert.equal([path, at, inLine, inColumn], [file, position, line, column], JSON.stringify(text))
    const where = `Not valid JSON at line ${line}, column ${column} (position ${position}): ${file}: `
    assert.ok(error.message.startsWith(where), error.message)
    assert.is((error.cause as Error).name, 'SyntaxError')
    assert.is(identity(file), before)
    assert.ok(isFree(file))
  }
  await assert.rejects(
    updateFile(given(''), () => 1, json),
    { message: /: the file is empty$/ },
  )
})

holds('what it takes and answers is typed', async () => {
  const file = join(scratch(), 'file')
  interface Config {
    runs: number
  }
  const config: Config | undefined = await updateFile<Config>(file, old => ({ runs: (old?.runs ?? 0) + 1 }), json)
  assert.equal(config, { runs: 1 })
  const again: Config | undefined = updateFile.sync(file, (old: Config = { runs: 0 }) => ({ runs: old.runs + 1 }), json)
  assert.equal(again, { runs: 2 })
  const plain = await updateFile(file, (old: object = {}) => ({ ...old, runs: 3 }), json)
  assert.equal(plain, { runs: 3 })
  const text: string | undefined = await updateFile(file, old => old?.toUpperCase())
  assert.match(text ?? '', /RUNS/)
  const bytes: Buffer | undefined = await updateFile(file, old => old?.subarray(0, 1), { encoding: 'buffer' })
  assert.is(String(bytes), '{')
  const later = async () => ''
  // @ts-expect-error: the sync form cannot wait
  assert.throws(() => updateFile.sync(file, later), {})
  const wrong = () => 5
  // @ts-expect-error: text is not a number
  await updateFile(file, wrong).catch(() => {})
})

holds('whoever is stopped while it computes leaves nobody with a rejection that nobody hears', () => {
  const file = join(scratch(), 'file')
  const text = `import { updateFile } from ${JSON.stringify(import.meta.resolve('holdfast'))}
    const stop = new AbortController()
    const change = async () => {
      stop.abort()
      const late = new Promise((_, fail) => setTimeout(() => fail(new Error('too late')), 10))
      // A busy machine: the timer is due before the stop can be seen.
      const until = performance.now() + 20
      while (performance.now() < until);
      return late
    }
    const error = await updateFile(${JSON.stringify(file)}, change, { signal: stop.signal }).catch(error => error)
    setTimeout(() => console.log(error.code), 50)`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
  })
  assert.equal([stdout.trim(), stderr, status], ['ABORT_ERR', '', 0])
})
