// `updateFile` with the caller's own format; and where a file can be read only, or written only in its place.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { lock, updateFile } from 'holdfast'
import { assert, asUser, canBeAnother, holds, scratch } from '../support/kit.js'
import { assertRefusesBadInput } from '../support/laws.js'

const read = (path: string): string => readFileSync(path, 'utf8')

type Ini = Record<string, string>

/** Called with more than a text, as parsers are that take a reviver, these would fail. */
function parse(text: string, ...more: unknown[]): Ini {
  assert.equal(more, [])
  const lines = text.split('\n').filter(line => line !== '')
  return Object.fromEntries(
    lines.map((line, at) => {
      const [key, value] = line.split('=')
      if (key === undefined || value === undefined) throw new RangeError(`line ${at + 1} has no value`)
      return [key, value]
    }),
  )
}
const stringify = (value: Ini, ...more: unknown[]): string => {
  assert.equal(more, [])
  return Object.entries(value)
    .map(pair => `${pair.join('=')}\n`)
    .join('')
}
const ini = { parse, stringify }

function given(content: string | Uint8Array): string {
  const file = join(scratch(), 'file')
  writeFileSync(file, content)
  return file
}

holds(
  '`change` gets what `parse` returns, of its type, and the file holds what `stringify` makes of the new value',
  async () => {
    const file = given('a=1\n')
    const next: Ini | undefined = await updateFile(file, old => ({ ...old, b: old?.a ?? '' }), ini)
    assert.equal(next, { a: '1', b: '1' })
    assert.is(read(file), 'a=1\nb=1\n')
    assert.equal(
      updateFile.sync(file, () => undefined, ini),
      { a: '1', b: '1' },
    )
    const none = join(file, '../none')
    assert.equal(await updateFile(none, async (old = { new: 'x' }) => old, ini), { new: 'x' })
    assert.equal(await updateFile([file, none], ([a, b]) => [b, a], ini), [{ new: 'x' }, { a: '1', b: '1' }])
    assert.equal([file, none].map(read), ['new=x\n', 'a=1\nb=1\n'])
  },
)

holds('bytes are parsed and printed as well, and a text in any encoding', async () => {
  const file = given(serialize(new Map([['a', 1n]])))
  const bytes = {
    encoding: 'buffer',
    parse: deserialize as (from: Buffer) => Map<string, bigint>,
    stringify: serialize,
  } as const
  const next = await updateFile(file, old => old && new Map([...old, ['b', 2n]]), bytes)
  assert.equal(next?.get('b'), 2n)
  assert.equal(deserialize(readFileSync(file)), next)
  assert.equal(await updateFile(file, () => undefined, bytes), next)
  writeFileSync(file, 'é=ü\n', 'latin1')
  assert.equal(await updateFile(file, old => old, { ...ini, encoding: 'latin1' }), { é: 'ü' })
  assert.is(readFileSync(file, 'latin1'), 'é=ü\n')
})

holds('a byte order mark is kept, and not parsed', async () => {
  for (const encoding of ['utf8', 'utf16le'] as const) {
    const file = given(Buffer.from('\uFEFFa=1\n', encoding))
    assert.equal(await updateFile(file, old => ({ ...old, b: '2' }), { ...ini, encoding }), { a: '1', b: '2' })
    const marked = { parse, stringify: (value: Ini) => `\uFEFF${stringify(value)}`, encoding }
    await updateFile(file, old => old, marked)
    assert.is(readFileSync(file, encoding), '\uFEFFa=1\nb=2\n')
  }
})

holds('an error of `parse` names the file, and is the cause; one of `stringify` comes out as it is', async () => {
  const file = given('a=1\nb\n')
  const error = await assert.rejects(
    updateFile(file, () => ({}), ini),
    {
      code: 'ERR_INVALID_CONTENT',
      name: 'SyntaxError',
      message: /file: line 2 has no value$/,
    },
  )
  assert.is((error as NodeJS.ErrnoException).path, file)
  assert.instance(error.cause, RangeError)
  const strings = { parse: () => Promise.reject(new Error('nobody hears of it')), stringify: String }
  await assert.rejects(
    updateFile(file, () => undefined, strings as never),
    { code: 'ERR_INVALID_RETURN_VALUE' },
  )
  const mine = new Error('mine')
  const fails = {
    parse: String,
    stringify: () => {
      throw mine
    },
  }
  assert.is(await updateFile(file, () => 'x', fails).catch(caught => caught), mine)
  const wrong = { parse: String, stringify: (() => 5) as never }
  await assert.rejects(
    updateFile(file, () => 'x', wrong),
    { code: 'ERR_INVALID_RETURN_VALUE', message: /"stringify"/ },
  )
  assert.is(read(file), 'a=1\nb\n')
  assert.is(lock.holder.sync(file), undefined)
})

