// `holdfast/write-file-atomic` beside write-file-atomic.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import face, { sync } from 'holdfast/write-file-atomic'
import { assert, asUser, canBeAnother, holds, runScript, scratch } from '../support/kit.js'
import { type Case, called, old, sameAsPeer } from './beside.js'

const require = createRequire(import.meta.url)
const peer = require('write-file-atomic')

type Face = typeof face

/** Both forms. */
const inBothForms = (name: string, data: unknown, options?: unknown, lay?: Case<Face>['lay'], to = 'f'): Case<Face>[] =>
  (['promise', 'sync'] as const).map(form => ({
    name: `${form}: ${name}`,
    ...(lay && { lay }),
    run: (write, dir) =>
      (form === 'sync' ? write.sync : write)(join(dir, to), data as string, options as BufferEncoding),
  }))

sameAsPeer<Face>(peer, face, [
  ...inBothForms('text', 'ä'),
  ...inBothForms('bytes', Buffer.from([0, 255, 1])),
  ...inBothForms('a view', new Uint8Array([1, 2])),
  ...inBothForms('undefined', undefined),
  ...inBothForms('null', null),
  ...inBothForms('a number', 42),
  ...inBothForms('an object', { a: 1 }),
  ...inBothForms('the mode of the old file', 'new', undefined, old),
  ...inBothForms('no mode named: null', 'new', { mode: null, chown: null }, old),
  ...inBothForms('a mode', 'new', { mode: 0o604 }, old),
  ...inBothForms('a mode of a new file', 'new', { mode: 0o604 }),
  ...inBothForms('a mode as text', 'new', { mode: '0604' }),
  ...inBothForms('the encoding alone', 'ä', 'latin1'),
  ...inBothForms('an encoding', '6162', { encoding: 'hex' }),
  ...inBothForms('no encoding: null', 'ä', { encoding: null }),
  ...inBothForms('an encoding, and bytes', Buffer.from('ä'), { encoding: 'latin1' }),
  ...inBothForms('no fsync', 'x', { fsync: false }),
  ...inBothForms('an owner', 'x', { chown: { uid: process.getuid?.(), gid: process.getgid?.() } }, old),
  ...inBothForms('no owner', 'x', { chown: false }, old),
  ...inBothForms('options that are not known', 'x', { flag: 'a', unknown: 1 }, old),
  ...inBothForms('a link', 'new', {}, dir => [old(dir), symlinkSync('f', join(dir, 'link'))], 'link'),
  ...inBothForms('no directory', 'x', {}, undefined, 'missing/f'),
  ...inBothForms('a directory', 'x', {}, dir => mkdirSync(join(dir, 'f'))),
  ...inBothForms(
    'tmpfileCreated throws',
    'x',
    {
      tmpfileCreated: () => {
        throw new Error('mine')
      },
    },
    old,
  ),
  {
    name: 'tmpfileCreated rejects',
    lay: old,
    run: (write, dir) => write(join(dir, 'f'), 'x', { tmpfileCreated: () => Promise.reject(new Error('mine')) }),
  },
  {
    name: 'in the order of the calls',
    run: (write, dir) => Promise.all(['a', 'b', 'c'].map(text => write(join(dir, 'f'), text))),
  },
  {
    name: 'tmpfileCreated gets a file that is there, and is empty',
    run: async (write, dir) => {
      const seen: unknown[] = []
      const tmpfileCreated = (path: string) => void seen.push(existsSync(path) && statSync(path).size)
      await write(join(dir, 'f'), 'x', { tmpfileCreated })
      write.sync(join(dir, 'f'), 'x', { tmpfileCreated })
      return seen
    },
  },
])

holds('mode false leaves the mode, as the README of write-file-atomic says', async () => {
  const dir = scratch()
  for (const write of [face, face.sync]) {
    old(dir)
    await write(join(dir, 'f'), 'x', { mode: false })
    assert.is(statSync(join(dir, 'f')).mode & 0o777, 0o666 & ~process.umask())
  }
})

holds('a path that is none is refused with the code of Node', async () => {
  for (const [path, code] of [
    [join(scratch(), 'a\0b'), 'ERR_INVALID_ARG_VALUE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
  ]) {
    await assert.rejects(face(path as string, 'x'), { code: code as string, name: 'TypeError' })
    assert.throws(() => face.sync(path as string, 'x'), { code: code as string, name: 'TypeError' })
  }
})

holds('a callback is called once, with undefined or the error, and the call returns undefined', async () => {
  const dir = scratch()
  const file = join(dir, 'f')
  assert.equal(await called(done => face(file, 'x', done)), ['none', [], true])
  assert.equal(await called(done => face(file, 'y', {}, done)), ['none', [], true])
  assert.equal(await called(done => face(join(dir, 'no/f'), 'y', 'utf8', done)), ['ENOENT', [], true])
  assert.is(readFileSync(file, 'utf8'), 'y')
})

holds('what a callback throws is an uncaught exception, and no unhandled rejection', async () => {
  const dir = scratch()
  const { said } = runScript(`
    import write from ${JSON.stringify(import.meta.resolve('holdfast/write-file-atomic'))}
    process.on('unhandledRejection', () => console.log('unhandled'))
    process.on('uncaughtException', error => console.log('uncaught', error.message))
    let calls = 0
    write(${JSON.stringify(join(dir, 'f'))}, 'x', () => { calls++; throw new Error('mine') })
    process.on('exit', () => console.log(calls))`)
  assert.is(said.trim(), 'uncaught mine\n1')
})

holds('options are not changed, and nothing is left beside the file', async () => {
  const dir = scratch()
  old(dir)
  const options = Object.freeze({})
  await face(join(dir, 'f'), 'x', options)
  await face(join(dir, 'f'), 'x', { tmpfileCreated: () => Promise.reject(new Error('mine')) }).catch(() => {})
  assert.equal(readdirSync(dir), ['f'])
  assert.is(statSync(join(dir, 'f')).mode & 0o777, 0o640)
})

holds('every byte of a view is written', async () => {
  const file = join(scratch(), 'f')
  await face(file, new Uint16Array([1, 2, 3]))
  assert.is(statSync(file).size, 6)
})

if (canBeAnother())
  holds('a user who may not give files away keeps them, and that is no error', async () => {
    const dir = scratch()
    chmodSync(dir, 0o777)
    const { said } = asUser(`
      import write from ${JSON.stringify(import.meta.resolve('holdfast/write-file-atomic'))}
      await write(${JSON.stringify(join(dir, 'f'))}, 'x', { chown: { uid: 1, gid: 1 } })
      write.sync(${JSON.stringify(join(dir, 'f'))}, 'y', { chown: { uid: 1, gid: 1 } })
      console.log('done')`)
    assert.is(said.trim(), 'done')
  })

holds('require() is the function', () => {
  const required = require('holdfast/write-file-atomic')
  assert.is(required, face)
  assert.is(required.sync, sync)
})
