// Results that may not be older than `maxAge`, by the clock of their filesystem; and results with their content, which is
// that of the very file that was found good, or published.

import {
  type BigIntStats,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type GotAs, getOrCreate, lock } from 'holdfast'
import { type Call, type Dual, dual, fs, type Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { freshByWallClock, validThenRead } from '../broken/results.js'
import { assert, asUser, canBeAnother, caught, explored, holds, nobodyThrew, prove, scratch } from '../support/kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertSyncAndAsyncAgree,
  type Trial,
} from '../support/laws.js'
import { assertHeldByNamed } from '../support/left.js'

const hourMs = 3_600_000
const never = () => {
  throw new Error('it was produced')
}

/** A file or a directory that was changed so long ago. */
function aged(ms: number, content = 'old', path = join(scratch(), 'it')): string {
  writeFileSync(path, content)
  const seconds = (Date.now() - ms) / 1000
  utimesSync(path, seconds, seconds)
  return path
}

/** Runs a test in a process whose clock is wrong by so much; that of the filesystem is right. */
async function withClockWrongBy<T>(ms: number, test: () => T): Promise<Awaited<T>> {
  const { now } = Date
  Date.now = () => now() + ms
  try {
    return await test()
  } finally {
    Date.now = now
  }
}

// ---- The age ----

holds('what is older than maxAge is made anew; what is younger is taken as it is', async () => {
  const path = aged(2 * hourMs)
  assert.is((await getOrCreate(path, never, { maxAge: 3 * hourMs })).made, false)
  assert.is((await getOrCreate(path, never, { maxAge: Number.POSITIVE_INFINITY })).made, false)
  assert.is((await getOrCreate(path, () => 'new', { maxAge: hourMs })).made, true)
  assert.is(readFileSync(path, 'utf8'), 'new')
  assert.is(getOrCreate.sync(path, never, { maxAge: hourMs }).made, false)
  await wait(30)
  assert.is(getOrCreate.sync(path, () => 'newer', { maxAge: 5 }).made, true)
  assert.equal(readdirSync(join(path, '..')), ['it', 'it.lock'])
})

holds('a directory has an age, too', async () => {
  const path = join(scratch(), 'it')
  mkdirSync(path)
  utimesSync(path, 1e9, 1e9)
  const fill = (stage: string) => writeFileSync(join(stage, 'in'), 'new')
  const options = { kind: 'directory', maxAge: hourMs } as const
  assert.is((await getOrCreate(path, fill, options)).made, true)
  assert.is((await getOrCreate(path, never, options)).made, false)
  assert.equal(readdirSync(path), ['in'])
})

holds('a clock of the reader that is wrong by days makes no difference', async () => {
  for (const wrongBy of [-30 * 24 * hourMs, 30 * 24 * hourMs]) {
    const [old, fresh] = [aged(2 * hourMs), aged(0)]
    await withClockWrongBy(wrongBy, async () => {
      assert.is((await getOrCreate(fresh, never, { maxAge: hourMs })).made, false)
      assert.is((await getOrCreate(old, () => 'new', { maxAge: hourMs })).made, true)
      assert.is((await getOrCreate(old, never, { maxAge: hourMs })).made, false)
    })
  }
})

holds('the usual comparison with the clock of the reader takes what is old, and makes anew what is not', async () => {
  const [old, fresh] = [aged(2 * hourMs), aged(0, 'fresh')]
  const [taken] = await withClockWrongBy(-30 * 24 * hourMs, () => [freshByWallClock.sync(old, 'new', hourMs)])
  assert.equal([taken?.made, taken?.content], [false, 'old'])
  const [made] = await withClockWrongBy(30 * 24 * hourMs, () => [freshByWallClock.sync(fresh, 'new', hourMs)])
  assert.is(made?.made, true)
})

