// What `cp -a` and `mv` keep of a tree, compared name by name with what `copy` and `move` keep; and what `rm -rf` leaves,
// with what `remove` and `emptyDir` leave.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type CopyOptions, copy, emptyDir, move, remove } from 'holdfast'
import { assert, holds, memory, note, places, scratch } from '../support/kit.js'

const block = 4096
const at = (...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.flatMap((part, i) => [Buffer.from(i === 0 ? '' : '/'), Buffer.from(part)]))

/** A file of this size that has data only in the blocks with these numbers. */
function sparse(path: string, size: number, blocks: readonly number[]): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  for (const number of blocks) writeSync(fd, Buffer.alloc(block, 'data'), 0, block, number * block)
  closeSync(fd)
}

/** Everything that a copy may lose: hard links, holes, odd times, special bits, long names and names that are no text. */
function plantOdd(source: string): void {
  const long = '\u00e9'.repeat(127)
  for (const name of ['', 'a', 'a/b', 'shared', 'sticky', 'shut', long]) mkdirSync(join(source, name))
  for (const name of ['plain', 'a/b/in', `${long}/${'x'.repeat(255)}`, 'shut/in', 'program'])
    writeFileSync(join(source, name), name.repeat(300))
  writeFileSync(at(source, 'a', Buffer.alloc(255, 0xe9)), 'no text')
  writeFileSync(join(source, 'zeros'), Buffer.alloc(8 * block))
  for (const [name, group] of [
    ['one', ['a/one', 'a/b/one', 'zone']],
    ['large', ['a/large', 'large-too']],
  ] as const) {
    writeFileSync(join(source, name), name.repeat(name === 'large' ? 100_000 : 10))
    for (const other of group) linkSync(join(source, name), join(source, other))
  }
  sparse(join(source, 'hole-small'), 12 * block, [1, 7])
  sparse(join(source, 'hole-at-the-end'), 3 * block + 5, [0])
  sparse(join(source, 'hole-only'), 9 * block, [])
  sparse(join(source, 'hole-large'), 3_000 * block, [0, 1_000, 2_999])
  symlinkSync('nowhere', join(source, 'link'))
  chmodSync(join(source, 'program'), 0o4755)
  chmodSync(join(source, 'plain'), 0o2711)
  chmodSync(join(source, 'shared'), 0o2775)
  chmodSync(join(source, 'sticky'), 0o1777)
  chmodSync(join(source, 'shut'), 0o555)
  const times = [-1.5, -0.25, 0, -2_000_000_000.75, 4_102_444_800.5, 1_000_000_000.125]
  const holes = ['hole-small', 'hole-at-the-end', 'hole-only', 'hole-large', `${long}/${'x'.repeat(255)}`]
  const names = [
    'plain',
    'a/b/in',
    'program',
    'one',
    'zeros',
    'large',
    'shut/in',
    'a/b',
    'a',
    'shared',
    'sticky',
    'shut',
  ]
  utimesSync(at(source, 'a', Buffer.alloc(255, 0xe9)), 1, 1)
  for (const [nth, name] of [...holes, ...names, long, ''].entries()) {
    const time = String(times[nth % times.length])
    utimesSync(join(source, name), time, time)
  }
}

/** Makes a directory in which the lowest one is too deep for a path. */
function deepen(top: string): void {
  mkdirSync(top)
  writeFileSync(join(top, 'file'), 'deep')
  for (let level = 0; level < 30; level++) {
    mkdirSync(`${top}-above`)
    renameSync(top, join(`${top}-above`, 'd'.repeat(200)))
    renameSync(`${top}-above`, top)
  }
}

interface Seen {
  readonly line: string
  readonly inode: string
}

