// What people usually write, in the same notation. Every race and every world is also run against one of these, and
// must catch it: a test that cannot fail proves nothing.

import { dirname } from 'node:path'
import { createExclusive, lock, writeFile } from 'holdfast'
import { dual, fs, hasCode, orNothing, release, type Steps, together } from 'holdfast/steps'

/** Looks, and then makes what is missing, level by level: as early versions of `mkdirp` did. */
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

/** Opens with `wx`: exclusive, but the file is empty until it is written. */
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

/** Writes to a temporary name that is the same for all processes. */
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

/** Whole, but lost in a power cut: nothing waits for the disk. */
export const unsynced = dual(function* steps(file: string, data: string): Steps<void> {
  const fd = yield* fs.open(`${file}.new`, 'wx')
  yield* fs.write(fd, Buffer.from(data))
  yield* fs.close(fd)
  yield* fs.rename(`${file}.new`, file)
})

/** Stages and renames, and ignores what `close` says of the bytes that were written. */
export const closeIgnored = dual(function* steps(file: string, data: string): Steps<void> {
  const fd = yield* fs.open(`${file}.new`, 'wx')
  yield* fs.write(fd, Buffer.from(data))
  yield* together([fs.rename(`${file}.new`, file), fs.close(fd)])
})

/** The name reaches the disk before its data. */
export const syncedTooLate = dual(function* steps(file: string, data: string): Steps<void> {
  const fd = yield* fs.open(`${file}.new`, 'wx')
  yield* fs.write(fd, Buffer.from(data))
  yield* fs.rename(`${file}.new`, file)
  yield* fs.fsync(fd)
  yield* fs.close(fd)
})

/** Syncs the target's directory, but only after the source is gone. */
export const sourceFirst = dual(function* steps(from: string, to: string): Steps<void> {
  yield* fs.link(from, to)
  yield* fs.unlink(from)
  const fd = yield* fs.open(dirname(to), 'r')
  yield* fs.fsync(fd)
  yield* fs.close(fd)
})

let writes = 0
/** Writes to a temporary name that is unique as long as no other process has the same pid: write-file-atomic. */
export const pidTemp = dual(function* steps(file: string, data: Uint8Array): Steps<void> {
  const temp = `${file}.${process.pid}.${++writes}`
  const fd = yield* fs.open(temp, 'w')
  // In pieces, as a stream does.
  for (let at = 0; at < data.length; at += 64 * 1024) yield* fs.write(fd, data.subarray(at, at + 64 * 1024))
  yield* fs.close(fd)
  yield* fs.rename(temp, file)
})

/** Deletes what is in a directory, and then the directory itself: `fs.rm`, rimraf. */
export const removeInPlace = dual(function* steps(path: string): Steps<boolean> {
  if (!(yield* fs.lstat(path)).isDirectory()) {
    yield* fs.unlink(path)
    return true
  }
  for (const name of yield* fs.readdir(path)) yield* removeInPlace.steps(`${path}/${name}`)
  yield* fs.rmdir(path)
  return true
})

/** The same, and whatever is gone meanwhile was removed, by whichever process: `fs.rm` with `force`. */
export const removeWhateverIsGone = dual(function* steps(path: string): Steps<boolean> {
  const there = yield* fs.lstat(path, { throwIfNoEntry: false })
  if (!there) return false
  const ignoring = function* (call: Steps<unknown>): Steps<void> {
    try {
      yield* call
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
    }
  }
  if (!there.isDirectory()) {
    yield* ignoring(fs.unlink(path))
    return true
  }
  yield* ignoring(
    (function* (): Steps<void> {
      for (const name of yield* fs.readdir(path)) yield* removeWhateverIsGone.steps(`${path}/${name}`)
      yield* fs.rmdir(path)
    })(),
  )
  return true
})

/**
 * Lists a directory, and unlinks each name, although another process may have done so meanwhile: fs-extra's `emptyDir`.
 */
