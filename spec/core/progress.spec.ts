// What `onProgress` is told by every function that takes it: each thing under the path that the caller knows, parts of
// large files, and counts that end where they should.

import { closeSync, existsSync, linkSync, mkdirSync, openSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import {
  copy,
  createExclusive,
  emplace,
  emptyDir,
  getOrCreate,
  link,
  move,
  type Progress,
  remove,
  writeFile,
  writeFiles,
} from 'holdfast'
import { drive, type Steps } from 'holdfast/steps'
import { emptySum } from '../../lib/core/progress.js'
import { deleteTree } from '../../lib/parts/delete-tree.js'
import { through } from '../broken/interfere.js'
import { assert, holds, places, scratch } from '../support/kit.js'

const MiB = 1024 * 1024

type Listener = (progress: Progress) => void

/** Keeps what is reported. */
function listener(): { readonly told: Progress[]; readonly onProgress: Listener } {
  const told: Progress[] = []
  return { told, onProgress: progress => void told.push(progress) }
}

/** A tree of ten things; returns their paths. */
function layTree(top: string): string[] {
  const dirs = ['', '/a', '/a/b', '/c']
  const files = ['/f', '/g', '/a/f', '/a/b/f', '/a/b/g', '/c/f']
  for (const name of dirs) mkdirSync(top + name)
  for (const name of files) writeFileSync(top + name, name)
  return [...dirs, ...files].map(name => join(top, name)).sort()
}

/** Each thing is reported once, and the counts go on by one. */
function assertEachOnce(told: readonly Progress[], paths: readonly string[]): void {
  assert.equal(told.map(({ path }) => path).sort(), paths)
  assert.equal(
    told.map(({ done }) => done),
    paths.map((_, at) => at + 1),
  )
  assert.ok(told.every(({ done, total }) => done <= total))
  assert.is(told.at(-1)?.total, paths.length)
}

for (const form of ['promise', 'sync'] as const) {
  holds(`each thing that is deleted is reported, under its own name (${form})`, async () => {
    for (const concurrency of [1, 64]) {
      const dir = scratch()
      const way = {
        remove: form === 'sync' ? remove.sync : remove,
        emptyDir: form === 'sync' ? emptyDir.sync : emptyDir,
      }
      const tree = layTree(join(dir, 'tree'))
      const removed = listener()
      await way.remove(join(dir, 'tree'), { concurrency, onProgress: removed.onProgress })
      assertEachOnce(removed.told, tree)
      writeFileSync(join(dir, 'file'), 'x')
      const one = listener()
      await way.remove(join(dir, 'file'), { onProgress: one.onProgress })
      const path = join(dir, 'file')
      assert.equal(one.told, [{ done: 1, total: 1, bytes: 0, totalBytes: undefined, path }])
      await way.remove(join(dir, 'file'), { onProgress: () => assert.unreachable() })
      const inner = layTree(join(dir, 'emptied')).slice(1)
      const emptied = listener()
      await way.emptyDir(join(dir, 'emptied'), { concurrency, onProgress: emptied.onProgress })
      assertEachOnce(emptied.told, inner)
      // What is known at the beginning is counted at the beginning.
      assert.is(emptied.told[0]?.total, 4)
    }
  })
}

holds('what is found again after a failure is not counted twice', async () => {
  const dir = scratch()
  layTree(join(dir, 'tree'))
  const { told, onProgress } = listener()
  const job = { concurrency: 4, onProgress, sum: emptySum(1) }
  const path = join(dir, 'tree')
  // Another process has put something into a directory, twice.
  let failures = 0
  const steps = () =>
    through(deleteTree(path, job), call => {
      // First it is found to be full; then it is emptied, and its removal is tried twice.
      if (call.op === 'rmdir' && basename(String(call.args[0])) === 'c' && failures++ < 3)
        throw Object.assign(new Error('ENOTEMPTY'), { code: 'ENOTEMPTY', errno: -39, syscall: 'rmdir' })
      return call
    })
  await assert.rejects(drive(steps()), { code: 'ENOTEMPTY' })
  await drive(steps())
  const last = told.at(-1)
  assert.ok(last)
  assert.is(last.done, last.total)
  assert.is(existsSync(join(dir, 'tree')), false)
})

holds('parts of a large file are reported, and every byte once', async () => {
  const dir = scratch()
  const from = join(dir, 'large')
  const size = 5 * MiB + 17
  writeFileSync(from, Buffer.alloc(size, 'x'))
  for (const put of [copy, copy.sync]) {
    const { told, onProgress } = listener()
    await put(from, join(dir, 'copied'), { onProgress })
    assertParts(told, { size, parts: 5, path: from, mayClone: true })
  }
  mkdirSync(join(dir, 'tree'))
  writeFileSync(join(dir, 'tree/large'), Buffer.alloc(size, 'x'))
  const tree = listener()
  await copy(join(dir, 'tree'), join(dir, 'copies'), { onProgress: tree.onProgress })
  assert.equal(tree.told.at(-1), { done: 2, total: 2, bytes: size, totalBytes: undefined, path: join(dir, 'tree') })
})

interface Parts {
  readonly size: number
  /** At least so many reports before the last. */
  readonly parts: number
  readonly path: string
  readonly mayClone?: boolean
}

function assertParts(told: readonly Progress[], { size, parts, path, mayClone = false }: Parts): void {
  assert.equal(told.at(-1), { done: 1, total: 1, bytes: size, totalBytes: size, path })
  const before = told.slice(0, -1)
  assert.ok(before.length >= parts || (mayClone && before.length === 0), `${before.length} reports of parts`)
  before.forEach((one, at) => {
    assert.ok(one.bytes > (before[at - 1]?.bytes ?? 0) && one.bytes < size)
    assert.equal({ ...one, bytes: 0 }, { done: 0, total: 1, bytes: 0, totalBytes: size, path })
  })
}

const [here, there] = places
if (here && there)
  holds('one large file that moves to another device is reported on its way', async () => {
    for (const act of [move, emplace])
      for (const overwrite of [false, true, 'with-gap'] as const)
        for (const way of [act, act.sync]) {
          const [from, to] = [join(scratch(here.dir), 'source'), join(scratch(there.dir), 'target')]
          const size = 4 * MiB
          writeFileSync(from, Buffer.alloc(size, 'x'))
          const { told, onProgress } = listener()
          const options = act === move ? { overwrite } : { ifAbsent: !overwrite }
          await way(from, to, { ...options, onProgress })
          assertParts(told, { size, parts: 3, path: from })
          assert.equal([existsSync(from), statSync(to).size], [false, size])
        }
  })
else holds.skip('one large file that moves to another device is reported on its way', 'there is one device only')

holds('a move on one device is one report', async () => {
  const dir = scratch()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  for (const overwrite of [false, true])
    for (const lay of [(path: string) => writeFileSync(path, 'x'), (path: string) => mkdirSync(path)]) {
      lay(from)
      const { told, onProgress } = listener()
      await move(from, to, { overwrite, onProgress })
      assert.equal(told, [{ done: 1, total: 1, bytes: 0, totalBytes: undefined, path: from }])
      await remove(to)
    }
})

holds('what is written is reported: whole data by the MiB, and a stream by its pieces', async () => {
  const dir = scratch()
  const path = join(dir, 'file')
  const size = 3 * MiB + 5
  for (const put of [writeFile, writeFile.sync]) {
    const { told, onProgress } = listener()
    await put(path, Buffer.alloc(size, 'x'), { onProgress })
    assertParts(told, { size, parts: 3, path })
  }
  const pieces = ['one', 'two', 'three']
  for (const data of [pieces, Readable.from(pieces), new Blob(pieces).stream()]) {
    const { told, onProgress } = listener()
    await writeFile(path, data as AsyncIterable<string>, { onProgress })
    assert.equal(told.at(-1), { done: 1, total: 1, bytes: 11, totalBytes: undefined, path })
    assert.ok(told.length >= 2 && told.every(({ done }, at) => done === (at === told.length - 1 ? 1 : 0)))
  }
  const small = listener()
  await writeFile(path, 'x', { onProgress: small.onProgress })
  assert.equal(small.told, [{ done: 1, total: 1, bytes: 1, totalBytes: 1, path }])
  const names = ['a', 'b', 'c'].map(name => join(dir, name))
  const many = listener()
  await writeFiles(
    names.map(name => [name, 'xy']),
    { onProgress: many.onProgress },
  )
  assertEachOnce(many.told, names)
  assert.equal(many.told.at(-1)?.bytes, 6)
  assert.ok(many.told.every(({ totalBytes }) => totalBytes === 6))
})

holds('what is created is reported by the call that created it, and by no other', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  const size = 3 * MiB + 5
  const none = () => assert.unreachable()
  for (const form of ['promise', 'sync'] as const) {
    const create = form === 'sync' ? createExclusive.sync : createExclusive
    const get = form === 'sync' ? getOrCreate.sync : getOrCreate
    const [path, produced, filled] = [at(`${form} created`), at(`${form} produced`), at(`${form} filled`)]
    const large = Buffer.alloc(size, 'x')
    const created = listener()
    assert.is(await create(path, large, { onProgress: created.onProgress }), true)
    assertParts(created.told, { size, parts: 3, path })
    assert.is(await create(path, large, { onProgress: none }), false)
    const got = listener()
    assert.is((await get(produced, () => large, { onProgress: got.onProgress })).made, true)
    assertParts(got.told, { size, parts: 3, path: produced })
    assert.is((await get(produced, () => large, { onProgress: none })).made, false)
    // What the producer itself makes is one thing, and of a file its bytes are known.
    const own = listener()
    const writes = (stage: string) => writeFileSync(stage, 'abc')
    await get(at(`${form} written`), writes, { onProgress: own.onProgress })
    assert.equal(own.told, [{ done: 1, total: 1, bytes: 3, totalBytes: 3, path: at(`${form} written`) }])
    const whole = listener()
    const fills = (stage: string) => writeFileSync(join(stage, 'in'), 'abc')
    await get(filled, fills, { kind: 'directory', onProgress: whole.onProgress })
    assert.equal(whole.told, [{ done: 1, total: 1, bytes: 0, totalBytes: undefined, path: filled }])
  }
  const pieces = listener()
  await getOrCreate(at('pieces'), () => Readable.from(['one', 'two']), { onProgress: pieces.onProgress })
  assert.equal(pieces.told.at(-1), { done: 1, total: 1, bytes: 6, totalBytes: undefined, path: at('pieces') })
  assert.ok(pieces.told.length >= 2)
})