/** Describes everything below a directory; the names of one file by the first of them. */
function describe(dir: Buffer, above = '', seen: Seen[] = []): readonly string[] {
  for (const name of readdirSync(dir, 'buffer').sort(Buffer.compare)) {
    const path = at(dir, name)
    const stats = lstatSync(path, { bigint: true })
    const shown = above + name.toString('latin1')
    const inode = `${stats.dev}:${stats.ino}`
    const first = stats.isDirectory() ? undefined : seen.find(one => one.inode === inode)
    const mode = (stats.mode & 0o7777n).toString(8)
    const time = stats.isSymbolicLink() ? '' : `${stats.mtimeNs / 1000n}`
    const holes = stats.isFile() && stats.blocks * 512n < stats.size ? 'with holes' : 'without holes'
    const bytes = stats.isFile() ? createHash('sha1').update(readFileSync(path)).digest('hex') : ''
    const content = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? `${bytes} ${holes}` : 'directory'
    const same = first ? `the same as ${first.line.split(' ')[0]}` : content
    seen.push({ line: `${shown} ${mode} ${time} ${stats.uid}:${stats.gid} ${same}`, inode })
    if (stats.isDirectory()) describe(path, `${shown}/`, seen)
  }
  return seen.map(({ line }) => line)
}
const all = (dir: string): readonly string[] => [
  // To the microsecond, as below: newer versions of Node take all digits of a number, of which the last few are rounded.
  `${lstatSync(dir).mode & 0o7777} ${lstatSync(dir, { bigint: true }).mtimeNs / 1000n}`,
  ...describe(Buffer.from(dir)),
]

const tool = (command: string, ...args: string[]): void =>
  assert.is(spawnSync(command, args).status, 0, `${command} ${args.join(' ')}`)
const root = process.getuid?.() === 0

