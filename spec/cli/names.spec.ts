// `holdfast mv`, `cp`, `rm`, `mkdir`, `ln`, `empty`, `scratch`, `sweep` and `probe`, as processes.

import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cli, ends, node, oddName, privateNames, startCli, untilTerm, untilThere } from '../support/cli.js'
import { assert, canBeAnother, holds, raced, scratch, userId } from '../support/kit.js'

const read = (file: string): string => readFileSync(file, 'utf8')

holds('mv: never replaces without -f', async () => {
  const dir = scratch()
  const [a, b, full] = [join(dir, 'a'), oddName(dir), join(dir, 'full')]
  writeFileSync(a, 'a')
  await ends(0, ['mv', a, b])
  writeFileSync(a, 'new')
  assert.match((await ends(1, ['mv', a, b])).err, /there already/)
  assert.equal([read(a), read(b)], ['new', 'a'])
  await ends(0, ['mv', '-f', a, b])
  assert.is(read(b), 'new')
  mkdirSync(join(full, 'in'), { recursive: true })
  assert.is.not((await cli(['mv', '-f', b, full])).status, 0)
  await ends(0, ['mv', '--with-gap', b, full])
  await ends(66, ['mv', b, full])
  await ends(0, ['mv', '-p', full, join(dir, 'x', 'y')])
  await ends(0, ['mv', '--', join(dir, 'x'), `${dir}/-z`])
  assert.equal(readdirSync(dir), ['-z'])
})

raced('mv: of several that move to one name, one ends with 0, and the others with 1', async () => {
  const dir = scratch()
  for (let nth = 0; nth < 4; nth++) writeFileSync(join(dir, `${nth}`), `${nth}`)
  const all = await Promise.all([0, 1, 2, 3].map(nth => cli(['mv', join(dir, `${nth}`), join(dir, 'to')])))
  assert.equal(all.map(({ status }) => status).sort(), [0, 1, 1, 1])
  assert.is(read(join(dir, 'to')), `${all.findIndex(({ status }) => status === 0)}`)
  assert.is(readdirSync(dir).length, 4)
})

holds('cp: copies trees; -n ends with 1 where something is there', async () => {
  const dir = scratch()
  const [from, to] = [join(dir, 'from'), join(dir, 'to')]
  mkdirSync(from)
  writeFileSync(oddName(from), 'text')
  await ends(0, ['cp', '-t', from, to])
  assert.is(read(oddName(to)), 'text')
  assert.is(Math.trunc(statSync(oddName(to)).mtimeMs), Math.trunc(statSync(oddName(from)).mtimeMs))
  await ends(1, ['cp', '-n', oddName(from), oddName(to)])
  await ends(66, ['cp', join(dir, 'none'), to])
})

holds('mkdir, rm, empty and ln: what is so already is no failure', async () => {
  const dir = scratch()
  const [deep, link] = [join(dir, 'a', 'b'), join(dir, 'link')]
  await ends(0, ['mkdir', '-m', '700', deep, deep])
  assert.is(statSync(deep).mode & 0o777, 0o700)
  await ends(0, ['ln', '-s', 'a/b', link])
  await ends(0, ['ln', '-s', 'a/b', link])
  await ends(1, ['ln', '-s', 'other', link])
  await ends(0, ['ln', '-sf', 'other', link])
  assert.is(readlinkSync(link), 'other')
  writeFileSync(join(deep, 'one'), '')
  await ends(0, ['ln', join(deep, 'one'), join(dir, 'two')])
  assert.is(statSync(join(dir, 'two')).nlink, 2)
  await ends(0, ['empty', deep])
  assert.equal(readdirSync(deep), [])
  await ends(0, ['rm', join(dir, 'a'), join(dir, 'none'), link])
  assert.equal(readdirSync(dir), ['two'])
})

holds('scratch: the directory is there for the program, and gone afterwards, whatever ends it', async () => {
  const dir = scratch()
  const script = `const dir = process.env.HOLDFAST_DIR; require('fs').writeFileSync('in', '')
    console.log(require('fs').realpathSync(dir) === process.cwd()); process.exitCode = 3`
  const { out } = await ends(3, ['scratch', '--in', dir, '--cd', ...node(script)])
  assert.is(out, 'true\n')
  const running = startCli(['scratch', '--in', dir, ...untilTerm(join(dir, 'up'))])
  await untilThere(join(dir, 'up'))
  running.child.kill('SIGHUP')
  assert.is((await running.ended).signal, 'SIGHUP')
  assert.equal(readdirSync(dir), ['up'])
})

holds('sweep: prints what it removes; with -0, each name ends with a NUL', async () => {
  const dir = scratch()
  const file = join(dir, 'f')
  const open = startCli(['write', file])
  open.child.stdin?.write('x')
  while (privateNames(dir).length === 0) await new Promise(resolve => setTimeout(resolve, 10))
  assert.is((await ends(0, ['sweep', dir])).out, '')
  open.child.kill('SIGKILL')
  await open.ended
  const [name] = privateNames(dir)
  assert.is((await ends(0, ['sweep', '--dry-run', dir])).out, `${name}\n`)
  assert.is((await ends(0, ['sweep', '-r0', '--grace=1h', dir])).out, `${name}\0`)
  assert.equal([(await ends(0, ['sweep', '--json', dir])).out, readdirSync(dir)], ['[]\n', []])
})

holds('probe: prints what the filesystem keeps; 1 if it does not keep what is required', async () => {
  const dir = scratch()
  const [words, json] = await Promise.all([ends(0, ['probe', dir]), ends(0, ['probe', '--json', dir])])
  assert.match(words.out, /^atomicRename +yes$/m)
  assert.is(JSON.parse(json.out).atomicRename, true)
  const { err } = await ends(64, ['probe', '--require', 'atomicRenames', dir])
  assert.match(err, /the nearest is 'atomicRename'/)
  assert.equal(readdirSync(dir), [])
})

holds('a reader of the output that has gone is no failure', async () => {
  const dir = scratch()
  const { child, ended } = startCli(['probe', dir], { input: '' })
  child.stdout?.destroy()
  const { status, err } = await ended
  assert.equal([status, err], [0, ''])
})

if (canBeAnother())
  holds('as an ordinary user: what is refused ends with 77, and nothing is changed', async () => {
    const dir = scratch()
    writeFileSync(join(dir, 'f'), '')
    await ends(77, ['rm', join(dir, 'f')], { uid: userId })
    await ends(77, ['mv', join(dir, 'f'), join(dir, 'g')], { uid: userId })
    assert.ok(lstatSync(join(dir, 'f')).isFile())
  })
else holds.skip('as an ordinary user: what is refused ends with 77, and nothing is changed', 'no other user to become')
