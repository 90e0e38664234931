import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createExclusive, link, mkdirp } from 'holdfast'
import { achieve, again, dual, fs, hasCode, isSystemError, type Steps, tidy, together } from 'holdfast/steps'
import { assert, holds, scratch } from './support/kit.js'
import { eventually } from './support/left.js'
import { isWindows } from './windows/flavour.js'

const failing = (code: string, errno: number) =>
  Object.assign(new Error(`${code}: mine`), { code, errno, syscall: 'test' })

holds('one text is a promise, a value, and steps', async () => {
  const dir = scratch()
  const twice = dual(function* twice(path: string): Steps<number> {
    yield* mkdirp.steps(path)
    return (yield* fs.readdir(path)).length
  })
  assert.is(await twice(join(dir, 'a')), 0)
  assert.is(twice.sync(dir), 1)
  assert.is(twice.name, 'twice')
  const steps = twice.steps(dir)
  assert.equal(
    [steps.next().value, steps.next().value].map(call => (call as { op: string }).op),
    ['recall', 'stat'],
  )
})

holds('every call of the alphabet answers the same in both forms', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  const all = dual(function* all(prefix: string): Steps<unknown[]> {
    const name = (end: string) => at(prefix + end)
    const said: unknown[] = []
    yield* fs.mkdir(name('d'), 0o750)
    const fd = yield* fs.open(name('f'), 'wx+', 0o640)
    said.push(yield* fs.write(fd, Buffer.from('hello')))
    yield* fs.fsync(fd)
    const into = Buffer.alloc(4)
    said.push(yield* fs.read(fd, into, 1), into.toString(), (yield* fs.fstat(fd)).size)
    yield* fs.close(fd)
    yield* fs.link(name('f'), name('g'))
    yield* fs.symlink(`${prefix}f`, name('s'))
    said.push(
      (yield* fs.readlink(name('s'))).toString().slice(prefix.length),
      (yield* fs.lstat(name('s'))).isSymbolicLink(),
    )
    said.push((yield* fs.stat(name('s'))).nlink, (yield* fs.realpath(name('s'))).endsWith(`${prefix}f`))
    said.push((yield* fs.readFile(name('g'))).toString())
    const [source, copied] = [yield* fs.open(name('f'), 'r nofollow'), yield* fs.open(name('c'), 'wx', 0o700)]
    yield* fs.write(copied, into.subarray(0, said[1] as number), 1)
    yield* fs.fchmod(copied, 0o640)
    yield* fs.fchown(copied, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
    yield* fs.futimes(copied, 3, 4)
    const { size, mode, mtimeMs } = yield* fs.fstat(copied)
    said.push(size, Number(mode) & 0o777, mtimeMs)
    yield* fs.close(copied)
    yield* fs.chmod(name('c'), 0o600)
    yield* fs.chown(name('c'), process.getuid?.() ?? 0, process.getgid?.() ?? 0)
    yield* fs.utimes(name('c'), 1, 2)
    const copy = yield* fs.stat(name('c'))
    said.push(copy.mtimeMs, Number(copy.mode) & 0o777, typeof copy.ino)
    yield* fs.rename(name('c'), name('h'))
    yield* fs.unlink(name('h'))
    yield* fs.rmdir(name('d'))
    said.push(
      yield* fs.stat(name('none'), { throwIfNoEntry: false }),
      yield* fs.lstat(name('f/x'), { throwIfNoEntry: false }),
    )
    for (const call of [fs.mkdir(name('f')), fs.stat(name('none')), fs.clone(source, name('f'), name('g'))]) {
      try {
        yield* call
      } catch (error) {
        said.push((error as { code: string }).code, isSystemError(error))
      }
    }
    yield* fs.close(source)
    const outcomes = yield* together([fs.unlink(name('s')), fs.unlink(name('none')), fs.unlink(name('g'))])
    said.push(
      outcomes.map(one => ('error' in one ? (one.error as { code: string }).code : 'done')),
      yield* together([]),
    )
    const before = yield* fs.now()
    yield* fs.sleep(3)
    yield* fs.changed(dir, 2)
    // Waiting for a change may return at once: it is a hint.
    said.push((yield* fs.now()) - before >= 2, (yield* fs.random(5)).length, yield* fs.settle(7))
    said.push(yield* fs.alive(yield* fs.self()))
    return said
  })
  const promised = await all('p')
  assert.equal(all.sync('s'), promised)
  assert.ok(promised.length > 20)
  assert.equal(readdirSync(dir).sort(), ['pf', 'sf'])
})

