import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
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
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { emplace, remove, sweep, type WriteFileOptions, writeFile, writeFiles } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { sharedTemp } from './broken/broken.js'
import {
  answers,
  assert,
  asUser,
  canBeAnother,
  caught,
  explored,
  holds,
  looks,
  memory,
  nobodyElseThrew,
  nobodyThrew,
  prove,
  scratch,
} from './support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './support/laws.js'
import { eventually, until } from './support/left.js'
import { possible } from './windows/flavour.js'

const root = process.getuid?.() === 0
const read = (path: string): string => readFileSync(path, 'utf8')
const modeOf = (path: string): number => statSync(path).mode & 0o7777

holds('writes text in an encoding, and all the bytes of any view', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  await writeFile(file, 'grün')
  assert.is(read(file), 'grün')
  await writeFile(file, 'grün', { encoding: 'latin1' })
  assert.equal(readFileSync(file), Buffer.from('grün', 'latin1'))
  writeFile.sync(file, '68656c6c6f', { encoding: 'hex' })
  assert.is(read(file), 'hello')
  const views = [new Uint16Array(8).fill(0x4142), new Float64Array(2), new DataView(new ArrayBuffer(16), 3, 9)]
  for (const view of [...views, Buffer.from('part of a larger one').subarray(5, 9), new BigInt64Array(0)]) {
    await writeFile(file, view)
    assert.equal(readFileSync(file), Buffer.from(view.buffer, view.byteOffset, view.byteLength))
    writeFile.sync(file, view, { durability: 'none' })
    assert.is(statSync(file).size, view.byteLength)
  }
  assert.equal(readdirSync(dir), ['file'])
})

holds('writes what iterables and streams give, piece by piece', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  function* pieces(): Iterable<string | Uint16Array> {
    yield 'one '
    yield new Uint16Array([0x4142])
    yield ''
    yield ' three'
  }
  async function* later(): AsyncIterable<string> {
    for (const word of ['later', ' and', ' later']) {
      await wait(1)
      yield word
    }
  }
  writeFile.sync(file, pieces())
  assert.is(read(file), 'one BA three')
  await writeFile(file, later())
  assert.is(read(file), 'later and later')
  await writeFile(file, Readable.from(['node', Buffer.from(' stream')]))
  assert.is(read(file), 'node stream')
  await writeFile(file, new Blob(['web stream']).stream())
  assert.is(read(file), 'web stream')
  await writeFile(file, [])
  assert.is(read(file), '')
  await writeFile(file, ['6869', '21'], { encoding: 'hex' })
  assert.is(read(file), 'hi!')
  const large = Buffer.alloc(3 << 20, 'large')
  await writeFile(file, Readable.from([large.subarray(0, 1 << 20), large.subarray(1 << 20)]))
  assert.ok(readFileSync(file).equals(large))
})

holds('a call that refuses another option leaves a stream as it was', async () => {
  const file = join(scratch(), 'file')
  for (const wrong of [{ symlinks: 'no' }, { durability: 'no' }, { mode: 'x' }, { onProgress: 5 }]) {
    const web = new ReadableStream({ start: it => it.enqueue(Buffer.from('x')) })
    const error = await writeFile(file, web, wrong as unknown as WriteFileOptions).catch(error => error)
    assert.is(error.published, false)
    assert.not(web.locked, `${Object.keys(wrong)}`)
  }
})

holds('keeps the mode of the file it replaces, unless told otherwise', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  const before = process.umask(0o027)
  try {
    await writeFile(file, 'new')
    assert.is(modeOf(file), 0o640)
    for (const mode of [0o600, 0o666, 0o755, 0o4711, 0o400]) {
      chmodSync(file, mode)
      await writeFile(file, String(mode))
      assert.is(modeOf(file), mode)
    }
    await writeFile(file, '', { mode: false })
    assert.is(modeOf(file), 0o640)
    writeFile.sync(file, '', { mode: 0o666 })
    assert.is(modeOf(file), 0o666)
    await writeFile(join(dir, 'other'), '', { mode: '600' })
    assert.is(modeOf(join(dir, 'other')), 0o600)
  } finally {
    process.umask(before)
  }
})