export const emptyInPlace = dual(function* steps(dir: string): Steps<void> {
  for (const name of yield* fs.readdir(dir)) yield* fs.unlink(`${dir}/${name}`)
})

/** Unlinks, and then makes a new link: for a moment nothing is there. */
export const unlinkThenSymlink = dual(function* steps(target: string, path: string): Steps<string> {
  try {
    yield* fs.unlink(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.symlink(target, path)
  return 'linked'
})

/** Looks, and relies on what it saw: fs-extra's `ensureSymlink`. */
export const lookThenSymlink = dual(function* steps(target: string, path: string): Steps<string> {
  try {
    if (String(yield* fs.readlink(path)) === target) return 'already'
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.symlink(target, path)
  return 'linked'
})

/** Looks for the link, and then relies on the errno: fs-extra's `ensureLink`. */
export const errnoTrustingLink = dual(function* steps(from: string, to: string): Steps<string> {
  const source = yield* fs.lstat(from)
  try {
    const there = yield* fs.lstat(to)
    if (there.ino === source.ino) return 'already'
  } catch {}
  yield* fs.link(from, to)
  return 'linked'
})

/** Looks whether a directory is there, and copies each file to its final name, where readers see it grow: `fs.cp`. */
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

/** Refuses to overwrite what it saw, and replaces what has come since. */
export const copyIfUnseen = dual(function* steps(from: string, to: string): Steps<void> {
  if (yield* fs.lstat(to, orNothing)) throw Object.assign(new Error('EEXIST: it is there'), { code: 'EEXIST' })
  yield* copyInPlace.steps(from, `${from}.copy`)
  yield* fs.rename(`${from}.copy`, to)
})

/**
 * Looks whether the target is there, and then renames, which replaces a target that has come since: fs-extra's `move`.
 */
export const lookThenRename = dual(function* steps(from: string, to: string): Steps<boolean> {
  if (yield* fs.lstat(to, orNothing)) return false
  yield* fs.rename(from, to)
  return true
})

/** Links, which replaces nothing, and then unlinks the source, although another process may have done so already. */
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

/** Removes the target, and then renames the source to it: fs-extra's `move` with `overwrite`. */
export const removeThenRename = dual(function* steps(from: string, to: string): Steps<boolean> {
  try {
    yield* fs.unlink(to)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.rename(from, to)
  return true
})

/** Renames the target aside, to a name that is the same for all processes. */
export const renameAside = dual(function* steps(from: string, to: string): Steps<boolean> {
  try {
    yield* fs.rename(to, `${to}.old`)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  yield* fs.rename(from, to)
  return true
})

/** To another device: copies a directory of files directly to its name, and then removes the source. */
export const copyThenRemove = dual(function* steps(from: string, to: string): Steps<boolean> {
  yield* fs.mkdir(to)
  const names = yield* fs.readdir(from)
  for (const name of names) yield* copyInPlace.steps(`${from}/${name}`, `${to}/${name}`)
  for (const name of names) yield* fs.unlink(`${from}/${name}`)
  yield* fs.rmdir(from)
  return true
})

type Change = (old: string) => string

/** Reads, and writes the result, without keeping others out in between: fs-extra's `readJson` and `writeJson`. */
export const readThenWrite = dual(function* steps(file: string, change: Change): Steps<string> {
  const next = change((yield* fs.readFile(file)).toString())
  yield* writeFile.steps(file, next, { durability: 'none' })
  return next
})

/** A lock file that names its holder, deleted by any process that finds the holder dead: as pid files are used. */
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

/** Looks whether it is there, and makes it in its place, where readers see it grow. */
export const produceInPlace = dual(function* steps(
  path: string,
  pieces: readonly string[],
): Steps<{ path: string; made: boolean }> {
  if (yield* fs.stat(path, orNothing)) return { path, made: false }
  yield* writePieces(path, pieces)
  return { path, made: true }
})

/** Waits for a lock and makes it aside, but does not look whether another process has made it meanwhile. */
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

/** Removes what is not valid before the new one is ready. */
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