holds('the sync form refuses a promise; the async one waits for it', async () => {
  const settled = dual(function* settled(answer: unknown): Steps<unknown> {
    return yield* fs.settle(answer)
  })
  assert.is(await settled(Promise.resolve(5)), 5)
  assert.throws(() => settled.sync(Promise.resolve(5)), { code: 'ERR_INVALID_RETURN_VALUE' })
  await assert.rejects(settled(Promise.reject(new RangeError('r'))), { name: 'RangeError' })
})

holds('an error comes out as the same object, and its stack reaches the caller', async () => {
  const mine = failing('EIO', -5)
  const throwing = dual(function* throwing(): Steps<true> {
    return yield* achieve(
      function* (): Steps<true> {
        yield* fs.now()
        throw mine
      },
      function* (): Steps<true> {
        yield* fs.now()
        throw failing('ENOENT', -2)
      },
      { as: 'throwing', path: 'x' },
    )
  })
  for (const call of [throwing, async () => throwing.sync()])
    assert.is(await assert.rejects(call(), { code: 'EIO' }), mine)
  async function theCaller() {
    await mkdirp(join(scratch(), 'x'.repeat(300)))
  }
  const error = await assert.rejects(theCaller(), { code: isWindows ? 'ENOENT' : 'ENAMETOOLONG' })
  assert.match(error.stack ?? '', /at mkdirp .*\n(.*\n)*.*theCaller/)
})

holds('achieve: looks before it reads the errno, retries what waiting cures, and only for so long', async () => {
  const trial = { as: 'trial', path: 'x', retryFor: 50 }
  const trying = (errors: readonly Error[], answer: () => true | typeof again | undefined, also = {}) => {
    let tries = 0
    const steps = dual(function* trying(): Steps<unknown> {
      const done = yield* achieve<string | true>(
        function* () {
          yield* fs.now()
          const error = errors[Math.min(tries++, errors.length - 1)]
          if (error) throw error
          return 'done'
        },
        function* () {
          yield* fs.now()
          return answer()
        },
        { ...trial, ...also },
      )
      return [done, tries]
    })
    return steps
  }
  const none = () => undefined
  assert.equal(await trying([failing('EWHAT', -999)], () => true)(), [true, 1])
  const busy = failing('EBUSY', -16)
  assert.equal(trying([busy, busy, undefined as never], none).sync(), ['done', 3])
  await assert.rejects(trying([failing('EROFS', -30), busy], none)(), { code: 'EROFS' })
  assert.equal(await trying([failing('EEXIST', -17), undefined as never], () => again)(), ['done', 2])
  const since = performance.now()
  assert.is(await assert.rejects(trying([busy], none)(), { code: 'EBUSY' }), busy)
  const took = performance.now() - since
  assert.ok(took >= 49 && took < 5_000, `gave up after ${took} ms`)
  await assert.rejects(trying([busy], none, { retryFor: 0 })(), { code: 'EBUSY' })
  assert.equal(trying([failing('ENOENT', -2), undefined as never], none, { also: ['ENOENT'] }).sync(), ['done', 2])
  await assert.rejects(trying([new TypeError('a bug')], () => true)(), { name: 'TypeError' })
})

holds('an errno is known by its number too, because Node has no name for some', () => {
  const stale = { code: 'Unknown system error -116', errno: -116 }
  if (process.platform === 'linux') assert.ok(hasCode(stale, 'ESTALE'))
  assert.not(hasCode(stale, 'EEXIST'))
  assert.not(hasCode(undefined, 'EEXIST'))
})