holds('a value that was changed in its place, and not returned, is an error', async () => {
  const file = given('a=1\n')
  const forgets = (old: Ini | undefined) => {
    if (old) old.a = '2'
    return undefined
  }
  await assert.rejects(updateFile(file, forgets, ini), { code: 'ERR_INVALID_RETURN_VALUE', message: /changed in its/ })
  const bytes = {
    encoding: 'buffer',
    parse: (from: Buffer) => [...from],
    stringify: (to: number[]) => Uint8Array.from(to),
  } as const
  await assert.rejects(
    updateFile(file, old => void old?.push(1), bytes),
    { code: 'ERR_INVALID_RETURN_VALUE' },
  )
  assert.is(read(file), 'a=1\n')
})

holds('bad formats are refused before anything is done', () =>
  assertRefusesBadInput(updateFile as never, scratch(), [
    [['x', String, { parse }], 'ERR_INVALID_ARG_VALUE'],
    [['x', String, { stringify }], 'ERR_INVALID_ARG_VALUE'],
    [['x', String, { parse: 'yaml', stringify }], 'ERR_INVALID_ARG_TYPE'],
    [['x', String, { parse, stringify: true }], 'ERR_INVALID_ARG_TYPE'],
    [['x', String, { json: true, parse, stringify }], 'ERR_INVALID_ARG_VALUE'],
  ]),
)

// ---- Files that can be read only ----

if (!canBeAnother()) holds.skip('a directory that is shut', 'it takes root, and a user who can read this package')
else
  holds('in a directory that is shut nothing is locked, and what is not to change can be read', () => {
    const dir = scratch()
    writeFileSync(join(dir, 'file'), '{"n":1}')
    mkdirSync(join(dir, 'open'))
    for (const path of [join(dir, 'open'), join(dir, 'open/other')]) {
      if (path.endsWith('other')) writeFileSync(path, '{"n":2}')
      chmodSync(path, 0o777)
    }
    chmodSync(dir, 0o755)
    const { said } = asUser(`
      const [file, other] = ['file', 'open/other'].map(name => ${JSON.stringify(`${dir}/`)} + name)
      const tell = async (what) => console.log(JSON.stringify(await what.catch(e => [e.code, e.syscall, e.published, /lock is needed/.test(e.message)])))
      const json = { json: true }
      await tell(holdfast.updateFile(file, (old, { fence }) => void console.log(old.n, fence), json))
      await tell(holdfast.updateFile(file, async old => undefined, json))
      console.log(holdfast.updateFile.sync(file, () => undefined, json).n)
      await tell(holdfast.updateFile(file, old => ({ n: old.n + 1 }), json))
      await tell(holdfast.updateFile([file, other], ([a, b], { fences }) => [undefined, { n: a.n + b.n, f: fences.map(Boolean) }], json))
      await tell(holdfast.updateFile([other, file], ([b, a]) => [a, b], json))
      await tell(holdfast.updateFile(file + '.none', old => old))
      await tell(holdfast.updateFile(file, () => { throw Object.assign(new Error(), { code: 'mine' }) }))`)
    assert.equal(said.split('\n'), [
      ...['1 0', '{"n":1}', '{"n":1}', '1', '["EACCES","mkdir",false,true]'],
      ...[
        '[{"n":1},{"n":3,"f":[false,true]}]',
        '["EACCES","mkdir",false,true]',
        'undefined',
        '["mine",null,false,false]',
        '',
      ],
    ])
    assert.equal([read(join(dir, 'file')), readdirSync(dir)], ['{"n":1}', ['file', 'open']])
  })

if (!canBeAnother())
  holds.skip('a file in a directory that is shut', 'it takes root, and a user who can read this package')
