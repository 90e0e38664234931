// The inline fast path: how often a thread is used, and that results are what is there, not what was.

import { createHook } from 'node:async_hooks'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { cell, createExclusive, getOrCreate, link, lock, mkdirp, type State, writeFile } from 'holdfast'
import { type Call, dual, fs } from 'holdfast/steps'
import { areAllOwn, namesOfOthers } from '../../lib/core/mount-table.js'
import { atOnce } from '../../lib/core/steps.js'
import { assert, holds, places, placesAnd, scratch } from '../support/kit.js'

const look = dual(function* steps(path: string) {
  return yield* fs.lstat(path, { throwIfNoEntry: false })
})
const lookAndLink = dual(function* steps(dir: string) {
  yield* fs.lstat(join(dir, 'a'))
  yield* fs.link(join(dir, 'a'), join(dir, 'b'))
  yield* fs.lstat(join(dir, 'b'))
  yield* fs.rename(join(dir, 'b'), join(dir, 'c'))
  return yield* fs.lstat(join(dir, 'c'))
})

const nested = dual(function* steps(dir: string) {
  yield* fs.mkdir(dir)
  yield* fs.mkdir(join(dir, 'a'))
  yield* fs.mkdir(join(dir, 'a/b'))
})
const write = dual(function* steps(path: string, flags: 'wx' | 'r+', bytes: number) {
  const fd = yield* fs.open(path, flags)
  yield* fs.write(fd, Buffer.alloc(bytes, 'x'))
  yield* fs.close(fd)
})

/** Reads a small file in a directory that is open. */
const readIn = dual(function* steps(dir: string, name: string) {
  const held = yield* fs.open(dir, 'r directory')
  yield* fs.fstat(held)
  const fd = yield* fs.open(`/proc/self/fd/${held}/${name}`, 'r nofollow')
  const was = yield* fs.fstat(fd)
  const bytes = Buffer.alloc(100)
  const got = yield* fs.read(fd, bytes, 0)
  yield* fs.close(fd)
  yield* fs.close(held)
  return { size: Number(was.size), text: bytes.subarray(0, got).toString() }
})

/** Makes a directory, and everything in it by its descriptor, which is returned when it is closed. */
const filled = dual(function* steps(dir: string) {
  yield* fs.mkdir(dir)
  const fd = yield* fs.open(dir, 'r directory')
  const at = `/proc/self/fd/${fd}`
  const file = yield* fs.open(`${at}/a`, 'wx')
  yield* fs.write(file, Buffer.alloc(9))
  yield* fs.close(file)
  yield* fs.rename(`${at}/a`, `${at}/b`)
  yield* fs.mkdir(`${at}/c`)
  yield* fs.close(fd)
  return fd
})
/** Uses small things in a directory, each of which is new to this process. */
const useSmall = dual(function* steps(dir: string, nth: number) {
  const at = (name: string) => `${dir}/${name}${nth}`
  yield* fs.lstat(at('dir'))
  yield* fs.readdir(at('dir'))
  yield* fs.exists(`${at('dir')}/in`)
  yield* fs.rename(`${at('dir')}/in`, `${at('dir')}/still`)
  yield* fs.unlink(`${at('dir')}/still`)
  yield* fs.rmdir(at('dir'))
  const fd = yield* fs.open(at('file'), 'r nofollow')
  const text = Buffer.alloc(100)
  const got = yield* fs.read(fd, text, 0)
  yield* fs.close(fd)
  yield* fs.unlink(at('file'))
  const made = yield* fs.open(at('made'), 'wx')
  yield* fs.write(made, text.subarray(0, got))
  yield* fs.close(made)
  yield* fs.mkdir(at('new'))
  yield* fs.rename(at('new'), at('renamed'))
})
const callHot = dual(function* steps(dir: string) {
  yield* fs.hot(dir)
})
const makeIn = dual(function* steps(fd: number, name: string) {
  yield* fs.mkdir(`/proc/self/fd/${fd}/${name}`)
})