if (!root) holds.skip('keeps the owner', 'it takes root to have a file of somebody else’s')
else {
  holds('keeps the owner of the file it replaces, unless told otherwise', async () => {
    const file = join(scratch(), 'file')
    const owner = () => [statSync(file).uid, statSync(file).gid]
    writeFileSync(file, 'theirs', { mode: 0o640 })
    chownSync(file, 1234, 2345)
    await writeFile(file, 'still theirs')
    assert.equal([...owner(), modeOf(file)], [1234, 2345, 0o640])
    writeFile.sync(file, 'given', { chown: { uid: 7, gid: 8 } })
    assert.equal([...owner(), modeOf(file)], [7, 8, 0o640])
    await writeFile(file, 'ours', { chown: false })
    assert.equal(owner(), [0, 0])
    await writeFile(join(scratch(), 'new'), '', { chown: { uid: 7, gid: 8 } })
  })
}

if (!canBeAnother())
  holds.skip('an ordinary user replaces another’s file', 'it takes root, and a checkout that others may read')
else {
  holds('an ordinary user replaces another’s file, and keeps it', () => {
    const dir = scratch()
    chmodSync(dir, 0o777)
    const file = join(dir, 'file')
    writeFileSync(file, 'root’s', { mode: 0o644 })
    chmodSync(file, 0o6755)
    const script = `
      await holdfast.writeFile(${JSON.stringify(file)}, 'mine')
      holdfast.writeFile.sync(${JSON.stringify(file)}, 'mine', { chown: { uid: 0, gid: 0 } })`
    assert.equal(asUser(script), { said: '', code: 0 })
    assert.is(read(file), 'mine')
    // The new owner must not inherit the privileges of root's file.
    assert.equal([statSync(file).uid, modeOf(file)], [54_321, 0o755])
  })
}

holds('the caller’s options are read, and never changed', async () => {
  const dir = scratch()
  const options = Object.freeze({ durability: 'none', parents: true } as const)
  writeFileSync(join(dir, 'private'), '', { mode: 0o600 })
  for (const name of ['private', 'p/q']) await writeFile(join(dir, name), name, options)
  assert.not.equal(modeOf(join(dir, 'p/q')), 0o600)
})

holds('follows links to where they lead, be anything there or not; or replaces the link', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  mkdirSync(at('d'))
  writeFileSync(at('d/file'), 'old', { mode: 0o604 })
  symlinkSync('file', at('d/link'))
  symlinkSync('d/link', at('to-link'))
  symlinkSync(at('d'), at('to-dir'))
  await writeFile(at('to-link'), 'new')
  assert.is(read(at('d/file')), 'new')
  assert.is(modeOf(at('d/file')), 0o604)
  // Behind a link, `..` is not what the path suggests.
  symlinkSync('../d/not-yet', at('d/dangling'))
  await writeFile(at('to-dir/dangling'), 'there')
  assert.is(read(at('d/not-yet')), 'there')
  assert.ok(lstatSync(at('d/dangling')).isSymbolicLink() && lstatSync(at('to-link')).isSymbolicLink())
  // The private name is beside the file, too, where `..` really leads.
  mkdirSync(at('e'))
  symlinkSync(at('d'), at('e/to-d'))
  const beside = writeFile.steps(at('e/to-d/../beside'), '', { durability: 'none' })
  const opened: string[] = []
  for (
    let next = beside.next();
    !next.done;
    next = beside.next(next.value.op === 'random' ? Buffer.alloc(8) : undefined)
  )
    if (next.value.op === 'open' && opened.push(String(next.value.args[0]))) break
  assert.ok(opened[0]?.startsWith(at('e/to-d/../.beside.')), opened[0])
  await writeFile(at('to-link'), 'instead', { symlinks: 'replace' })
  assert.ok(lstatSync(at('to-link')).isFile())
  assert.is(read(at('d/file')), 'new')
  symlinkSync('b', at('a'))
  symlinkSync('a', at('b'))
  await assert.rejects(writeFile(at('a'), ''), { code: 'ELOOP' })
  assert.equal(readdirSync(at('d')).sort(), ['dangling', 'file', 'link', 'not-yet'])
})