if (here && there)
  holds('a link is one report, and a copy that is made instead is reported on its way', async () => {
    const size = 3 * MiB + 5
    for (const way of [link, link.sync])
      for (const replace of [false, true]) {
        const [from, path, far] = [
          join(scratch(here.dir), 'from'),
          join(scratch(here.dir), 'to'),
          join(scratch(there.dir), 'to'),
        ]
        writeFileSync(from, Buffer.alloc(size, 'x'))
        if (replace) for (const old of [path, far]) writeFileSync(old, 'old')
        const linked = listener()
        assert.is(await way(from, path, { replace, onProgress: linked.onProgress }), 'linked')
        assert.equal(linked.told, [{ done: 1, total: 1, bytes: 0, totalBytes: undefined, path }])
        assert.is(await way(from, path, { replace, onProgress: () => assert.unreachable() }), 'already')
        const copied = listener()
        assert.is(await way(from, far, { replace, fallback: 'copy', onProgress: copied.onProgress }), 'copied')
        assertParts(copied.told, { size, parts: 3, path: far })
      }
  })
else holds.skip('a link is one report', 'there is one device only')

holds('what is written in place is counted once, whether a private file was made first or not', async () => {
  const dir = scratch()
  const [path, other] = [join(dir, 'file'), join(dir, 'other')]
  const size = 3 * MiB + 5
  for (const put of [writeFile, writeFile.sync]) {
    writeFileSync(path, 'old')
    if (!existsSync(other)) linkSync(path, other)
    const kept = listener()
    await put(path, Buffer.alloc(size, 'x'), { onProgress: kept.onProgress, hardLinks: 'keep', inPlace: 'when-needed' })
    assertParts(kept.told, { size, parts: 3, path })
    assert.is(statSync(other).size, size)
    if (process.platform !== 'linux') continue
    const fd = openSync(path, 'r+')
    const through = `/proc/self/fd/${fd}`
    const direct = listener()
    await put(through, Buffer.alloc(size + 1, 'y'), { onProgress: direct.onProgress, inPlace: 'when-needed' })
    assertParts(direct.told, { size: size + 1, parts: 3, path: through })
    assert.is(statSync(path).size, size + 1)
    closeSync(fd)
  }
})