/** The number of calls that went to a thread during `work`, questions about the filesystem included. */
async function asked(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const hook = createHook({ init: (_, type) => void (/^FSREQ(CALLBACK|PROMISE)$/.test(type) && count++) }).enable()
  await work().finally(() => hook.disable())
  return count
}

const mostRestMs = 30_000

/**
 * Measures again what is too much: whatever has held this process up for longer than 20 ms leaves the device to the pool for a
 * second or more. A spec beside this one may keep the disk busy for many of them.
 */
async function whenRested<T>(isFine: (measured: T) => boolean, measure: () => Promise<T>): Promise<T> {
  for (const endsMs = performance.now() + mostRestMs; ; ) {
    const measured = await measure()
    if (isFine(measured) || performance.now() > endsMs) return measured
    await new Promise(rested => setTimeout(rested, 1100))
  }
}

const usual = (counts: readonly number[]): number => [...counts].sort((a, b) => a - b)[counts.length >> 1] as number

/** While something is mounted that waits for others, a file in a directory may be the place of such a mount. */
const waiting = existsSync('/proc/self/mountinfo') && !areAllOwn(readFileSync('/proc/self/mountinfo', 'latin1'))

holds('a mount that waits for another machine or process is known by its type, and so is what cannot be read', () => {
  const line = (type: string, place = '/a\\040-\\040nfs') =>
    `36 35 98:0 / ${place} rw,noatime master:1 - ${type} /dev/root rw,errors=continue\n`
  assert.ok(areAllOwn(line('ext4') + line('tmpfs') + line('overlay')))
  for (const type of ['nfs4', 'nfs', 'cifs', 'fuse', 'fuse.sshfs', 'fuseblk', '9p', 'virtiofs', 'ceph', 'afs', 'new'])
    assert.not.ok(areAllOwn(line('ext4') + line(type) + line('proc')), type)
  for (const text of ['', 'x\n', '36 35 98:0 / / rw\n']) assert.not.ok(areAllOwn(text), text)
  assert.equal(namesOfOthers(line('ext4', '/mnt/disk') + line('nfs', '/mnt/a\\040b')), new Set(['a b']))
})

/** More than is written, or freed, on the spot; on a filesystem in memory that is a little more. */
const manyBytes = 200_000

/** The filesystems of which the library makes quick calls inline. */
const local = ['ext4', 'xfs', 'btrfs', 'tmpfs']
const here = places.filter(({ kind }) => local.includes(kind))
if (here.length === 0) holds.skip('looks on the spot', 'they are for disks that Linux keeps itself')

