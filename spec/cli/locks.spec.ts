// `holdfast lock`, `holder`, `break` and `single`, as processes.

import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { lock } from 'holdfast'
import { cli, ends, node, oddName, privateNames, startCli, untilTerm, untilThere } from '../support/cli.js'
import { assert, holds, scratch } from '../support/kit.js'

const place = (): string => join(scratch(), 'l')

holds('lock: the status, the output and the input are those of the program, which gets the fencing token', async () => {
  const path = oddName(scratch())
  const script = `process.stdin.pipe(process.stdout); process.stdin.on('end', () => {
    console.log(process.env.HOLDFAST_FENCE > 0, process.argv[1]); process.exitCode = 7 })`
  const { out, err } = await ends(7, ['lock', path, ...node(script), '--', '-x'], { input: 'in\n' })
  assert.is(out, 'in\ntrue -x\n')
  assert.is(err, '')
  assert.ok(existsSync(`${path}.lock`))
  assert.is(await lock.holder(path), undefined)
})

holds('lock: held: 1 with -n, 124 with -w, or what -E says; and it is said by whom', async () => {
  const path = place()
  await using _ = await lock(path, { label: 'the spec' })
  const touch = node(`require('fs').writeFileSync(${JSON.stringify(`${path}-touched`)}, '')`)
  const [no, other, late, lateOther, quiet] = await Promise.all([
    ends(1, ['lock', '-n', path, ...touch]),
    ends(9, ['lock', '-nE9', path, ...touch]),
    ends(124, ['lock', '-w', '100ms', path, ...touch]),
    ends(3, ['lock', '--wait=.1', '-E', '3', path, ...touch]),
    ends(1, ['lock', '-qn', path, ...touch]),
  ])
  // A call whose time has passed does not always come to read who holds it.
  for (const { err } of [late, lateOther]) assert.match(err, /^holdfast lock: The /)
  for (const { err } of [no, other]) assert.match(err, new RegExp(`held by process ${process.pid}.*the spec`))
  assert.is(quiet.err, '')
  assert.not.ok(existsSync(`${path}-touched`))
})

holds('lock: a program that cannot be run ends with 127 or 126, and the lock is free', async () => {
  const path = place()
  await ends(127, ['lock', path, '--', 'no-such-program'])
  await ends(126, ['lock', path, '--', scratch()])
  assert.is(await lock.holder(path), undefined)
})

holds('lock: signals are handed on, and the program decides', async () => {
  const path = place()
  const { child, ended } = startCli(['lock', path, ...untilTerm(`${path}-up`)])
  await untilThere(`${path}-up`)
  assert.is((await lock.holder(path))?.pid, child.pid)
  child.kill('SIGTERM')
  assert.is((await ended).status, 5)
  assert.is(await lock.holder(path), undefined)
})