holds(
  'what comes from the future has no age, and what a producer gives an old time is as old as its making',
  async () => {
    const path = aged(-2 * hourMs)
    assert.is((await getOrCreate(path, () => 'new', { maxAge: hourMs })).made, true)
    for (const ageMs of [2 * hourMs, -2 * hourMs]) {
      const unpack = (stage: string): undefined => void aged(ageMs, 'unpacked', stage)
      assert.is((await getOrCreate(path, unpack, { maxAge: hourMs, refresh: true })).made, true)
      assert.is((await getOrCreate(path, never, { maxAge: hourMs })).made, false)
      // Without an age, its time is the producer's business.
      await getOrCreate(path, unpack, { refresh: true })
      assert.ok(Math.abs(Date.now() - ageMs - statSync(path).mtimeMs) < 60_000)
    }
  },
)

holds('while one refreshes, others wait for that, or are told; what came meanwhile is new enough', async () => {
  const path = aged(2 * hourMs)
  let open: ((content: string) => void) | undefined
  const first = getOrCreate(path, () => new Promise<string>(resolve => (open = resolve)), { maxAge: hourMs })
  while (!open) await wait(1)
  const second = getOrCreate(path, never, { maxAge: 1, read: 'utf8' })
  await assert.rejects(getOrCreate(path, never, { maxAge: hourMs, wait: false }), { code: 'ERR_LOCK_HELD' })
  await assertHeldByNamed(() => getOrCreate(path, never, { maxAge: hourMs, timeout: 20 }))
  assert.is((await getOrCreate(path, never)).made, false)
  assert.is(readFileSync(path, 'utf8'), 'old')
  await wait(20)
  open('new')
  assert.is((await first).made, true)
  assert.equal(await second, { path, made: false, content: 'new' })
  assert.is(lock.holder.sync(path), undefined)
})

/** The same steps; the calls are recorded. */
function* noted<T>(steps: Steps<T>, ops: string[]): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    ops.push((next.value as Call).op)
    try {
      next = steps.next(yield next.value)
    } catch (error) {
      next = steps.throw(error)
    }
  }
  return next.value
}

holds('the clock is read once a second at most, and not at all without an age', () => {
  const path = aged(0)
  const opsOf = (options: object): string[] => {
    const ops: string[] = []
    dual(() => noted(getOrCreate.steps(path, never, options), ops)).sync()
    return ops.filter(op => op !== 'now' && op !== 'recall' && op !== 'remember' && op !== 'self' && op !== 'random')
  }
  assert.equal(opsOf({}), ['lstat'])
  assert.equal(opsOf({ maxAge: Number.POSITIVE_INFINITY }), ['lstat'])
  assert.equal(opsOf({ maxAge: hourMs }), ['lstat', 'mkdir', 'lstat', 'rmdir'])
  assert.equal(opsOf({ maxAge: hourMs }), ['lstat'])
  assert.equal(opsOf({ read: 'utf8' }), ['lstat', 'open', 'fstat', 'read', 'close'])
})

if (!canBeAnother()) holds.skip('where no clock can be read', 'it takes root, and a user who can read this package')
else
  holds('where nothing can be made, the clock of this machine counts', () => {
    const path = aged(2 * hourMs)
    chmodSync(join(path, '..'), 0o755)
    const { said } = asUser(`
      const got = maxAge => holdfast.getOrCreate(${JSON.stringify(path)}, () => 'new', { maxAge, read: 'utf8' })
      console.log((await got(${3 * hourMs})).content, await got(${hourMs}).catch(error => error.code))`)
    assert.is(said, 'old EACCES\n')
  })

// ---- The content ----