for (const { kind, dir: place } of here) {
  holds(
    `${kind}: a name that was looked at, or given, a moment ago is looked at on the spot; another one of a disk by a thread`,
    async () => {
      const dir = scratch(place)
      const seen = await whenRested(
        ({ again, given }) => Math.min(...again) === 0 && Math.min(...given) === 1,
        async () => {
          const seen = { new: [] as number[], again: [] as number[], given: [] as number[] }
          for (let i = 0; i < 20; i++) {
            writeFileSync(join(dir, 'a'), '')
            seen.given.push(await asked(() => lookAndLink(dir)))
            unlinkSync(join(dir, 'c'))
            writeFileSync(join(dir, String(i)), '')
            seen.new.push(await asked(() => look(join(dir, String(i)))))
            seen.again.push(await asked(() => look(join(dir, String(i)))))
          }
          return seen
        },
      )
      // Where names were given a moment ago, all the others are in memory, too, unless they are on a disk.
      assert.is(usual(seen.new), kind === 'tmpfs' ? 0 : 1, `${seen.new}`)
      // Not always: all calls go to a thread for a while after the disk was slow.
      assert.is(Math.min(...seen.again), 0, `${seen.again}`)
      assert.is(Math.min(...seen.given), 1, `${seen.given}`)
    },
  )

  holds(
    `${kind}: few bytes for a new file are written on the spot; many, or to one that was there, by a thread`,
    async () => {
      const dir = scratch(place)
      let made = 0
      const seen = await whenRested(
        ({ few }) => Math.min(...few) === 0,
        async () => {
          const seen = { few: [] as number[], some: [] as number[], many: [] as number[], again: [] as number[] }
          for (let i = 0; i < 20; i++, made++) {
            const path = join(dir, String(made))
            seen.few.push(await asked(() => write(path, 'wx', 1000)))
            seen.again.push(await asked(() => write(path, 'r+', 1000)))
            seen.some.push(await asked(() => write(join(dir, `some${made}`), 'wx', 100_000)))
            seen.many.push(await asked(() => write(join(dir, `many${made}`), 'wx', manyBytes)))
            assert.is(readFileSync(path, 'latin1'), 'x'.repeat(1000))
          }
          return seen
        },
      )
      assert.is(Math.min(...seen.few), 0, `${seen.few}`)
      assert.is(usual(seen.some), kind === 'tmpfs' ? 0 : 1, `${seen.some}`)
      assert.is(usual(seen.many), 1, `${seen.many}`)
      // Where it is shows only later, so its close needs a thread, too.
      assert.is(usual(seen.again), 3, `${seen.again}`)
    },
  )

  holds(
    `${kind}: a file gets another name on the spot, unless a large one is replaced, or on a disk any that is there`,
    async () => {
      const dir = scratch(place)
      const [from, to] = [join(dir, 'from'), join(dir, 'to')]
      const rename = dual(function* steps() {
        yield* fs.lstat(to, { throwIfNoEntry: false })
        yield* fs.rename(from, to)
      })
      const trips = async (bytesThere: number | undefined) => {
        rmSync(to, { force: true })
        if (bytesThere !== undefined) await write(to, 'wx', bytesThere)
        await write(from, 'wx', 10)
        return asked(() => rename())
      }
      const onDisk = kind === 'tmpfs' ? 0 : 1
      const replaced = async (bytesThere: number | undefined) => {
        const counts: number[] = []
        for (let i = 0; i < 9; i++) counts.push(await trips(bytesThere))
        return Math.min(...counts)
      }
      const counted = await whenRested(
        ({ small }) => small <= onDisk,
        async () => ({
          nothing: await replaced(undefined),
          small: await replaced(10),
          large: await replaced(manyBytes),
        }),
      )
      assert.is(counted.small, onDisk)
      // That nothing has the name is found out by a thread on a disk.
      assert.ok(counted.nothing <= onDisk, `${counted.nothing}`)
      assert.ok(counted.large >= 1, `${counted.large}`)
    },
  )

  holds(
    `${kind}: the usual functions make few trips, and the first call in a directory makes one more at most`,
    async () => {
      const none = { durability: 'none' } as const
      const onDisk = kind === 'tmpfs' ? 0 : 1
      const functions: [first: number, most: number, (path: string) => Promise<unknown>][] = [
        [4, onDisk, path => writeFile(path, 'x', none)],
        [5, onDisk, path => createExclusive(path, 'x', none)],
        [3, 0, path => mkdirp(path)],
        [8, onDisk, path => mkdirp(join(path, 'a/b/c/d/e'))],
        [2, 0, path => link(join(dirname(path), 'linked'), path)],
        [6, 2, async path => (await lock(path)).release()],
        [12, 2 + 2 * onDisk, path => getOrCreate(path, () => 'x', none)],
      ]
      for (const [mostFirst, most, work] of functions) {
        const { first, later } = await whenRested(
          ({ later }) => usual(later) <= most,
          async () => {
            const [first, later]: [number[], number[]] = [[], []]
            for (let i = 0; i < 7; i++) {
              const dir = scratch(place)
              writeFileSync(join(dir, 'linked'), '')
              for (let nth = 0; nth < 7; nth++) {
                const trips = await asked(() => work(join(dir, `${nth}`)))
                nth === 0 ? first.push(trips) : later.push(trips)
              }
            }
            return { first, later }
          },
        )
        assert.ok(usual(later) <= most, `${work}: ${later}`)
        assert.ok(Math.min(...first) <= mostFirst, `${work}: the first in each directory took ${first}`)
      }
      const dir = scratch(place)
      const same: [most: number, () => Promise<unknown>][] = [
        // On a disk, a file that replaces another one may be written there at once.
        [onDisk, () => writeFile(join(dir, 'file'), 'x', none)],
        [0, () => mkdirp(join(dir, 'dir'))],
        [0, async () => (await lock(join(dir, 'lock'))).release()],
        [0, () => getOrCreate(join(dir, 'made'), () => 'x', none)],
      ]
      for (const [most, work] of same) {
        const trips = await whenRested(
          counts => usual(counts) <= most,
          async () => {
            const counts: number[] = []
            for (let nth = 0; nth < 15; nth++) counts.push(await asked(work))
            return counts
          },
        )
        assert.ok(usual(trips) <= most, `${work}, again and again: ${trips}`)
      }
    },
  )

  holds(`${kind}: a directory in one that was made a moment ago is made on the spot`, async () => {
    const dir = scratch(place)
    let made = 0
    const least = await whenRested(
      trips => trips === 0,
      async () => {
        const seen: number[] = []
        for (let i = 0; i < 20; i++, made++) {
          seen.push(await asked(() => nested(join(dir, String(made)))))
          assert.ok(existsSync(join(dir, String(made), 'a/b')))
        }
        return Math.min(...seen)
      },
    )
    assert.is(least, 0)
    await assert.rejects(nested(join(dir, '0')), { code: 'EEXIST' })
  })

  holds(`${kind}: of many looks on the spot some go to a thread, so that the event loop turns every 2 ms`, async () => {
    const dir = scratch(place)
    writeFileSync(join(dir, 'a'), '')
    const atLeisure = async () => {
      let [turns, looks] = [0, 0]
      const turning = setInterval(() => turns++, 1)
      const endsMs = performance.now() + 300
      const trips = await asked(async () => {
        for (; performance.now() < endsMs; looks++) await look(join(dir, 'a'))
      })
      clearInterval(turning)
      return { turns, looks, trips }
    }
    for (const endsMs = performance.now() + mostRestMs; ; ) {
      const { turns, looks, trips } = await atLeisure()
      // A look takes more than 1 us.
      assert.ok(turns > looks / 2000, `${turns} turns during ${looks} looks`)
      if (trips < looks / 10) break
      // Something held this process up for longer than 20 ms, so the device rests for a second.
      assert.ok(performance.now() < endsMs, `${trips} of ${looks} looks went to a thread`)
      await new Promise(rested => setTimeout(rested, 1100))
    }
  })

  holds(`${kind}: looks that begin at once and find all in memory take 2 ms of one turn`, async () => {
    const dir = scratch(place)
    const names = Array.from({ length: 900 }, (_, nth) => join(dir, `${nth}`))
    for (const name of names) writeFileSync(name, '')
    const lookAtAll = (times: number) =>
      asked(() => Promise.all(names.flatMap(name => Array.from({ length: times }, () => look(name)))))
    const seen = await whenRested(
      counts => usual(counts) < 4500,
      async () => {
        await lookAtAll(1)
        const counts: number[] = []
        for (let i = 0; i < 9; i++) counts.push(await lookAtAll(5))
        return counts
      },
    )
    // A look takes about 3 us, so 2 ms are enough for some hundreds.
    assert.ok(usual(seen) > 1000 && usual(seen) < 4500, `of 4500 looks at once these went to a thread: ${seen}`)
  })

  holds(
    `${kind}: a name in an open directory is looked at by a thread, because its number may lead elsewhere`,
    async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'a'), '')
      const fd = openSync(dir, 'r')
      const seen: number[] = []
      for (let i = 0; i < 9; i++) seen.push(await asked(() => look(`/proc/self/fd/${fd}/a`)))
      closeSync(fd)
      assert.ok(Math.min(...seen) > 0, `${seen}`)
    },
  )

  holds(
    `${kind}: a directory that was made and opened a moment ago is filled on the spot, by its descriptor`,
    async () => {
      const dir = scratch(place)
      let made = 0
      const least = await whenRested(
        trips => trips === 0,
        async () => {
          const seen: number[] = []
          for (let i = 0; i < 9; i++, made++) seen.push(await asked(() => filled(join(dir, String(made)))))
          return Math.min(...seen)
        },
      )
      assert.equal(readdirSync(join(dir, '8')), ['b', 'c'])
      assert.is(least, 0)
    },
  )

  holds(
    `${kind}: a small file is looked at on the spot when it is open, and all in memory is opened and read there`,
    async () => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'a'), 'text')
      // A thread opens the directory, and one finds out where that is; on a disk, others open the file and read it.
      const most = kind === 'tmpfs' ? 2 : 4
      const seen = await whenRested(
        counts => waiting || usual(counts) <= most,
        async () => {
          const counts: number[] = []
          for (let i = 0; i < 20; i++) counts.push(await asked(() => readIn(dir, 'a')))
          return counts
        },
      )
      assert.equal(await readIn(dir, 'a'), { size: 4, text: 'text' })
      assert.ok(waiting || usual(seen) <= most, `${seen}`)
      // Where it is need not be found out again each time; but the directory is always opened by a thread.
      assert.ok(Math.min(...seen) >= 1, `${seen}`)
    },
  )

  holds(
    `${kind}: the data of a cell takes two trips when it is new, and none when it was read a moment ago`,
    async () => {
      const path = join(scratch(place), 'cell')
      let now = (await cell.create(path, { data: 'x'.repeat(1000) })) as State
      const most = { new: kind === 'tmpfs' ? 0 : 2, large: 2, again: 0 }
      const kinds = ['new', 'large', 'again'] as const
      const seen = await whenRested(
        counts => kinds.every(which => Math.min(...counts[which]) <= most[which]),
        async () => {
          const seen = { new: [] as number[], again: [] as number[], large: [] as number[] }
          for (let i = 0; i < 20; i++) {
            for (const bytes of [20_000, 1000]) {
              now = cell.swap.sync(path, now, { data: 'y'.repeat(bytes) }, { durability: 'none' }) as State
              seen[bytes === 1000 ? 'new' : 'large'].push(await asked(() => cell.load(path)))
            }
            seen.again.push(await asked(() => cell.load(path)))
            assert.is((await cell.load(path))?.data?.toString(), 'y'.repeat(1000))
          }
          return seen
        },
      )
      for (const which of kinds) assert.ok(Math.min(...seen[which]) <= most[which], `${which}: ${seen[which]}`)
    },
  )

  holds(
    `${kind}: small things in a directory that is called hot are used on the spot, also those that are new`,
    async () => {
      const used = async (calls: (dir: string) => Promise<unknown>) => {
        const dir = join(scratch(place), 'dir')
        mkdirSync(dir)
        await calls(dir)
        const seen: number[] = []
        for (let i = 0; i < 20; i++) {
          mkdirSync(join(dir, `dir${i}`))
          writeFileSync(join(dir, `dir${i}/in`), '')
          writeFileSync(join(dir, `file${i}`), 'text')
          seen.push(await asked(() => useSmall(dir, i)))
          assert.is(readFileSync(join(dir, `made${i}`), 'latin1'), 'text')
          assert.not.ok(existsSync(join(dir, `file${i}`)))
        }
        return Math.min(...seen)
      }
      assert.ok((await used(async () => {})) >= (kind === 'tmpfs' ? 2 : 4))
      const isNone = (trips: number) => waiting || trips === 0
      assert.ok(isNone(await whenRested(isNone, () => used(callHot))))
      // A large file is removed by a thread, because that takes long. Of what is not known, the size is looked at.
      const dir = join(scratch(place), 'hot')
      mkdirSync(dir)
      await callHot(dir)
      const removal = dual(function* steps(path: string) {
        yield* fs.unlink(path)
      })
      const tripsOf = async (bytes: number) => {
        const trips: number[] = []
        for (let i = 0; i < 9; i++) {
          const path = join(dir, `${bytes}-${i}`)
          writeFileSync(path, Buffer.alloc(bytes))
          trips.push(await asked(() => removal(path)))
          assert.not.ok(existsSync(path))
        }
        return Math.min(...trips)
      }
      assert.is(await tripsOf(manyBytes), 1)
      assert.ok(isNone(await whenRested(isNone, () => tripsOf(10_000))))
    },
  )

  holds(`${kind}: more than a thousand cells that are read in turn are read on the spot`, async () => {
    const dir = scratch(place)
    const cells = Array.from({ length: 2500 }, (_, nth) => join(dir, `${nth}`))
    for (const path of cells) cell.create.sync(path, { fields: ['x'] })
    const readAll = async () => {
      for (const path of cells) await cell.read(path)
    }
    await readAll()
    await readAll()
    const areFew = (trips: number) => trips < cells.length / 5
    const trips = await whenRested(areFew, () => asked(readAll))
    assert.ok(areFew(trips), `${trips} of ${cells.length} reads went to a thread`)
  })

  holds(
    `${kind}: what is known of a directory that was open is not believed of the next one with its number`,
    async () => {
      const dir = scratch(place)
      let seen: number | undefined
      for (let i = 0; i < 9 && seen === undefined; i++) {
        const fd = await filled(join(dir, String(i)))
        const next = openSync(dir, 'r')
        if (next === fd) seen = await asked(() => makeIn(next, `x${i}`))
        closeSync(next)
      }
      assert.ok(seen === undefined || seen > 0, `${seen}`)
    },
  )

  holds(`${kind}: what was looked at a moment ago and is gone, or another's, is told so`, async () => {
    const dir = scratch(place)
    const [a, b, c] = [join(dir, 'a'), join(dir, 'b'), join(dir, 'c')]
    writeFileSync(a, '')
    writeFileSync(b, 'longer')
    assert.is((await look(a))?.size, 0n)
    renameSync(b, a)
    assert.is((await look(a))?.size, 6n)
    renameSync(a, c)
    assert.is(await look(a), undefined)
  })
}