if (process.platform !== 'linux') holds.skip('a tree beside cp -a and mv', 'it takes the tools of GNU')
else {
  for (const { kind, dir: place } of places)
    holds(`copy keeps what cp -a keeps, on ${kind}`, async () => {
      const dir = scratch(place)
      const source = join(dir, 'source')
      plantOdd(source)
      tool('cp', '-a', source, join(dir, 'cp'))
      const expected = all(join(dir, 'cp'))
      assert.ok(expected.filter(line => line.includes('the same as')).length === 5, 'no hard links')
      assert.ok(expected.filter(line => line.includes('with holes')).length >= 4, 'no holes')
      const keep: CopyOptions = { preserveTimestamps: true }
      for (const [nth, options] of [{}, { concurrency: 1 }, { durability: 'full' as const }].entries())
        for (const put of [copy, async (...args: Parameters<typeof copy.sync>) => copy.sync(...args)]) {
          const target = join(dir, `${nth} ${put === copy}`)
          await put(source, target, { ...keep, ...options })
          assert.equal(all(target), expected)
          // Where small files are copied together, times are not kept.
          const timeless = (lines: readonly string[]) =>
            lines.slice(1).map(line => line.split(' ').toSpliced(2, 1).join(' '))
          await put(source, `${target} timeless`, options)
          assert.equal(timeless(all(`${target} timeless`)), timeless(expected))
        }
      note(`${kind}: ${expected.length} names are as cp -a leaves them`)
    })

  for (const { kind, dir: place } of places)
    holds(`remove and emptyDir leave what rm -rf leaves, on ${kind}`, async () => {
      const dir = scratch(place)
      const outside = join(dir, 'outside')
      const lay = (name: string) => {
        plantOdd(join(dir, name))
        mkdirSync(join(outside, name), { recursive: true })
        writeFileSync(join(outside, name, 'file'), 'theirs')
        chmodSync(join(outside, name, 'file'), 0o640)
        utimesSync(join(outside, name, 'file'), 1, 1)
        // What is in the tree leads out of it: as a hard link, as links, and from a directory that is too deep for a path.
        linkSync(join(outside, name, 'file'), join(dir, name, 'a/outside'))
        symlinkSync(join(outside, name), join(dir, name, 'a/elsewhere'))
        symlinkSync('..', join(dir, name, 'a/b/up'))
        deepen(join(dir, name, 'deep'))
      }
      const left = (name: string) => [
        lstatSync(join(dir, name), { throwIfNoEntry: false }) && readdirSync(join(dir, name)),
        describe(Buffer.from(join(outside, name))),
        lstatSync(join(outside, name, 'file')).nlink,
        readFileSync(join(outside, name, 'file'), 'utf8'),
      ]
      for (const name of ['rm', 'promise', 'sync', 'narrow', 'emptied', 'emptied too']) lay(name)
      const before = readdirSync(dir).length
      // An ordinary user's rm does not delete what is in such a directory, and remove does.
      if (!root) tool('chmod', 'u+w', join(dir, 'rm/shut'))
      tool('rm', '-rf', join(dir, 'rm'))
      assert.is(await remove(join(dir, 'promise')), true)
      assert.is(remove.sync(join(dir, 'sync')), true)
      assert.is(await remove(join(dir, 'narrow'), { concurrency: 1 }), true)
      await emptyDir(join(dir, 'emptied'))
      emptyDir.sync(join(dir, 'emptied too'))
      const expected = left('rm')
      assert.equal([expected[0], expected[2]], [undefined, 1])
      for (const name of ['promise', 'sync', 'narrow']) assert.equal(left(name), expected)
      for (const name of ['emptied', 'emptied too']) assert.equal(left(name), [[], ...expected.slice(1)])
      assert.is(readdirSync(dir).length, before - 4)
    })

  const [one, other] = [places[0], places.find(({ dir }) => dir === memory)]
  if (!one || !other || one === other || !root) holds.skip('a move to another device', 'it takes two, and root')
  else
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      holds(`move keeps what mv keeps, from ${from.kind} to ${to.kind}`, async () => {
        const [here, there] = [scratch(from.dir), scratch(to.dir)]
        for (const name of ['mv', 'promise', 'sync']) {
          plantOdd(join(here, name))
          for (const owned of ['program', 'shared']) {
            const mode = statSync(join(here, name, owned)).mode
            const times = statSync(join(here, name, owned)).mtimeMs / 1000
            chownSync(join(here, name, owned), 1234, 1234)
            chmodSync(join(here, name, owned), mode & 0o7777)
            utimesSync(join(here, name, owned), String(times), String(times))
            utimesSync(join(here, name), '-1.5', '-1.5')
          }
        }
        tool('mv', join(here, 'mv'), join(there, 'mv'))
        assert.is(await move(join(here, 'promise'), join(there, 'promise')), true)
        assert.is(move.sync(join(here, 'sync'), join(there, 'sync'), { durability: 'none' }), true)
        for (const name of ['promise', 'sync']) assert.equal(all(join(there, name)), all(join(there, 'mv')))
        assert.equal(readdirSync(here), [])
      })
}

if (!root || process.platform !== 'linux') holds.skip('the bit that a directory inherits', 'it takes root on Linux')
else
  holds(
    'the set-group-ID bit of a directory stays where it is inherited, and programs never run as another',
    async () => {
      const dir = scratch()
      const [source, team] = [join(dir, 'source'), join(dir, 'team')]
      mkdirSync(join(source, 'sub'), { recursive: true })
      writeFileSync(join(source, 'sub/program'), 'x')
      chmodSync(join(source, 'sub/program'), 0o2755)
      writeFileSync(join(source, 'sub/large'), Buffer.alloc(1 << 20, 'x'))
      chmodSync(join(source, 'sub/large'), 0o6755)
      mkdirSync(team)
      chownSync(team, 0, 1234)
      chmodSync(team, 0o2775)
      for (const options of [{}, { preserveTimestamps: true }]) {
        const target = join(team, JSON.stringify(options))
        await copy(source, target, options)
        for (const name of ['', 'sub']) {
          const { mode, gid } = statSync(join(target, name))
          assert.equal([mode & 0o7777, gid], [0o2755, 1234])
        }
        // The bit of the source stood for another group.
        for (const name of ['sub/program', 'sub/large']) assert.is(statSync(join(target, name)).mode & 0o7777, 0o755)
      }
    },
  )