holds('the content is part of the result, of the type that is asked for', async () => {
  const path = join(scratch(), 'it')
  const produce = () => '{"é":1}'
  const text: GotAs<'utf8'> = await getOrCreate(path, produce, { read: 'utf8' })
  assert.equal(text, { path, made: true, content: '{"é":1}' })
  const { content } = await getOrCreate(path, never, { read: 'buffer' })
  assert.equal(content.equals(Buffer.from('{"é":1}')), true)
  assert.equal((await getOrCreate(path, never, { read: 'json' })).content, { é: 1 })
  assert.is(getOrCreate.sync(path, never, { read: 'hex' }).content, Buffer.from('{"é":1}').toString('hex'))
  assert.equal(await getOrCreate(path, never), { path, made: false })
  const large = Buffer.alloc(3_000_000, 'large')
  const pieces = () => [large, large]
  assert.ok(
    (await getOrCreate(path, pieces, { refresh: true, read: 'buffer' })).content.equals(Buffer.concat([large, large])),
  )
  assert.is((await getOrCreate(path, never, { read: 'utf8' })).content.length, 6_000_000)
  await getOrCreate(path, stage => writeFileSync(stage, ''), { refresh: true })
  assert.is((await getOrCreate(path, never, { read: 'utf8' })).content, '')
})

holds('what cannot be read so is an error, and is not published', async () => {
  const path = join(scratch(), 'it')
  await assert.rejects(
    getOrCreate(path, () => '{', { read: 'json' }),
    { code: 'ERR_INVALID_JSON' },
  )
  const bytes = () => new Uint8Array([0xff])
  const error = await assert.rejects(getOrCreate(path, bytes, { read: 'utf8' }), {
    code: 'ERR_ENCODING_INVALID_ENCODED_DATA',
    message: /read: 'buffer' takes any bytes/,
  })
  assert.equal([(error as NodeJS.ErrnoException).path, readdirSync(join(path, '..'))], [path, ['it.lock']])
  await getOrCreate(path, bytes)
  await assert.rejects(getOrCreate(path, never, { read: 'utf8' }), { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' })
  const refused = { code: 'ERR_INVALID_ARG_VALUE' }
  for (const options of [{ read: 'utf-99' }, { read: true }, { kind: 'directory', read: 'utf8' }])
    await assert.rejects(getOrCreate(path, never as never, options as never), refused)
  await assert.rejects(getOrCreate(path, never, { maxAge: -1 }), { code: 'ERR_OUT_OF_RANGE' })
  await assert.rejects(getOrCreate(path, never, { maxAge: '1' as never }), { code: 'ERR_INVALID_ARG_TYPE' })
})

holds('a file that is replaced while it is checked is checked again', async () => {
  const path = aged(0, 'good 1')
  const checked: string[] = []
  const validate = (at: string) => {
    const content = readFileSync(at, 'utf8')
    checked.push(content)
    if (checked.length === 1) {
      writeFileSync(`${at}.other`, 'bad')
      renameSync(`${at}.other`, at)
    }
    return content.startsWith('good')
  }
  assert.equal(await getOrCreate(path, () => 'good 2', { validate, read: 'utf8' }), {
    ...{ path, made: true, content: 'good 2' },
  })
  // The second time without the lock, and then under it.
  assert.equal(checked, ['good 1', 'bad', 'bad'])
})

type Act = Dual<[path: string, produce: () => string, options?: object], unknown>
const trial: Trial<Parameters<Act>, unknown> = {
  setup(dir) {
    aged(2 * hourMs, 'old', join(dir, 'it'))
  },
  args: dir => [join(dir, 'it'), () => 'new', { maxAge: hourMs, read: 'utf8' }],
  done: dir => assert.is(readFileSync(join(dir, 'it'), 'utf8'), 'new'),
}
const young: typeof trial = { ...trial, setup: dir => writeFileSync(join(dir, 'it'), 'new') }
const asAct = getOrCreate as unknown as Act

holds('whichever call fails, its error comes out, or what is promised holds', () =>
  assertOriginalErrorComesOut(asAct, young),
)

holds('both forms come to the same', () => assertSyncAndAsyncAgree(asAct, trial, young))

holds('whatever fails or is stopped leaves nothing private behind', () => assertNothingLeftBehind(asAct, trial))

// ---- Every schedule ----

const it = (dir: string): string => join(dir, 'it')

/** The lock is free, and what is there is old. */
function old(dir: string): void {
  mkdirSync(`${it(dir)}.lock`)
  writeFileSync(`${it(dir)}.lock/t.2.${'a'.repeat(16)}.${'b'.repeat(16)}..f.1`, '')
  aged(2 * hourMs, 'old', it(dir))
}

/** The explorer shows no times. Here, what was there before, of 3 bytes, is two hours older than all else. */
function* dated<T>(steps: Steps<T>): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    let value: unknown
    try {
      value = yield next.value
    } catch (error) {
      next = steps.throw(error)
      continue
    }
    if (['lstat', 'fstat'].includes(next.value.op) && value !== undefined) {
      const stats = value as BigIntStats
      const isOld = stats.isFile() && stats.size === 3n
      value = Object.assign(Object.create(stats), { mtimeNs: isOld ? 0n : BigInt(2 * hourMs) * 1_000_000n })
    }
    next = steps.next(value)
  }
  return next.value
}