// A filesystem of layers copies a file when it is linked for the first time: one call of many may take long.
for (const { kind, dir: place } of [...here, ...placesAnd('overlayfs').filter(({ kind }) => kind === 'overlayfs')]) {
  const isLayered = kind === 'overlayfs'
  holds(
    `${kind}: where links were made a moment ago, many are made on the spot in one go; on a disk, if asked`,
    async () => {
      const dir = scratch(place)
      const file = join(dir, 'file')
      writeFileSync(file, '')
      let made = 0
      const linkMany = dual(function* steps(isLike: boolean) {
        const all = Array.from({ length: 20 }, (): Call => ({ op: 'link', args: [file, join(dir, `${made++}`)] }))
        const paths = all.map(({ args }) => args[1] as string)
        const gone = yield* fs.inOneGo([...paths, file], () => atOnce(all), isLike ? all[0] : undefined)
        if (!gone) yield* atOnce(all)
        return gone !== undefined
      })
      const seen = await whenRested(
        ({ trips, like }) => isLayered || (Math.min(...trips) === 0 && like.includes(true)),
        async () => {
          const seen = { trips: [] as number[], like: [] as boolean[], unlike: [] as boolean[] }
          await linkMany(false)
          for (let i = 0; i < 5; i++) {
            seen.trips.push(await asked(async () => seen.like.push(await linkMany(true))))
            seen.unlike.push(await linkMany(false))
          }
          return seen
        },
      )
      assert.is(seen.like.includes(true), !isLayered, `${seen.like}`)
      if (!isLayered) assert.is(Math.min(...seen.trips), 0, `${seen.trips}`)
      assert.is(seen.unlike.includes(true), kind === 'tmpfs', `${seen.unlike}`)
      assert.is(readdirSync(dir).length, made + 1)
    },
  )
}
