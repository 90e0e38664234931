// `holdfast write`, `update`, `once` and `append`, as processes.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lock } from 'holdfast'
import { ends, node, oddName, privateNames, startCli, untilTerm, untilThere } from '../support/cli.js'
import { assert, canBeAnother, holds, scratch, userId } from '../support/kit.js'

const read = (file: string): string => readFileSync(file, 'utf8')
const place = (): string => join(scratch(), 'f')
const print = (text: string): string[] => node(`process.stdout.write(${JSON.stringify(text)})`)
const failing = node(`process.stdout.write('half'); process.exitCode = 3`)

holds('write: from stdin, or from a program that ends with 0; of another nothing is left', async () => {
  const file = oddName(scratch())
  await ends(0, ['write', '-m', '640', file], { input: 'one' })
  assert.is(read(file), 'one')
  assert.is(statSync(file).mode & 0o777, 0o640)
  await ends(0, ['write', file, ...print('two')])
  await ends(3, ['write', file, ...failing])
  await ends(127, ['write', file, '--', 'no-such-program'])
  assert.is(read(file), 'two')
  assert.equal(readdirSync(dirname(file)).length, 1)
})

holds('write: -n never replaces, and -p makes directories', async () => {
  const file = join(scratch(), 'a', 'b')
  const { err } = await ends(66, ['write', file], { input: 'x' })
  assert.match(err, /^holdfast write: ENOENT/)
  await ends(0, ['write', '-np', file], { input: 'first' })
  await ends(1, ['write', '-n', file], { input: 'second' })
  await ends(1, ['write', '-n', file, ...node(`require('fs').writeFileSync(${JSON.stringify(`${file}2`)}, '')`)])
  assert.is(read(file), 'first')
  assert.not.ok(existsSync(`${file}2`))
})

holds('write: a signal in the middle leaves the old file, and nothing beside it', async () => {
  const [file, piped] = [place(), place()]
  for (const one of [file, piped]) writeFileSync(one, 'old')
  const open = startCli(['write', piped])
  open.child.stdin?.write('new')
  const up = join(scratch(), 'up')
  const run = startCli(['write', file, ...untilTerm(up)])
  await untilThere(up)
  while (privateNames(dirname(piped)).length === 0) await new Promise(resolve => setTimeout(resolve, 10))
  open.child.kill('SIGINT')
  run.child.kill('SIGTERM')
  assert.is((await open.ended).signal, 'SIGINT')
  assert.is((await run.ended).status, 5)
  for (const one of [file, piped]) {
    assert.is(read(one), 'old')
    assert.equal(readdirSync(dirname(one)), ['f'])
  }
})

holds('update: the program changes what is there, or makes it; if it fails, nothing changes', async () => {
  const file = place()
  const plus = node(`let text = ''; process.stdin.on('data', data => text += data)
    process.stdin.on('end', () => process.stdout.write(String(Number(text) + 1)))`)
  await Promise.all([1, 2, 3].map(() => ends(0, ['update', file, ...plus])))
  assert.is(read(file), '3')
  await ends(3, ['update', file, ...failing])
  await ends(0, ['update', file, ...node(`process.stdout.write('no input was read')`)])
  assert.is(read(file), 'no input was read')
  await using _ = await lock(file)
  await ends(124, ['update', '-w', '100ms', file, ...plus])
})

holds('update: a program that takes longer than -w is ended', async () => {
  const file = place()
  await ends(124, ['update', '-w', '3s', file, ...node('setInterval(() => {}, 1000)')])
  assert.not.ok(existsSync(file))
})

holds('once: one of several runs the program; the others get the same', async () => {
  const file = place()
  const make = node(
    `require('fs').appendFileSync(${JSON.stringify(`${file}-runs`)}, 'x'); process.stdout.write('made')`,
  )
  const all = await Promise.all([1, 2, 3].map(() => ends(0, ['once', '--json', file, ...make])))
  assert.is(read(`${file}-runs`), 'x')
  assert.is(all.filter(({ out }) => JSON.parse(out).made).length, 1)
  await ends(3, ['once', '--refresh', file, ...failing])
  assert.is(read(file), 'made')
  await ends(0, ['once', '--validate', 'grep -q made', file, ...print('remade')])
  assert.is(read(file), 'made')
  await ends(0, ['once', '--validate', 'grep -q other', file, ...print('other')])
  assert.is(read(file), 'other')
})

holds('once: a directory is there whole, or not at all', async () => {
  const dir = place()
  const fill = (end: number) =>
    node(`const { join } = require('path'); console.log('remark')
      require('fs').writeFileSync(join(process.env.HOLDFAST_STAGE, 'in'), ''); process.exitCode = ${end}`)
  await ends(5, ['once', '-d', dir, ...fill(5)])
  assert.not.ok(existsSync(dir))
  assert.equal(privateNames(dirname(dir)), [])
  const { out, err } = await ends(0, ['once', '-d', dir, ...fill(0)])
  assert.equal([out, err, readdirSync(dir)], ['', 'remark\n', ['in']])
})

holds('append: each line of the input is one of the file', async () => {
  const file = place()
  await Promise.all(
    [1, 2].map(nth => ends(0, ['append', file], { input: `${nth}\n\n`.repeat(500).concat(`${nth} é`) })),
  )
  const lines = read(file).split('\n')
  assert.is(lines.pop(), '')
  assert.is(lines.length, 1002)
  assert.ok(lines.every(line => ['1', '2', '1 é', '2 é'].includes(line)))
  await ends(0, ['append', file, ...print('from a program\n')])
  assert.ok(read(file).endsWith('\nfrom a program\n'))
})

if (canBeAnother())
  holds('as an ordinary user: what is refused ends with 77', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'theirs'))
    await ends(77, ['write', join(dir, 'theirs', 'f')], { input: 'x', uid: userId })
  })
else holds.skip('as an ordinary user: what is refused ends with 77', 'no other user to become')
