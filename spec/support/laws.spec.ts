// Each law accepts a function that obeys it, and finds out one that does not.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Dual, dual, fs, type Steps, tidy } from 'holdfast/steps'
import { assert, holds, scratch } from './kit.js'
import {
  assertNothingLeftBehind,
  assertOriginalErrorComesOut,
  assertRefusesBadInput,
  assertSyncAndAsyncAgree,
  type Trial,
} from './laws.js'

type Put = Dual<[path: string, text: string], boolean>

const nonce = '0123456789abcdef.holdfast'

/** Beside it, whichever way its separators go. */
const stageOf = (path: string): string => path.replace(/([\\/])([^\\/]*)$/, `$1.$2.owner-1-0.${nonce}`)

function* staged(path: string, text: string): Steps<string> {
  const stage = stageOf(path)
  const fd = yield* fs.open(stage, 'wx')
  try {
    yield* fs.write(fd, Buffer.from(text))
  } finally {
    yield* fs.close(fd)
  }
  return stage
}

function refuse(path: string): void {
  if (path === '') throw Object.assign(new TypeError('path is empty'), { code: 'ERR_INVALID_ARG_VALUE' })
}

/** Writes a file whole; true if there was none. */
const right: Put = dual(function* put(path: string, text: string): Steps<boolean> {
  refuse(path)
  const before = yield* fs.lstat(path, { throwIfNoEntry: false })
  let stage = ''
  try {
    stage = yield* staged(path, text)
    yield* fs.rename(stage, path)
  } catch (error) {
    yield* tidy(fs.unlink(stageOf(path)))
    throw error
  }
  return before === undefined
})

const trial: Trial<[string, string], boolean> = {
  setup: dir => writeFileSync(join(dir, 'beside'), ''),
  args: dir => [join(dir, 'file'), 'text'],
  done: (_, made) => assert.ok(made),
}
const missing: Trial<[string, string], boolean> = { args: dir => [join(dir, 'none/file'), 'text'] }
const bad = [[['', 'text'], 'ERR_INVALID_ARG_VALUE']] as const

const finds = (law: Promise<unknown>, message: RegExp) => assert.rejects(law, { message })

/** The same function, but for one form. */
const withSync = (sync: Put['sync']): Put =>
  Object.assign((...args: Parameters<Put>) => right(...args), right, { sync })

holds('a function that obeys the laws is accepted by each', async () => {
  const { threw, returned } = await assertOriginalErrorComesOut(right, trial)
  assert.equal([threw, returned], [4, 0])
  await assertSyncAndAsyncAgree(right, trial, missing)
  await assertNothingLeftBehind(right, trial)
})

holds('an error that is replaced is found out, and so is success without what was promised', async () => {
  const wrapping: Put = dual(function* put(path: string, text: string): Steps<boolean> {
    try {
      return yield* right.steps(path, text)
    } catch (error) {
      throw Object.assign(new Error((error as Error).message), { code: 'EIO', cause: error })
    }
  })
  await finds(assertOriginalErrorComesOut(wrapping, trial), /^call 0, lstat: another error came out/)
  const boasting: Put = dual(function* put(path: string, text: string): Steps<boolean> {
    try {
      return yield* right.steps(path, text)
    } catch {
      return false
    }
  })
  await finds(assertOriginalErrorComesOut(boasting, trial), /to be truthy/)
  await finds(assertOriginalErrorComesOut(boasting, missing), /no failure of any call came out/)
})

holds('forms that return, throw or leave different things are found out', async () => {
  await finds(
    assertSyncAndAsyncAgree(
      withSync((...args) => !right.sync(...args)),
      trial,
    ),
    /different ends/,
  )
  const throwing = () => {
    throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
  }
  await finds(assertSyncAndAsyncAgree(withSync(throwing), missing), /different ends/)
  const messy = withSync((path, text) => {
    writeFileSync(`${path}.log`, text)
    return right.sync(path, text)
  })
  await finds(assertSyncAndAsyncAgree(messy, trial), /different things/)
})

holds('a private name that is left behind is found out', async () => {
  const untidy: Put = dual(function* put(path: string, text: string): Steps<boolean> {
    yield* fs.rename(yield* staged(path, text), path)
    return true
  })
  await finds(assertNothingLeftBehind(untidy, trial), /failingAt, call 1, write left private names/)
  // An error tidies up here, and an abort does not.
  const careless: Put = dual(function* put(path: string, text: string): Steps<boolean> {
    try {
      return yield* untidy.steps(path, text)
    } catch (error) {
      const stage = stageOf(path)
      if ((error as NodeJS.ErrnoException).code !== 'ABORT_ERR') yield* tidy(fs.unlink(stage))
      throw error
    }
  })
  await finds(assertNothingLeftBehind(careless, trial), /abortedAt, call 1, write left private names/)
})

holds('a descriptor that is left behind is found out', async () => {
  const leaking: Put = dual(function* put(path: string, text: string): Steps<boolean> {
    yield* fs.open(path, 'w')
    return text !== ''
  })
  await finds(assertNothingLeftBehind(leaking, trial), /left a descriptor open/)
})

holds('bad input that is let in, refused late or refused otherwise is found out', async () => {
  const dir = scratch()
  await assertRefusesBadInput(right, dir, bad)
  const accepting: Put = dual(function* put(_path: string, _text: string): Steps<boolean> {
    return (yield* fs.now()) > 0
  })
  await finds(assertRefusesBadInput(accepting, dir, bad), /promise: .* was not refused/)
  await finds(
    assertRefusesBadInput(
      withSync(() => true),
      dir,
      bad,
    ),
    /sync: .* was not refused/,
  )
  await finds(assertRefusesBadInput(right, dir, [[['', 'text'], 'ERR_INVALID_ARG_TYPE']]), /path is empty/)
  const refusing = (path: string) => {
    refuse(path)
    return true
  }
  const atOnce = Object.assign((path: string) => Promise.resolve(refusing(path)), right) as Put
  await finds(assertRefusesBadInput(atOnce, dir, bad), /was thrown at once/)
  const late: Put = dual(function* put(path: string, text: string): Steps<boolean> {
    yield* fs.mkdir(join(dir, `made ${text}`))
    refuse(path)
    return true
  })
  const once = Object.assign(late, { sync: refusing })
  await finds(assertRefusesBadInput(once, dir, bad), /something was done before it was refused/)
})
