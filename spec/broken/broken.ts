// What people write instead, in the same notation. Every race and every world is run against one of these too, and must
// catch it: a test that cannot fail proves nothing.

import { dirname } from 'node:path'
import { createExclusive, lock, writeFile } from 'holdfast'
import { dual, fs, hasCode, orNothing, release, type Steps } from 'holdfast/steps'

/** Looks, and makes what is missing: as many a `mkdirp` did, level by level. */
export const checkThenMkdir = dual(function* steps(dir: string): Steps<undefined> {
  try {
    yield* fs.stat(dir)
    return undefined
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* checkThenMkdir.steps(dirname(dir))
  yield* fs.mkdir(dir)
  return undefined
})

/** `flag: 'wx'`: exclusive, and empty until it is written. */
export const openThenWrite = dual(function* steps(file: string, data: string | Uint8Array): Steps<boolean> {
  let fd: number
  try {
    fd = yield* fs.open(file, 'wx')
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
  yield* fs.write(fd, Buffer.from(data))
  yield* fs.close(fd)
  return true
})

/** A temporary name that is the same for everybody. */
export const sharedTemp = dual(function* steps(file: string, data: string | Uint8Array): Steps<boolean> {
  const bytes = Buffer.from(data)
  const fd = yield* fs.open(`${file}.tmp`, 'w')
  // In two writes, as a stream does.
  yield* fs.write(fd, bytes.subarray(0, bytes.length >> 1))
  yield* fs.write(fd, bytes.subarray(bytes.length >> 1))
  yield* fs.close(fd)
  yield* fs.rename(`${file}.tmp`, file)
  return true
})

/** Whole, and gone with the power: nothing waits for the disk. */
export const unsynced = dual(function* steps(file: string, data: string): Steps<void> {
  const fd = yield* fs.open(`${file}.new`, 'wx')
  yield* fs.write(fd, Buffer.from(data))
  yield* fs.close(fd)
  yield* fs.rename(`${file}.new`, file)
})

/** The name is there before its data. */
export const syncedTooLate = dual(function* steps(file: string, data: string): Steps<void> {
  const fd = yield* fs.open(`${file}.new`, 'wx')
  yield* fs.write(fd, Buffer.from(data))
  yield* fs.rename(`${file}.new`, file)
  yield* fs.fsync(fd)
  yield* fs.close(fd)
})

let writes = 0
/** A temporary name that only this process has, as long as no other has its pid: write-file-atomic. */
export const pidTemp = dual(function* steps(file: string, data: Uint8Array): Steps<void> {
  const temp = `${file}.${process.pid}.${++writes}`
  const fd = yield* fs.open(temp, 'w')
  // In pieces, as a stream does.
  for (let at = 0; at < data.length; at += 64 * 1024) yield* fs.write(fd, data.subarray(at, at + 64 * 1024))
  yield* fs.close(fd)
  yield* fs.rename(temp, file)
})

/** What is in it first, and then the directory itself: `fs.rm`, rimraf. */
export const removeInPlace = dual(function* steps(path: string): Steps<boolean> {
  if (!(yield* fs.lstat(path)).isDirectory()) {
    yield* fs.unlink(path)
    return true
  }
  for (const name of yield* fs.readdir(path)) yield* removeInPlace.steps(`${path}/${name}`)
  yield* fs.rmdir(path)
  return true
})

/** Lists a directory, and unlinks each name, which another process may have done since: fs-extra's `emptyDir`. */
export const emptyInPlace = dual(function* steps(dir: string): Steps<void> {
  for (const name of yield* fs.readdir(dir)) yield* fs.unlink(`${dir}/${name}`)
})

/** Out of the way first, and then anew: for a moment nothing is there. */
export const unlinkThenSymlink = dual(function* steps(target: string, path: string): Steps<string> {
  try {
    yield* fs.unlink(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.symlink(target, path)
  return 'linked'
})

/** Looks, and then trusts the look: fs-extra's `ensureSymlink`. */
export const lookThenSymlink = dual(function* steps(target: string, path: string): Steps<string> {
  try {
    if (String(yield* fs.readlink(path)) === target) return 'already'
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.symlink(target, path)
  return 'linked'
})

/** Looks for the link, and then trusts the errno: fs-extra's `ensureLink`. */
export const errnoTrustingLink = dual(function* steps(from: string, to: string): Steps<string> {
  const source = yield* fs.lstat(from)
  try {
    const there = yield* fs.lstat(to)
    if (there.ino === source.ino) return 'already'
  } catch {}
  yield* fs.link(from, to)
  return 'linked'
})

/** Looks whether a directory is there, and copies each file to its final name, where everybody sees it grow: `fs.cp`. */
export const copyInPlace = dual(function* steps(from: string, to: string): Steps<void> {
  if ((yield* fs.stat(from)).isDirectory()) {
    if (!(yield* fs.lstat(to, orNothing))) yield* fs.mkdir(to)
    for (const { name } of yield* fs.list(from)) yield* copyInPlace.steps(`${from}/${name}`, `${to}/${name}`)
    return
  }
  const bytes = yield* fs.readFile(from)
  const fd = yield* fs.open(to, 'w')
  // In two writes, as a stream does.
  yield* fs.write(fd, bytes.subarray(0, bytes.length >> 1))
  yield* fs.write(fd, bytes.subarray(bytes.length >> 1))
  yield* fs.close(fd)
})

/** Overwrites nothing that it has seen. */
export const copyIfUnseen = dual(function* steps(from: string, to: string): Steps<void> {
  if (yield* fs.lstat(to, orNothing)) throw Object.assign(new Error('EEXIST: it is there'), { code: 'EEXIST' })
  yield* fs.copyFile(from, `${from}.copy`)
  yield* fs.rename(`${from}.copy`, to)
})

/** Looks whether the target is there, and then renames, which replaces what has come since: fs-extra's `move`. */
export const lookThenRename = dual(function* steps(from: string, to: string): Steps<boolean> {
  if (yield* fs.lstat(to, orNothing)) return false
  yield* fs.rename(from, to)
  return true
})

/** A link, which replaces nothing, and then the source's name is taken away, whoever has done that already. */
export const linkThenUnlink = dual(function* steps(from: string, to: string): Steps<boolean> {
  try {
    yield* fs.link(from, to)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
  try {
    yield* fs.unlink(from)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  return true
})

/** Removes what is there, and puts the new in its place: fs-extra's `move` with `overwrite`. */
export const removeThenRename = dual(function* steps(from: string, to: string): Steps<boolean> {
  try {
    yield* fs.unlink(to)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.rename(from, to)
  return true
})

/** Puts what is there aside, under a name that is the same for everybody. */
export const renameAside = dual(function* steps(from: string, to: string): Steps<boolean> {
  try {
    yield* fs.rename(to, `${to}.old`)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.rename(from, to)
  return true
})

/** To another device: copies a directory of files straight to its name, and then removes the source. */
export const copyThenRemove = dual(function* steps(from: string, to: string): Steps<boolean> {
  yield* fs.mkdir(to)
  const names = yield* fs.readdir(from)
  for (const name of names) yield* fs.copyFile(`${from}/${name}`, `${to}/${name}`)
  for (const name of names) yield* fs.unlink(`${from}/${name}`)
  yield* fs.rmdir(from)
  return true
})

type Change = (old: string) => string

/** Reads, and writes what came of it, and nobody is kept out in between: fs-extra's `readJson` and `writeJson`. */
export const readThenWrite = dual(function* steps(file: string, change: Change): Steps<string> {
  const next = change((yield* fs.readFile(file)).toString())
  yield* writeFile.steps(file, next, { durability: 'none' })
  return next
})

/** A lock file with the name of its holder, which is deleted by whoever finds him dead: as pid files are used. */
export const changeByPidFile = dual(function* steps(file: string, change: Change): Steps<string> {
  const pid = `${file}.pid`
  while (!(yield* createExclusive.steps(pid, yield* fs.self(), { durability: 'none' }))) {
    try {
      const owner = (yield* fs.readFile(pid)).toString()
      if ((yield* fs.alive(owner)) === false) yield* fs.unlink(pid)
      else yield* fs.sleep(1)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
    }
  }
  const next = yield* readThenWrite.steps(file, change)
  yield* fs.unlink(pid)
  return next
})

function* writePieces(path: string, pieces: readonly string[]): Steps<void> {
  const fd = yield* fs.open(path, 'w')
  for (const piece of pieces) yield* fs.write(fd, Buffer.from(piece))
  yield* fs.close(fd)
}

/** Looks whether it is there, and makes it where everybody sees it grow. */
export const produceInPlace = dual(function* steps(
  path: string,
  pieces: readonly string[],
): Steps<{ path: string; made: boolean }> {
  if (yield* fs.stat(path, orNothing)) return { path, made: false }
  yield* writePieces(path, pieces)
  return { path, made: true }
})

/** Makes it aside, under a lock, which was waited for; and does not look whether somebody has made it meanwhile. */
export const lockThenProduce = dual(function* steps(
  path: string,
  pieces: readonly string[],
): Steps<{ path: string; made: boolean }> {
  if (yield* fs.stat(path, orNothing)) return { path, made: false }
  const hold = yield* lock.steps(path)
  yield* writePieces(`${path}.new`, pieces)
  yield* fs.rename(`${path}.new`, path)
  yield* release(hold)
  return { path, made: true }
})

/** What is there, and not good, is taken away before the new is there. */
export const removeThenProduce = dual(function* steps(
  path: string,
  pieces: readonly string[],
): Steps<{ path: string; made: boolean }> {
  const hold = yield* lock.steps(path)
  yield* fs.unlink(path)
  yield* writePieces(`${path}.new`, pieces)
  yield* fs.rename(`${path}.new`, path)
  yield* release(hold)
  return { path, made: true }
})