const fresh =
  (...names: string[]): World['players'] =>
  dir =>
    Object.fromEntries(
      names.map(name => [
        name,
        dated(
          getOrCreate.steps(it(dir), () => [`made by ${name}`], { durability: 'none', maxAge: hourMs, read: 'utf8' }),
        ),
      ]),
    )

/** One makes it anew, and all that return have that. */
const madeOnce: World['check'] = ending => {
  nobodyThrew(ending)
  const got = Object.values(ending.outcomes).flatMap(one =>
    one.how === 'returned' ? [one.value as GotAs<'utf8'>] : [],
  )
  const isAnyKilled = Object.values(ending.outcomes).some(({ how }) => how === 'killed')
  const made = got.filter(one => one.made).length
  assert.ok(isAnyKilled ? made <= 1 : made === 1, `made ${made} times`)
  const there = readFileSync(it(ending.dir), 'utf8')
  for (const { content } of got) assert.is(content, there)
  if (got.length > 0) assert.match(there, /^made by/)
  const left = readdirSync(ending.dir).filter(name => name !== 'it' && name !== 'it.lock')
  assert.ok(left.length <= (isAnyKilled ? 1 : 0), `debris: ${left}`)
}

explored('explore: two who find it too old, and a kill: one makes it anew', () => {
  prove(
    '2 with maxAge, 1 kill',
    { setup: old, players: fresh('A', 'B'), kills: 1, check: madeOnce },
    { preemptions: 1 },
  )
})

const isGood = (path: string): boolean => /^(good|made)/.test(readFileSync(path, 'utf8'))

/** Replaces it, and puts what was there in its place again. */
function* swap(dir: string): Steps<void> {
  yield* fs.rename(it(dir), join(dir, 'aside'))
  yield* fs.rename(join(dir, 'bad'), it(dir))
}

const swapped = (get: (dir: string) => Steps<unknown>): World => ({
  setup(dir) {
    old(dir)
    writeFileSync(it(dir), 'good')
    writeFileSync(join(dir, 'bad'), 'bad')
  },
  players: dir => ({ A: get(dir) }),
  adversaries: dir => ({ swap: swap(dir) }),
  check(ending) {
    nobodyThrew(ending)
    const { value } = ending.outcomes.A as { readonly value?: unknown }
    const { content } = value as GotAs<'utf8'>
    assert.ok(/^(good|made)/.test(content), `it is ${content}`)
  },
})

explored('explore: what is replaced at any moment is not returned, unless it was found good', () => {
  const get = (dir: string) =>
    getOrCreate.steps(it(dir), () => ['made'], { durability: 'none', validate: isGood, read: 'utf8' })
  assert.ok(prove('1 who reads, 1 who replaces', swapped(get), {}, () => true).complete)
})

explored('explore catches: a file that is checked, and then read by its path', () => {
  const get = (dir: string) => validThenRead.steps(it(dir), 'made', isGood)
  caught('another file is read', /it is bad/, swapped(get))
})