holds('what is no file is refused, before anything is done', async () => {
  const dir = scratch()
  const made = spawnSync('mkfifo', [join(dir, 'pipe')]).status === 0
  await assert.rejects(writeFile(dir, ''), { code: 'EISDIR' })
  if (made) assert.throws(() => writeFile.sync(join(dir, 'pipe'), ''), { code: 'EINVAL', message: /a pipe/ })
  await assert.rejects(writeFile('/dev/null', ''), { code: 'EINVAL' })
  assert.ok(statSync('/dev/null').isCharacterDevice())
  await assert.rejects(writeFile(join(dir, 'none/x'), ''), { code: 'ENOENT' })
  await assert.rejects(writeFile(join(dir, 'pipe/x'), '', { parents: true }), { code: made ? 'ENOTDIR' : 'ENOENT' })
  assert.equal(readdirSync(dir), made ? ['pipe'] : [])
})

holds('makes missing parents only when asked, and says at once when they cannot be made', async () => {
  const dir = scratch()
  await writeFile(join(dir, 'p/q/r'), 'deep', { parents: true })
  assert.is(read(join(dir, 'p/q/r')), 'deep')
  symlinkSync('nowhere', join(dir, 'dangling'))
  const began = performance.now()
  const patient = { parents: true, retryFor: 60_000 }
  await assert.rejects(writeFile(join(dir, 'dangling/x'), '', patient), { code: 'EEXIST' })
  await assert.rejects(writeFile(join(dir, 'dangling/x/y'), '', patient), { code: 'ENOENT' })
  assert.ok(performance.now() - began < 50_000, 'it waited for what cannot come')
  await writeFile(join(dir, 'with-stream/x'), Readable.from(['s']), { parents: true })
  assert.is(read(join(dir, 'with-stream/x')), 's')
})

