// The caller's own error comes out, whatever happens to the call meanwhile: its time-out, its signal, the lock.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  copy,
  getOrCreate,
  link,
  type Patience,
  remove,
  single,
  updateFile,
  withLock,
  writeFile,
  writeFiles,
} from 'holdfast'
import { assert, holds, note, scratch, sized } from '../support/kit.js'
import { isWine } from '../windows/flavour.js'

interface Calls {
  readonly promise: (path: string, fail: () => Promise<never>, patience: Patience) => Promise<unknown>
  readonly sync?: (path: string, fail: () => never, patience: Patience) => unknown
}

async function* pieces(fail: () => Promise<never>) {
  yield 'a piece'
  yield await fail()
}

function* piecesNow(fail: () => never) {
  yield 'a piece'
  yield fail()
}

/** A directory with some files in it. */
function tree(path: string): string {
  mkdirSync(path)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(path, name), name)
  return path
}

/** What calls a function of its caller, which fails. */
const calls: Readonly<Record<string, Calls>> = {
  withLock: {
    promise: (path, fail, patience) => withLock(path, fail, patience),
    sync: (path, fail, patience) => withLock.sync(path, fail, patience),
  },
  updateFile: {
    promise: (path, fail, patience) => updateFile(path, fail, patience),
    sync: (path, fail, patience) => updateFile.sync(path, fail, patience),
  },
  'getOrCreate, produce': {
    promise: (path, fail, patience) => getOrCreate(path, fail, patience),
    sync: (path, fail, patience) => getOrCreate.sync(path, fail, patience),
  },
  'getOrCreate, a directory': {
    promise: (path, fail, patience) => {
      const produce = (stage: string) => {
        writeFileSync(join(stage, 'a'), 'a')
        return fail()
      }
      return getOrCreate(path, produce, { ...patience, kind: 'directory' })
    },
  },
  'getOrCreate, content': {
    promise: (path, fail, patience) => getOrCreate(path, () => pieces(fail), patience),
    sync: (path, fail, patience) => getOrCreate.sync(path, () => piecesNow(fail), patience),
  },
  'getOrCreate, validate': {
    promise: (path, fail, patience) => {
      writeFileSync(path, 'x')
      let looks = 0
      return getOrCreate(path, () => 'y', { ...patience, validate: () => (looks++ > 0 ? fail() : false) })
    },
  },
  'writeFile, a stream': {
    promise: (path, fail, patience) => writeFile(path, pieces(fail), patience),
    sync: (path, fail, patience) => writeFile.sync(path, piecesNow(fail), patience),
  },
  single: {
    promise: (path, fail, patience) => single(path, { ...patience, start: fail }),
    sync: (path, fail, patience) => single.sync(path, { ...patience, start: fail }),
  },
  link: {
    promise: (path, fail, patience) => link(fail, path, patience),
  },
  'remove, onProgress': {
    promise: (path, fail, patience) => remove(tree(path), { ...patience, onProgress: fail }),
    sync: (path, fail, patience) => remove.sync(tree(path), { ...patience, onProgress: fail }),
  },
  'writeFiles, onProgress': {
    promise: (path, fail, patience) => writeFiles([[path, 'x']], { ...patience, onProgress: fail }),
    sync: (path, fail, patience) => writeFiles.sync([[path, 'x']], { ...patience, onProgress: fail }),
  },
  'copy, filter': {
    promise: (path, fail, patience) => copy(tree(`${path}-from`), path, { ...patience, filter: fail }),
    sync: (path, fail, patience) => copy.sync(tree(`${path}-from`), path, { ...patience, filter: fail }),
  },
  'copy, onProgress': {
    promise: (path, fail, patience) => copy(tree(`${path}-from`), path, { ...patience, onProgress: fail }),
    sync: (path, fail, patience) => copy.sync(tree(`${path}-from`), path, { ...patience, onProgress: fail }),
  },
}

/** Fails at about that moment, and as an asynchronous function, before its first wait. */
const failingNow = (own: Error, atMs: number) => (): never => {
  while (performance.now() < atMs);
  throw own
}

/** Milliseconds. Under Wine a call takes ten times as long. */
const timeout = isWine ? 120 : 12
const tries = sized(20, 150)

/** The caller's function fails a little before the deadline, or a little after it, while it blocks the thread. */
const around = (nth: number): number => timeout - 1 + (2 * (nth % tries)) / tries

for (const [what, { promise, sync }] of Object.entries(calls)) {
  holds(`${what}: of ${tries} errors around the time-out none is replaced`, async () => {
    const dir = scratch()
    const own = new Error('own')
    let replaced = 0
    let came = 0
    // On a busy machine some calls are not that far by then.
    for (let nth = 0; nth < tries || (came < tries / 3 && nth < 10 * tries); nth++) {
      const began = performance.now()
      let isCalled = false
      const fail = () => {
        isCalled = true
        return failingNow(own, began + around(nth))()
      }
      const isSync = nth % 3 === 2 && sync
      // Whether the error is thrown or the promise is rejected.
      const failLater = nth % 3 === 0 ? async () => fail() : fail
      const end = isSync
        ? await Promise.resolve()
            .then(() => sync(join(dir, `${nth}`), fail, { timeout }))
            .catch(error => error)
        : await promise(join(dir, `${nth}`), failLater as () => Promise<never>, { timeout }).catch(error => error)
      if (isCalled) came++
      if (isCalled && end !== own) replaced++
    }
    note(`${what}: ${came} came, ${replaced} replaced`)
    assert.is(replaced, 0)
    assert.ok(came >= tries / 3)
  })

  holds(`${what}: an error comes out although the signal is aborted meanwhile`, async () => {
    const dir = scratch()
    for (const [nth, how] of ['thrown', 'rejected', 'rejected before'].entries()) {
      const stop = new AbortController()
      const own = new Error(how)
      const fail = {
        thrown: (): never => {
          stop.abort()
          throw own
        },
        rejected: async (): Promise<never> => {
          stop.abort()
          throw own
        },
        'rejected before': async (): Promise<never> => {
          await wait(2)
          setImmediate(() => stop.abort())
          throw own
        },
      }[how] as () => Promise<never>
      assert.is(await promise(join(dir, `${nth}`), fail, { signal: stop.signal }).catch(error => error), own, how)
    }
  })
}