holds('an attempt that fails does not count its bytes: the next one counts anew', async () => {
  const dir = scratch()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  const size = 3 * MiB
  const bytes = Buffer.alloc(size, 'x')
  writeFileSync(from, bytes)
  for (const call of [
    (onProgress: Listener) => writeFile.steps(to, bytes, { onProgress }),
    (onProgress: Listener) => copy.steps(from, join(dir, 'copy'), { onProgress, durability: 'file' }),
    (onProgress: Listener) => createExclusive.steps(join(dir, 'new'), bytes, { onProgress }),
  ] as ((onProgress: Listener) => Steps<unknown>)[]) {
    const { told, onProgress } = listener()
    let failures = 0
    // Both have counted all bytes when they come to it.
    const steps = through(call(onProgress), made => {
      if (made.op === 'fsync' && failures++ < 2)
        throw Object.assign(new Error('EBUSY'), { code: 'EAGAIN', errno: -11, syscall: 'fsync' })
      return made
    })
    await drive(steps)
    assert.is(failures, 3)
    assert.equal(told.at(-1), { done: 1, total: 1, bytes: size, totalBytes: size, path: told[0]?.path })
    assert.ok(told.every(({ bytes }) => bytes <= size))
  }
})

holds('an error of onProgress comes out as that very object, also one that looks like the system’s', async () => {
  for (const code of ['EBUSY', 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EXDEV'] as const) {
    const mine = Object.assign(new Error(`${code}: mine`), { code, errno: -16, syscall: 'mine' })
    const dir = scratch()
    const at = (name: string) => join(dir, name)
    layTree(at('tree'))
    layTree(at('other'))
    writeFileSync(at('file'), 'x')
    writeFileSync(at('large'), Buffer.alloc(3 * MiB, 'x'))
    writeFileSync(at('linked'), 'x')
    const onProgress = () => {
      throw mine
    }
    for (const call of [
      () => copy(at('tree'), at('copied'), { onProgress }),
      () => copy(at('large'), at('copy'), { onProgress }),
      () => remove(at('tree'), { onProgress }),
      () => remove(at('file'), { onProgress }),
      () => emptyDir(at('other'), { onProgress }),
      () => move(at('large'), at('moved'), { onProgress }),
      () => writeFile(at('large'), Buffer.alloc(3 * MiB, 'x'), { onProgress }),
      () => writeFile(at('streamed'), Readable.from(['x']), { onProgress }),
      () => createExclusive(at('created'), Buffer.alloc(3 * MiB, 'x'), { onProgress }),
      () => getOrCreate(at('got'), () => Readable.from(['x']), { onProgress }),
      () => link(at('linked'), at('link'), { onProgress }),
    ]) {
      const error = await call().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      assert.ok(error === mine, `${code}: ${call}: ${error}`)
    }
    assert.equal(
      readdirSync(dir).filter(name => name.startsWith('.')),
      [],
      code,
    )
  }
})

if (here && there)
  holds(
    'an error of onProgress ends a call to another device, whatever code it has, and the source stays',
    async () => {
      for (const code of ['EXDEV', 'EPERM', 'EISDIR', 'EEXIST', 'ENOENT'] as const) {
        const mine = Object.assign(new Error(`${code}: mine`), {
          code,
          errno: -16,
          syscall: 'link',
          published: undefined,
        })
        const onProgress = () => {
          throw mine
        }
        for (const [act, options] of [
          [move, { overwrite: false }],
          [move, { overwrite: true }],
          [move, { overwrite: 'with-gap' }],
          [emplace, { ifAbsent: true }],
          [emplace, {}],
        ] as const) {
          const [from, target] = [join(scratch(here.dir), 'source'), scratch(there.dir)]
          writeFileSync(from, Buffer.alloc(2 * MiB, 'x'))
          const error = await act(from, join(target, 'target'), { ...options, onProgress }).catch(
            (thrown: unknown) => thrown,
          )
          assert.ok(error === mine, `${act.name}, ${JSON.stringify(options)}, ${code}: ${error}`)
          assert.equal([mine.published, existsSync(from), readdirSync(target)], [false, true, []])
        }
      }
    },
  )
else holds.skip('an error of onProgress ends a call to another device', 'there is one device only')

if (here && there)
  holds('a file that replaces a directory on another device is counted once', async () => {
    const [from, to] = [join(scratch(here.dir), 'source'), join(scratch(there.dir), 'target')]
    const size = 3 * MiB
    writeFileSync(from, Buffer.alloc(size, 'x'))
    layTree(to)
    const { told, onProgress } = listener()
    await move(from, to, { overwrite: 'with-gap', onProgress })
    // The first copy could not be given the name of a directory.
    assert.equal(told.at(-1), { done: 1, total: 1, bytes: size, totalBytes: size, path: from })
    assert.ok(told.every(one => one.bytes <= size && one.totalBytes === size && one.path === from))
  })
else holds.skip('a file that replaces a directory on another device is counted once', 'there is one device only')
