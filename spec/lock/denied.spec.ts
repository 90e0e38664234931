// A lock that this user may not make or change: the error is the system's own, and says whose the lock is, and what helps.

import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createExclusive, getOrCreate, lock, updateFile, within, withLock } from 'holdfast'
import { driveSync, isSystemError } from 'holdfast/steps'
import { systemError } from '../../lib/core/errors.js'
import { through } from '../broken/interfere.js'
import { assert, asUser, canBeAnother, holds, scratch, userId } from '../support/kit.js'

const cure = /; `lockDir` or `lockPath` would put it elsewhere\)/

/** What the call says as an ordinary user: its code, and its message behind the names. */
function saidBy(call: string): { code: string; message: string; path: string } {
  const { said, code } = asUser(`
    const { getOrCreate, lock, updateFile, withLock } = holdfast
    const said = await (async () => ${call})().then(() => ({ code: 'none' }), ({ code, message, path }) => ({ code, message, path }))
    console.log(JSON.stringify(said))`)
  assert.is(code, 0, said)
  return JSON.parse(said)
}

if (!canBeAnother()) holds.skip('a lock of another user', 'it takes root, and a checkout that others may read')
else {
  holds('where no lock can be made, the error says whose the directory is, and which option helps', () => {
    const top = scratch()
    chmodSync(top, 0o755)
    const path = JSON.stringify(join(top, 'thing'))
    for (const call of [
      `lock(${path})`,
      `lock.try(${path})`,
      `lock.sync(${path})`,
      `withLock(${path}, () => {})`,
      `updateFile(${path}, () => 'x')`,
      `getOrCreate(${path}, () => 'x')`,
    ]) {
      const { code, message } = saidBy(call)
      assert.is(code, 'EACCES', call)
      const rights = `directory that belongs to user 0 and group 0 with mode 755, and this is user ${userId}`
      assert.ok(message.includes(`the lock '${join(top, 'thing.lock')}' would be made in a ${rights}`), message)
      assert.match(message, cure)
    }
  })

  holds('where the lock is there, the error says whose it is, and what its owner can do', async () => {
    const top = scratch()
    chmodSync(top, 0o777)
    const at = join(top, 'thing')
    await withLock(at, () => {}, { mode: 0o755 })
    const { code, message, path } = saidBy(`lock(${JSON.stringify(at)})`)
    assert.equal([code, path], ['EACCES', `${at}.lock`])
    const rights = `belongs to user 0 and group 0 with mode 755, and this is user ${userId}`
    assert.ok(message.includes(`(the lock '${at}.lock' ${rights}: its owner or root can change those`), message)
    assert.match(message, cure)
    rmSync(`${at}.lock`, { recursive: true })
    mkdirSync(`${at}.lock`, { mode: 0o700 })
    assert.match(saidBy(`lock(${JSON.stringify(at)})`).message, /with mode 700/)
  })

  holds('a release that is refused says it, too', () => {
    const top = scratch()
    chmodSync(top, 0o777)
    const { said } = asUser(`
      import { chmodSync } from 'node:fs'
      const path = ${JSON.stringify(join(top, 'thing'))}
      const lease = await holdfast.lock(path)
      chmodSync(path + '.lock', 0o555)
      console.log(await lease.release().catch(error => error.message))
      process.exit()`)
    assert.match(said, /EACCES.*the lock '.*thing\.lock' belongs to user \d+ and group \d+ with mode 555/)
  })
}

holds(
  'on a read-only filesystem, and where a name is too long, the error says so; its object is the system’s',
  async () => {
    const top = scratch()
    for (const [code, says] of [
      ['EROFS', /a filesystem that is read-only/],
      ['ENAMETOOLONG', /must have names that are short enough/],
    ] as const) {
      const injected = systemError(code, 'mkdir', 'injected', join(top, 'thing.lock'))
      const steps = through(lock.steps(join(top, 'thing')), call => {
        if (call.op === 'mkdir') throw injected
        return call
      })
      const error = assert.throws(() => driveSync(steps), { code, message: says })
      assert.is(error, injected)
      assert.match(error.message, cure)
    }
    // What takes a lock of its own accord has no such options.
    const linkless = through(createExclusive.steps(join(top, 'new'), 'x'), call => {
      if (call.op === 'link') throw systemError('EPERM', 'link', 'injected', join(top, 'new'))
      if (call.op === 'mkdir') throw systemError('EROFS', 'mkdir', 'injected', join(top, '.holdfast.lock'))
      return call
    })
    const error = assert.throws(() => driveSync(linkless), {})
    assert.not.match(error.message, /lockDir/)
    assert.ok(isSystemError(error))
  },
)

holds('below a root, the names are those of the root', async () => {
  if (process.getuid?.() === 0 || process.platform === 'win32') return
  const top = scratch()
  mkdirSync(join(top, 'shut'), { mode: 0o555 })
  await using root = await within(top)
  await assert.rejects(root.lock('shut/thing'), { code: 'EACCES', message: /the lock 'shut\/thing\.lock'/ })
  await assert.rejects(
    updateFile(join(top, 'shut/thing'), () => 'x'),
    { code: 'EACCES' },
  )
  await assert.rejects(
    getOrCreate(join(top, 'shut/thing'), () => 'x'),
    { code: 'EACCES' },
  )
})