holds('bad input is refused before anything is done', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  const bad: [unknown, unknown, string][] = [
    [5, undefined, 'ERR_INVALID_ARG_TYPE'],
    [undefined, undefined, 'ERR_INVALID_ARG_TYPE'],
    [{}, undefined, 'ERR_INVALID_ARG_TYPE'],
    [[1], undefined, 'ERR_INVALID_ARG_TYPE'],
    ['', { encoding: 'utf9' }, 'ERR_INVALID_ARG_VALUE'],
    ['', { mode: 'rwx' }, 'ERR_INVALID_ARG_VALUE'],
    ['', { mode: 0o200000 }, 'ERR_OUT_OF_RANGE'],
    ['', { chown: { uid: 1 } }, 'ERR_OUT_OF_RANGE'],
    ['', { chown: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ['', { durability: 'very' }, 'ERR_INVALID_ARG_VALUE'],
    ['', { symlinks: 'break' }, 'ERR_INVALID_ARG_VALUE'],
    ['', { inPlace: true }, 'ERR_INVALID_ARG_VALUE'],
    ['', { hardLinks: 'keep' }, 'ERR_INVALID_ARG_VALUE'],
    ['', { parents: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['', { signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    ['', null, 'ERR_INVALID_ARG_TYPE'],
  ]
  const rows = bad.map(([data, options, code]) => [[file, data, options], code] as const)
  await assertRefusesBadInput(writeFile, dir, [...rows, [['', ''], 'ERR_INVALID_ARG_VALUE']])
  assert.throws(() => writeFile.sync(file, Readable.from(['x'])), { code: 'ERR_INVALID_RETURN_VALUE' })
  assert.equal(readdirSync(dir), [])
})

const trial: Trial<[string, string, WriteFileOptions?], void> = {
  setup: dir => writeFileSync(join(dir, 'file'), 'old', { mode: 0o640 }),
  args: dir => [join(dir, 'file'), 'new', { durability: 'full' }],
  done: dir => assert.is(read(join(dir, 'file')), 'new'),
}
const deep: typeof trial = { args: dir => [join(dir, 'a/b/file'), 'new', { parents: true }] }
const astray: typeof trial = { args: dir => [join(dir, 'none/file'), 'new'] }
const onDirectory: typeof trial = { args: dir => [dir, 'new'] }

holds('whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(writeFile, trial),
)

holds('both forms come to the same', () => assertSyncAndAsyncAgree(writeFile, trial, deep, astray, onDirectory))

holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(writeFile, trial))

holds('several names of one file: only this one gets the new, unless all shall keep it', async () => {
  const dir = scratch()
  const [one, other] = [join(dir, 'one'), join(dir, 'other')]
  writeFileSync(one, 'the same, and long')
  linkSync(one, other)
  await writeFile(one, 'new')
  assert.equal([read(one), read(other)], ['new', 'the same, and long'])
  unlinkSync(one)
  linkSync(other, one)
  await writeFile(one, 'both', { inPlace: 'when-needed', hardLinks: 'keep' })
  assert.equal([read(one), read(other), statSync(one).nlink], ['both', 'both', 2])
  writeFile.sync(one, ['pieces'], { inPlace: 'when-needed', hardLinks: 'keep', mode: 0o600 })
  assert.equal([read(other), modeOf(other)], ['pieces', 0o600])
  // For hard links, `inPlace` alone is no reason to write in place.
  await writeFile(one, 'only', { inPlace: 'when-needed' })
  assert.equal([read(one), read(other)], ['only', 'pieces'])
  assert.equal(readdirSync(dir).sort(), ['one', 'other'])
})

if (!root || process.platform !== 'linux') holds.skip('a file that is mounted', 'it takes root on Linux')
else {
  holds('a file that is mounted is written in place when that is allowed, and else says so at once', async () => {
    const dir = scratch()
    const [file, under] = [join(dir, 'file'), join(dir, 'under')]
    writeFileSync(file, '')
    writeFileSync(under, 'a long text that was there')
    assert.is(spawnSync('mount', ['--bind', under, file]).status, 0)
    try {
      const began = performance.now()
      await assert.rejects(writeFile(file, 'new', { retryFor: 60_000 }), { code: 'EBUSY', message: /inPlace/ })
      assert.ok(performance.now() - began < 50_000, 'it waited for what cannot come')
      assert.is(read(file), 'a long text that was there')
      await writeFile(file, 'new', { inPlace: 'when-needed' })
      assert.equal([read(file), read(under)], ['new', 'new'])
      await writeFile(file, Readable.from(['from ', 'a stream']), { inPlace: 'when-needed', durability: 'full' })
      assert.is(read(under), 'from a stream')
      assert.equal(readdirSync(dir).sort(), ['file', 'under'])
    } finally {
      spawnSync('umount', [file])
    }
  })
}

holds('a stream that fails leaves the old file, and its own error comes out', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  writeFileSync(file, 'old')
  const error = new Error('the source dried up')
  async function* failing(pieces: number): AsyncIterable<string> {
    for (let i = 0; i < pieces; i++) yield 'some'
    throw error
  }
  for (const pieces of [0, 1, 3]) {
    assert.is(await assert.rejects(writeFile(file, failing(pieces)), {}), error)
    const stream = Readable.from(failing(pieces))
    assert.is(await assert.rejects(writeFile(file, stream), {}), error)
    assert.ok(stream.destroyed)
  }
  const broken = new Readable({ read() {} })
  broken.destroy(error)
  broken.on('error', () => {})
  assert.is(await assert.rejects(writeFile(file, broken), {}), error)
  await assert.rejects(writeFile(file, Readable.from(['ok', { not: 'ok' }])), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.equal([read(file), readdirSync(dir)], ['old', ['file']])
})

holds('what is stopped leaves the old file, even while its stream has stalled; the stream is let go', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  writeFileSync(file, 'old')
  const stalled = () => {
    const stream = new Readable({ read() {} })
    stream.push('a beginning')
    return stream
  }
  const stream = stalled()
  const controller = new AbortController()
  const stopped = assert.rejects(writeFile(file, stream, { signal: controller.signal }), { name: 'AbortError' })
  await wait(20)
  controller.abort('enough')
  assert.is((await stopped).cause, 'enough')
  await until(() => stream.destroyed)
  await assert.rejects(writeFile(file, stalled(), { timeout: 30 }), { code: 'ERR_TIMEOUT' })
  let returned = false
  const web = new ReadableStream({ start: it => it.enqueue(Buffer.from('x')), cancel() {} })
  await assert.rejects(writeFile(file, web, { timeout: 30 }), { code: 'ERR_TIMEOUT' })
  function* forever(): Iterable<string> {
    try {
      for (;;) yield 'x'.repeat(4096)
    } finally {
      returned = true
    }
  }
  returned = false
  assert.throws(() => writeFile.sync(file, forever(), { timeout: 30 }), { code: 'ERR_TIMEOUT' })
  assert.ok(returned, 'the generator was not ended')
  await assert.rejects(writeFile(file, 'new', { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  await eventually(() => assert.equal([read(file), readdirSync(dir)], ['old', ['file']]))
})

holds('calls for one path land in the order in which they were made', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  const landed: number[] = []
  async function* slowly(text: string): AsyncIterable<string> {
    await wait(20)
    yield text
  }
  const calls = Array.from({ length: 40 }, (_, turn) => {
    const text = `${turn}`.repeat(turn % 7 === 0 ? 100_000 : 1)
    const path = turn % 2 ? file : `${dir}/./file`
    return writeFile(path, turn % 10 === 0 ? slowly(text) : text).then(() => landed.push(turn))
  })
  await Promise.all(calls)
  assert.equal(
    landed,
    [...landed].sort((a, b) => a - b),
  )
  assert.is(read(file), '39')
  // A call that fails or times out does not let later calls pass earlier ones.
  const first = writeFile(file, slowly('first'))
  const impatient = assert.rejects(writeFile(file, 'second', { timeout: 1 }), { code: 'ERR_TIMEOUT' })
  const refused = assert.rejects(writeFile(file, 5 as never), { code: 'ERR_INVALID_ARG_TYPE' })
  const last = writeFile(file, 'last')
  await Promise.all([impatient, refused])
  assert.not.equal(read(file), 'last')
  await Promise.all([first, last])
  assert.is(read(file), 'last')
  await Promise.all([writeFile(file, slowly('one')), writeFiles([[file, 'two']]), writeFile(file, 'three')])
  assert.is(read(file), 'three')
  assert.equal(readdirSync(dir), ['file'])
})

holds('from several threads each lands whole', async () => {
  const dir = scratch()
  const file = join(dir, 'file')
  const script = `
    const { workerData: { file, letter } } = require('node:worker_threads')
    import(${JSON.stringify(import.meta.resolve('holdfast'))}).then(async ({ writeFile }) => {
      for (let i = 0; i < 100; i++) await (i % 2 ? writeFile : writeFile.sync)(file, letter.repeat(50_000), { durability: 'none' })
    })`
  const threads = ['a', 'b', 'c'].map(letter => new Worker(script, { eval: true, workerData: { file, letter } }))
  let over = false
  const ends = Promise.all(threads.map(thread => once(thread, 'exit'))).then(codes => {
    over = true
    return codes
  })
  const seen = new Set<string>()
  while (!over) {
    await wait(1)
    if (!existsSync(file)) continue
    const text = read(file)
    assert.is(text, text[0]?.repeat(50_000))
    seen.add(text[0] as string)
  }
  assert.equal((await ends).flat(), [0, 0, 0])
  assert.ok(seen.size > 1, 'no contention')
  assert.equal(readdirSync(dir), ['file'])
})

holds('many files: each whole, in one call', async () => {
  const dir = scratch()
  const files = Array.from({ length: 100 }, (_, at) => [join(dir, String(at % 7), String(at)), `${at}`] as const)
  await writeFiles(new Map(files), { parents: true, durability: 'full' })
  for (const [file, text] of files) assert.is(read(file), text)
  writeFiles.sync(files.slice(0, 10).map(([file]) => [file, ['again ', file]] as const))
  assert.is(read(files[3]?.[0] as string), `again ${files[3]?.[0]}`)
  const twice = [
    [join(dir, 'x'), '1'],
    [`${dir}/./x`, '2'],
  ] as const
  await assert.rejects(writeFiles(twice), { code: 'ERR_INVALID_ARG_VALUE' })
  await assert.rejects(writeFiles([[join(dir, 'x'), 5 as never]]), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(writeFiles({ x: '1' } as never), { code: 'ERR_INVALID_ARG_TYPE' })
  await assert.rejects(
    writeFiles([
      [join(dir, 'y'), ''],
      [dir, ''],
    ]),
    { code: 'EISDIR' },
  )
  const endless = (async function* (): AsyncIterable<string> {
    for (;;) yield 'x'
  })()
  await assert.rejects(writeFiles([[join(dir, 'z'), endless]], { timeout: 20 }), { code: 'ERR_TIMEOUT' })
  await writeFiles([])
  await eventually(() => assert.equal(readdirSync(dir).sort(), ['0', '1', '2', '3', '4', '5', '6', 'y']))
})

holds('no descriptor is left open, whatever becomes of the calls', async () => {
  if (!existsSync('/proc/self/fd')) return
  const open = () => readdirSync('/proc/self/fd').length
  for (const dir of [scratch(), scratch(memory)]) {
    await writeFile(join(dir, 'first'), '')
    const before = open()
    const calls = Array.from({ length: 300 }, (_, at) => [
      writeFile(join(dir, String(at % 9)), String(at), { durability: at % 3 ? 'none' : 'full' }),
      assert.rejects(writeFile(join(dir, 'none', String(at)), ''), { code: 'ENOENT' }),
      writeFile(join(dir, String(at)), ['1', '2'], { timeout: 3 }).catch(({ code }) => assert.is(code, 'ERR_TIMEOUT')),
    ])
    await Promise.all(calls.flat())
    // Those whose time was over may be cleaning up.
    await eventually(() => {
      assert.is(open(), before)
      assert.not(readdirSync(dir).some(name => name.startsWith('.')))
    })
  }
})

holds('odd names, and names of 255 bytes', async () => {
  const dir = scratch()
  const names = possible([' ', 'new\nline', '雪'.repeat(85), `${'é'.repeat(127)}x`, 'x'.repeat(255), '.hidden', '-rf'])
  for (const name of names) {
    await writeFile(join(dir, name), name)
    writeFile.sync(join(dir, name), name)
    assert.is(read(join(dir, name)), name)
  }
  assert.equal(readdirSync(dir).sort(), [...names].sort())
})

const setup = (dir: string): void => writeFileSync(join(dir, 'file'), 'old')
type Put = (dir: string, name: string) => Steps<unknown>
const players =
  (names: readonly string[], put: Put): World['players'] =>
  dir =>
    Object.fromEntries(names.map(name => [name, put(dir, name)]))
const put: Put = (dir, name) => writeFile.steps(join(dir, 'file'), `${name}${name}`, { durability: 'none' })

const readers = { adversaries: (dir: string) => ({ reader: looks(join(dir, 'file')) }) }

/** The file is never torn or absent; what a call reported as written was there. */
const wholeAlways: World['check'] = ending => {
  const { reader, ...writers } = ending.outcomes
  const wholes = ['old', ...Object.keys(writers).map(name => `${name}${name}`)]
  const there = read(join(ending.dir, 'file'))
  assert.ok(wholes.includes(there), `torn: ${there}`)
  for (const saw of (reader as { value?: unknown[] } | undefined)?.value ?? [])
    assert.ok(wholes.includes(saw as string), `the reader saw ${JSON.stringify(saw ?? 'nothing')}`)
  if (answers({ ...ending, outcomes: writers }).length > 0) assert.is.not(there, 'old')
  if (Object.values(ending.outcomes).some(({ how }) => how === 'killed')) return
  assert.equal(readdirSync(ending.dir), ['file'], 'debris')
}

/** A lost reply: the file was in place, and has been replaced since. */
const lostReply: World['check'] = ending => {
  wholeAlways(ending)
  for (const [name, outcome] of Object.entries(ending.outcomes)) {
    if (outcome.how !== 'threw') continue
    assert.ok(outcome.injected)
    assert.is.not(read(join(ending.dir, 'file')), `${name}${name}`, `${name} threw, and it was done`)
  }
}

explored('explore: two writers and a reader, with a kill', () => {
  const sights = new Set<string>()
  const world: World = {
    setup,
    ...readers,
    players: players(['A', 'B'], put),
    kills: 1,
    check: ending => {
      nobodyThrew(ending)
      wholeAlways(ending)
      sights.add(String((ending.outcomes.reader as { value?: unknown }).value))
    },
  }
  const found = prove('2 writeFile, 1 reader, 1 kill', world, {}, () => sights.size >= 7)
  assert.ok(found.complete)
})

explored('explore: two writers, with a lie', () => {
  const found = prove('2 writeFile, 1 lie', { setup, players: players(['A', 'B'], put), lies: 1, check: lostReply })
  assert.ok(found.complete && found.failed.has('rename EIO'))
})

explored('explore: three writers, with a kill and a lie', () => {
  const found = prove('3 writeFile, 1 kill, 1 lie', {
    setup,
    players: players(['A', 'B', 'C'], put),
    kills: 1,
    lies: 1,
    check: lostReply,
  })
  assert.ok(found.complete)
})

explored('explore: a failure at any call, a short write, or an abort leaves the old or the new, and no debris', () => {
  const durable: Put = (dir, name) => writeFile.steps(join(dir, 'file'), `${name}${name}`, { durability: 'full' })
  for (const budget of [{ failures: 1 }, { failures: 1, failWith: ['ENOSPC'] as const }, { aborts: 1 }]) {
    let stopped = 0
    const check: World['check'] = ending => {
      nobodyElseThrew(ending)
      assert.match(read(join(ending.dir, 'file')), /^(old|AA|BB)$/)
      const threw = Object.values(ending.outcomes).some(({ how }) => how === 'threw')
      if (threw) stopped++
      // If only the clean-up failed, the call did not.
      if (threw || budget.aborts) assert.equal(readdirSync(ending.dir), ['file'], 'debris')
    }
    const world = { setup, players: players(['A', 'B'], durable), ...budget, check }
    assert.ok(prove(`2 writeFile, ${JSON.stringify(budget)}`, world, {}, () => stopped > 10).complete)
  }
})

explored('explore: a writer with parents, and somebody who takes the directory away', () => {
  const deep = (dir: string) => writeFile.steps(join(dir, 'd/file'), 'new', { parents: true, durability: 'none' })
  const found = prove('1 writeFile with parents, 1 remove of the directory', {
    setup: dir => mkdirSync(join(dir, 'd')),
    players: dir => ({ A: deep(dir) }),
    adversaries: dir => ({ remover: remove.steps(join(dir, 'd')) }),
    check: ending => {
      nobodyThrew(ending)
      for (const name of readdirSync(ending.dir)) assert.is(name, 'd', 'debris')
      const inside = existsSync(join(ending.dir, 'd')) ? readdirSync(join(ending.dir, 'd')) : []
      assert.ok(inside.every(name => name === 'file'))
    },
  })
  assert.ok(found.complete)
})

explored('explore: what comes piece by piece is written whole or not at all, whatever is tried again', () => {
  const pieces = (dir: string, name: string) =>
    writeFile.steps(join(dir, name), ['1', '2', '3'], { parents: true, durability: 'file' })
  const wholeOrOld = (path: string) => !existsSync(path) || assert.match(read(path), /^(old|123)$/)
  const transient = prove('1 writeFile of pieces, 1 transient failure', {
    setup,
    players: dir => ({ A: pieces(dir, 'file') }),
    failures: 1,
    failWith: ['EAGAIN', 'ENOENT'],
    check: ({ dir }) => wholeOrOld(join(dir, 'file')),
  })
  const vanishing = prove('1 writeFile of pieces with parents, 1 remove of the directory', {
    setup: dir => mkdirSync(join(dir, 'd')),
    players: dir => ({ A: pieces(dir, 'd/file') }),
    adversaries: dir => ({ remover: remove.steps(join(dir, 'd')) }),
    check: ({ dir, outcomes: { A } }) => {
      wholeOrOld(join(dir, 'd/file'))
      if (A?.how === 'threw') assert.is((A.error as NodeJS.ErrnoException).code, 'ENOENT')
    },
  })
  assert.ok(transient.complete && vanishing.complete)
})

explored('explore: who writes through a link writes what it leads to, whoever replaces the link', () => {
  const sights = new Set<string>()
  const world: World = {
    setup: dir => {
      writeFileSync(join(dir, 'one'), 'old')
      symlinkSync('one', join(dir, 'file'))
      symlinkSync('two', join(dir, 'next'))
    },
    players: dir => ({ A: put(dir, 'A') }),
    adversaries: dir => ({ other: emplace.steps(join(dir, 'next'), join(dir, 'file')) }),
    check: ending => {
      nobodyThrew(ending)
      assert.is(readlinkSync(join(ending.dir, 'file')), 'two')
      const [one, two] = ['one', 'two'].map(name => existsSync(join(ending.dir, name)) && read(join(ending.dir, name)))
      assert.ok((one === 'AA' && two === false) || (one === 'old' && two === 'AA'), `${one} ${two}`)
      sights.add(String(one))
    },
  }
  assert.ok(prove('1 writeFile through a link, 1 who leads it elsewhere', world, {}, () => sights.size === 2).complete)
})

explored('explore: two writers, of whom one is killed, and a sweeper', () => {
  let swept = 0
  const world: World = {
    setup,
    players: players(['A', 'B'], put),
    adversaries: dir => ({ sweeper: sweep.steps(dir) }),
    kills: 1,
    check: ending => {
      nobodyThrew(ending)
      assert.match(read(join(ending.dir, 'file')), /^(old|AA|BB)$/)
      swept += (ending.outcomes.sweeper as { value: string[] }).value.length
    },
  }
  assert.ok(prove('2 writeFile, 1 sweep, 1 kill', world, {}, () => swept > 0).complete)
})

explored('explore catches: one temporary name for all', () => {
  const broken: Put = (dir, name) => sharedTemp.steps(join(dir, 'file'), `${name}${name}`)
  const world = { setup, ...readers, players: players(['A', 'B'], broken) }
  caught('a shared temporary name', /torn|saw/, { ...world, check: wholeAlways })
  caught('a shared temporary name rejects', /ENOENT/, { ...world, check: nobodyThrew })
})

explored('explore catches: a sweeper that takes everybody for dead', () => {
  function* sweepAll(dir: string): Steps<void> {
    for (const name of yield* fs.readdir(dir)) if (name.startsWith('.file.')) yield* fs.unlink(join(dir, name))
  }
  const world = { setup, players: players(['A'], put), adversaries: (dir: string) => ({ sweeper: sweepAll(dir) }) }
  caught('a sweeper without evidence', /A threw ENOENT/, { ...world, check: nobodyThrew })
})