holds('a signal stops between two calls, and what was begun is tidied up', async () => {
  const dir = scratch()
  const reason = new Error('enough')
  const error = await assert.rejects(mkdirp(join(dir, 'a'), { signal: AbortSignal.abort(reason) }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  })
  assert.is(error.cause, reason)
  assert.throws(() => mkdirp.sync(join(dir, 'a'), { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
  const data = Buffer.alloc(8 << 20)
  for (let after = 0; after < 12; after++) {
    const controller = new AbortController()
    const call = createExclusive(join(dir, `file${after}`), data, { signal: controller.signal })
    setTimeout(() => controller.abort(), after)
    await call.catch(thrown => assert.is(thrown.code, 'ABORT_ERR'))
  }
  await eventually(() =>
    assert.ok(
      readdirSync(dir).every(name => /^file\d+$/.test(name)),
      `debris: ${readdirSync(dir)}`,
    ),
  )
})

holds('a signal wakes a waiting call at once, and a timeout ends it with what went wrong last', async () => {
  const dir = scratch()
  const nothing = join(dir, 'none')
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  const since = performance.now()
  const waiting = { tries: 1000, backoff: 60_000 }
  await assert.rejects(link(nothing, join(dir, 'x'), { ...waiting, signal: controller.signal }), { code: 'ABORT_ERR' })
  const error = await assert.rejects(link(nothing, join(dir, 'x'), { ...waiting, timeout: 1_500 }), {
    name: 'TimeoutError',
    code: 'ERR_TIMEOUT',
  })
  assert.is((error.cause as { code: string }).code, 'ENOENT')
  assert.throws(() => link.sync(nothing, join(dir, 'x'), { ...waiting, timeout: 20 }), { code: 'ERR_TIMEOUT' })
  assert.ok(performance.now() - since < 50_000)
})

holds(
  'an interruption comes once: clean-up that waits is not cut short, and giving back is never interrupted',
  async () => {
    const seen: string[] = []
    const cleaning = dual(function* cleaning(_options: object = {}): Steps<void> {
      try {
        yield* fs.sleep(10_000)
      } finally {
        yield* fs.sleep(1)
        seen.push('waited')
        yield* tidy(fs.unlink(join(scratch(), 'none')))
        seen.push('tidied')
      }
    })
    await assert.rejects(cleaning({ timeout: 5 }), { code: 'ERR_TIMEOUT' })
    await assert.rejects(cleaning({ signal: AbortSignal.timeout(5) }), { code: 'ABORT_ERR' })
    await eventually(() => assert.is(seen.length, 4))
    assert.equal(seen.sort(), ['tidied', 'tidied', 'waited', 'waited'])
  },
)

holds('diagnostics: calls, retries, and what held although an errno said otherwise', async () => {
  const dir = scratch()
  const heard: Record<string, { function: string; path: string; errno?: number; attempt?: number }[]> = {}
  const listen = (name: string) => {
    const hear = (message: unknown) => {
      heard[name] = [...(heard[name] ?? []), message as never]
    }
    subscribe(name, hear)
    return () => unsubscribe(name, hear)
  }
  const names = ['start', 'end', 'asyncEnd', 'error'].map(end => `tracing:holdfast.link:${end}`)
  const ends = [...names, 'holdfast:held', 'holdfast:retry'].map(listen)
  writeFileSync(join(dir, 'a'), '')
  await link(join(dir, 'a'), join(dir, 'b'))
  await link(join(dir, 'a'), join(dir, 'b'))
  link.sync(join(dir, 'a'), join(dir, 'c'))
  await link(join(dir, 'none'), join(dir, 'd')).catch(() => {})
  for (const end of ends) end()
  await link(join(dir, 'a'), join(dir, 'e'))
  assert.is(heard['tracing:holdfast.link:start']?.length, 4)
  assert.is(heard['tracing:holdfast.link:asyncEnd']?.length, 3)
  assert.is(heard['tracing:holdfast.link:error']?.length, 1)
  assert.is(heard['tracing:holdfast.link:start']?.[0]?.path, join(dir, 'a'))
  assert.ok((heard['tracing:holdfast.link:error']?.[0]?.errno ?? 0) < 0)
  const [held] = heard['holdfast:held'] ?? []
  assert.equal(Object.keys(held ?? {}).sort(), ['attempt', 'code', 'errno', 'function', 'path'])
  assert.is(held?.function, 'link')
  assert.is(held?.attempt, 1)
  assert.equal(
    heard['holdfast:retry']?.map(({ attempt }) => attempt),
    [1, 2],
  )
})

holds('many calls at once, one of them for the same path', async () => {
  const dir = scratch()
  const all = await Promise.all(Array.from({ length: 500 }, (_, i) => mkdirp(join(dir, 'deep/er', String(i % 50)))))
  assert.is(all.filter(made => made === join(dir, 'deep')).length, 1)
  assert.is(readdirSync(join(dir, 'deep/er')).length, 50)
  mkdirSync(join(dir, 'x'))
})