holds('lock: a program that a signal ends ends the command in the same way, and the lock is free', async () => {
  const path = place()
  const { child, ended } = startCli(['lock', path, ...untilTerm(`${path}-up`)])
  await untilThere(`${path}-up`)
  child.kill('SIGINT')
  assert.is((await ended).signal, 'SIGINT')
  // It came from elsewhere, so this is a status, as shells have it.
  await ends(137, ['lock', path, ...node(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`)])
  assert.is(await lock.holder(path), undefined)
})

holds('lock: a signal while it waits ends it at once, and nothing is left', async () => {
  const path = place()
  await using _ = await lock(path)
  const { child, ended } = startCli(['lock', '-v', path, ...node('')])
  await once(child.stderr as Readable, 'data')
  child.kill('SIGINT')
  assert.is((await ended).signal, 'SIGINT')
  assert.match((await ended).err, /waiting for process/)
  assert.equal(privateNames(join(path, '..')), [])
})

holds('lock: when the lock is lost, the program gets SIGTERM and then SIGKILL; the status is 70', async () => {
  const [path, deaf] = [place(), place()]
  const last = `require('fs').writeFileSync(${JSON.stringify(`${path}-end`)}, '')`
  const options = ['--stale', '2s', '--kill-after', '100ms']
  const lost = startCli(['lock', ...options, '--kill-after=1m', path, ...untilTerm(`${path}-up`, last)])
  const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)
    require('fs').writeFileSync(${JSON.stringify(`${deaf}-up`)}, '')`
  const killed = startCli(['lock', ...options, deaf, ...node(script)])
  await Promise.all([untilThere(`${path}-up`), untilThere(`${deaf}-up`)])
  const [line] = [await ends(0, ['holder', '--json', path])]
  const fence = `${JSON.parse(line.out).fence}`
  await ends(1, ['break', '--fence', `${Number(fence) + 1}`, path])
  await ends(0, ['break', '--fence', fence, path])
  await lock.break(deaf, { fence: (await lock.holder(deaf))?.fence ?? 0 })
  const all = await Promise.all([lost.ended, killed.ended])
  for (const { status, err } of all) {
    assert.is(status, 70)
    assert.match(err, /^holdfast lock: .*broken/)
  }
  assert.ok(existsSync(`${path}-end`))
})

holds('lock: several share it, or have slots', async () => {
  const path = place()
  await using _ = await lock.shared(path)
  await ends(0, ['lock', '-n', '--shared', path, ...node('')])
  await ends(1, ['lock', '-n', path, ...node('')])
  const { out } = await ends(0, ['lock', '--holders=2', place(), ...node('console.log(process.env.HOLDFAST_SLOT)')])
  assert.is(out, '1\n')
})

holds('holder: says who holds the lock; 1 if it is free', async () => {
  const path = place()
  assert.is((await ends(1, ['holder', path])).out, '')
  await using lease = await lock(path, { label: 'l\u001b[31m' })
  const { out } = await ends(0, ['holder', path])
  assert.match(out, new RegExp(`^process ${process.pid}.* \\(l\\?\\[31m\\), fence ${lease.fence}\n$`))
})

holds('single: the first runs its program; others get what it has published, and 1', async () => {
  const path = place()
  const first = startCli(['single', '--data', '{"port":80}', path, ...untilTerm(`${path}-up`)])
  await untilThere(`${path}-up`)
  const [other, json] = await Promise.all([
    ends(1, ['single', path, ...node('')]),
    ends(4, ['single', '-q', '-E4', '--json', path, ...node('')]),
  ])
  assert.is(other.out, '{"port":80}\n')
  assert.match(other.err, new RegExp(`runs already: process ${first.child.pid}`))
  const { holder, data } = JSON.parse(json.out)
  assert.equal([holder.pid, data, json.err], [first.child.pid, { port: 80 }, ''])
  first.child.kill('SIGTERM')
  assert.is((await first.ended).status, 5)
  await ends(6, ['single', path, ...node('process.exitCode = 6')])
  await ends(127, ['single', path, '--', 'no-such-program'])
  assert.is(await lock.holder(path), undefined)
})

holds('what is wrong with a command line is said before anything is done, and ends with 64', async () => {
  const dir = scratch()
  const path = join(dir, 'l')
  const wrong: [RegExp, string[]][] = [
    [/no command 'lokc' \(lock\?\)/, ['lokc']],
    [/operand is missing: PATH/, ['lock']],
    [/too many operands: PATH \(the program/, ['lock', path, 'true']],
    [/program to run is missing/, ['lock', path]],
    [/nothing stands behind --/, ['lock', path, '--']],
    [/Unknown option '--no-such'/, ['lock', '--no-such', path, ...node('')]],
    [/--wait: '5 parsecs' is no duration/, ['lock', '-w', '5 parsecs', path, ...node('')]],
    [/--kill-after: 'x' is no duration/, ['lock', '--kill-after=x', path, ...node('')]],
    [/--exit-code: '256' is no integer from 0 to 255/, ['lock', '-E256', path, ...node('')]],
    [/--data: /, ['single', '--data={', path, ...node('')]],
    [/--fence is missing/, ['break', path]],
  ]
  const all = await Promise.all(wrong.map(([, line]) => ends(64, line)))
  all.forEach(({ err, out }, at) => {
    assert.match(err, wrong[at]?.[0] as RegExp)
    assert.is(out, '')
  })
  assert.equal(privateNames(dir), [])
  assert.not.ok(existsSync(`${path}.lock`))
})

holds('help and version', async () => {
  const [all, one, none, version] = await Promise.all([
    ends(0, ['--help']),
    ends(0, ['lock', '--help']),
    ends(0, []),
    cli(['--version']),
  ])
  assert.is(all.out, none.out)
  assert.match(all.out, /\n {2}lock +Runs a program/)
  assert.match(one.out, /^Usage: holdfast lock \[-n\] \[-w DUR\] .* PATH -- CMD \[ARG...\]\n/)
  const { version: its } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  assert.is(version.out, `${its}\n`)
})