else
  holds(
    'a file in a directory that is shut is written in its place, under a lock elsewhere, if that is allowed',
    () => {
      const dir = scratch()
      chmodSync(dir, 0o755)
      for (const name of ['shut', 'locks']) mkdirSync(join(dir, name))
      chmodSync(join(dir, 'locks'), 0o777)
      for (const name of ['one', 'two']) {
        writeFileSync(join(dir, 'shut', name), '0')
        chmodSync(join(dir, 'shut', name), 0o666)
      }
      const { said } = asUser(`
      const [one, two] = ['one', 'two'].map(name => ${JSON.stringify(join(dir, 'shut/'))} + name)
      const lockDir = ${JSON.stringify(join(dir, 'locks'))}
      const add = old => String(Number(old) + 1)
      const tell = what => what.then(done => console.log(String(done)), ({ code }) => console.log(code))
      await tell(holdfast.updateFile(one, add, { lockDir }))
      const options = { lockDir, inPlace: 'when-needed' }
      await Promise.all(Array.from({ length: 20 }, () => holdfast.updateFile(one, async old => add(old), options)))
      await tell(holdfast.updateFile([two, one], olds => olds.map(add), options))
      await tell(holdfast.updateFile([two, one], olds => olds.map(add), { ...options, lockDir: undefined, lockPath: lockDir + '/x' }))`)
      assert.is(said, 'EACCES\n1,21\n2,22\n')
      assert.equal([readdirSync(join(dir, 'shut')), read(join(dir, 'shut/one'))], [['one', 'two'], '22'])
    },
  )

const isRoot = process.getuid?.() === 0 && process.platform === 'linux'
if (!isRoot) holds.skip('what is mounted', 'it takes root on Linux')
else {
  holds('on a mount that is read-only, what is not to change is read, beside a lock or without one', async () => {
    const room = scratch()
    const [dir, seen] = [join(room, 'dir'), join(room, 'seen')]
    for (const path of [dir, seen]) mkdirSync(path)
    writeFileSync(join(dir, 'file'), 'text')
    const mount = (...args: string[]) => assert.is(spawnSync('mount', args).status, 0)
    mount('--bind', dir, seen)
    mount('-o', 'remount,bind,ro', seen)
    try {
      for (const isLocked of [false, true]) {
        if (isLocked) await updateFile(join(dir, 'file'), () => 'text')
        assert.is(await updateFile(join(seen, 'file'), () => undefined), 'text')
        assert.is(
          updateFile.sync(join(seen, 'file'), () => undefined),
          'text',
        )
        const changing = updateFile(join(seen, 'file'), () => 'new')
        await assert.rejects(changing, { code: 'EROFS', message: /lock is needed/ })
      }
    } finally {
      spawnSync('umount', [seen])
    }
    assert.is(read(join(dir, 'file')), 'text')
  })

  holds('a file that is mounted is written in its place if that is allowed', async () => {
    const dir = scratch()
    const [file, under] = [join(dir, 'file'), join(dir, 'under')]
    writeFileSync(file, '')
    writeFileSync(under, '{"n":1}')
    assert.is(spawnSync('mount', ['--bind', under, file]).status, 0)
    try {
      const add = (old: { n: number } = { n: 0 }) => ({ n: old.n + 1 })
      await assert.rejects(updateFile(file, add, { json: true }), { code: 'EBUSY', message: /inPlace/ })
      const { ino } = statSync(file)
      const options = { json: true, inPlace: 'when-needed' } as const
      const adding = Array.from({ length: 20 }, () => updateFile(file, add, options))
      await Promise.all(adding)
      updateFile.sync(file, add, options)
      assert.equal([read(file), read(under), statSync(file).ino], ['{"n":22}', '{"n":22}', ino])
      assert.equal(readdirSync(dir), ['file', 'file.lock', 'under'])
    } finally {
      spawnSync('umount', [file])
    }
  })
}

holds('a promise that stringify returns is refused, and its rejection does not end the process', async () => {
  const path = join(scratch(), 'file')
  const stringify = (() => Promise.reject(new Error('own'))) as never
  await assert.rejects(
    updateFile(path, () => 'x', { parse: String, stringify }),
    { code: 'ERR_INVALID_RETURN_VALUE' },
  )
  await new Promise(resolve => setTimeout(resolve, 20))
})
