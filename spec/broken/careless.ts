// What goes wrong only when a call fails: the ground gives way under these, and no schedule of calls shows it.

import { close, fstatSync, open, rename, write } from 'node:fs'
import { lock } from 'holdfast'
import { dual, fs, type Patience, type Steps, tidy } from 'holdfast/steps'
import { spellState, successor } from '../../lib/cell/state.js'

/** Looks at what it opened in the callback of `open`, where nothing catches what that throws. */
export function lookInCallback(file: string, data: string): Promise<void> {
  const stage = `${file}.new`
  return new Promise((resolve, reject) => {
    open(stage, 'wx', (error, fd) => {
      if (error) return reject(error)
      if (fstatSync(fd).size > 0) return reject(new Error('it is not new'))
      write(fd, data, failure => {
        close(fd, another => {
          if (failure ?? another) return reject(failure ?? another)
          rename(stage, file, last => (last ? reject(last) : resolve()))
        })
      })
    })
  })
}

/** Ignores the error of `close`, where network filesystems and quotas report what could not be written. */
export const closeIgnored = dual(function* steps(file: string, data: string): Steps<void> {
  const stage = `${file}.new`
  const fd = yield* fs.open(stage, 'wx')
  try {
    const bytes = Buffer.from(data)
    for (let at = 0; at < bytes.length; ) at += yield* fs.write(fd, bytes.subarray(at))
  } finally {
    yield* tidy(fs.close(fd))
  }
  yield* fs.rename(stage, file)
})

/** Writes into the file itself. */
export const writeInPlace = dual(function* steps(file: string, data: string): Steps<void> {
  const fd = yield* fs.open(file, 'w')
  try {
    yield* fs.write(fd, Buffer.from(data))
  } finally {
    yield* fs.close(fd)
  }
})

/** Releases its lock by one try, whatever comes of it. */
export const releaseOnce = dual(function* steps(file: string, options: Patience = {}): Steps<void> {
  const { locking, state, fence } = yield* lock.steps(file, options)
  const nonce = (yield* fs.random(8)).toString('hex')
  const free = successor(state, { fields: ['f', fence.toString(36)] }, nonce)
  yield* tidy(fs.rename(`${locking.dir}/${spellState(state)}`, `${locking.dir}/${spellState(free)}`))
})
