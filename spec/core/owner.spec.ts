import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { dual, fs, type Steps } from 'holdfast/steps'
import { judge, spellSelf, spellThread, type Witness } from '../../lib/core/owner.js'
import { assert, holds } from '../support/kit.js'

const self = dual(function* self(): Steps<string> {
  return yield* fs.self()
})
const alive = dual(function* alive(owner: string): Steps<boolean | undefined> {
  return yield* fs.alive(owner)
})

const stat = (pid: number, born: number, state = 'S') =>
  `${pid} (a (strange) name) ${[state, ...Array(18).fill(1), born, 5].join(' ')}`

/** The evidence of a Linux machine: its processes, and when they were born. */
function machine({
  boot = 'boot',
  namespace = 'pid:[1]',
  pid = 10,
  processes = { 10: stat(10, 100) } as Record<number, string>,
  proc = String(pid),
  worker = undefined as number | undefined,
  threads = {} as Record<string, string>,
} = {}): Witness {
  return {
    platform: 'linux',
    pid,
    worker,
    text: path => {
      if (path.endsWith('boot_id')) return boot
      if (path === '/proc/thread-self/stat') return Object.values(threads)[0]
      if (path.includes('/task/')) return threads[path.slice('/proc/'.length, -'/stat'.length)]
      return processes[path === '/proc/self/stat' ? pid : Number(path.split('/')[2])]
    },
    link: path => {
      if (path === '/proc/thread-self') return Object.keys(threads)[0]
      return path === '/proc/self' ? proc : namespace
    },
    exists: one => one in processes || Object.keys(threads).some(name => name.endsWith(`/${one}`)),
  }
}

holds('a running process lives, and is not alive once it has ended', async () => {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `const { dual, fs } = await import(${JSON.stringify(new URL('../../lib/steps.js', import.meta.url).href)})
     console.log(await dual(function* () { return yield* fs.self() })())
     process.stdin.resume().on('end', () => process.exit())`,
  ])
  const [said] = await once(child.stdout, 'data')
  const owner = String(said).trim()
  assert.match(owner, /^[a-z0-9]+-[a-z0-9]+-[a-z0-9]+$/)
  assert.is.not(owner, self.sync())
  assert.is(alive.sync(owner), process.platform === 'linux' ? true : undefined)
  assert.is(await alive(self.sync()), true)
  child.stdin.end()
  await once(child, 'close')
  assert.is(alive.sync(owner), false)
})

holds('a pid that is used again is not the owner', () => {
  const me = machine()
  const mine = spellSelf(me)
  const other = spellSelf(machine({ pid: 20, processes: { 20: stat(20, 200) } }))
  assert.is(judge(mine, mine, me), true)
  const both = (it: string) => machine({ processes: { 10: stat(10, 100), 20: it } })
  assert.is(judge(other, mine, both(stat(20, 200))), true)
  assert.is(judge(other, mine, both(stat(20, 201))), false)
  assert.is(judge(other, mine, both(stat(20, 200, 'Z'))), false)
  assert.is(judge(other, mine, me), false)
})

holds('a worker is dead when its thread has ended, though its process lives, and never before', () => {
  const me = machine()
  const mine = spellSelf(me)
  assert.is(spellThread(mine, me), mine)
  const thread = (born: number, state?: string) => ({ '10/task/12': stat(12, born, state) })
  const worker = spellThread(mine, machine({ worker: 3, threads: thread(150) }))
  assert.is(worker, `${mine}-${(12).toString(36)}-${(150).toString(36)}`)
  assert.is(judge(worker, mine, machine({ threads: thread(150) })), true)
  assert.is(judge(worker, mine, machine({ threads: thread(151) })), false)
  assert.is(judge(worker, mine, machine({ threads: thread(150, 'X') })), false)
  assert.is(judge(worker, mine, me), false)
  // The id is that of another process now.
  assert.is(judge(worker, mine, machine({ processes: { 10: stat(10, 100), 12: stat(12, 150) } })), undefined)
  const other = machine({ pid: 20, processes: { 10: stat(10, 100), 20: stat(20, 200) }, threads: thread(150) })
  assert.is(judge(worker, spellSelf(other), other), true)
  const later = machine({ pid: 20, processes: { 20: stat(20, 200) }, threads: thread(150) })
  assert.is(judge(worker, spellSelf(later), later), false)
})

holds('where the id of a thread cannot be read, the worker lives as long as its process', () => {
  const hidden = machine({ worker: 3, proc: '999' })
  const mine = spellSelf(hidden)
  const worker = spellThread(mine, hidden)
  assert.is(worker, `${mine}-0-3`)
  assert.is(judge(worker, mine, hidden), true)
  const other = machine({ pid: 20, processes: { 20: stat(20, 200) } })
  assert.is(judge(worker, spellSelf(other), other), false)
})

holds('who lives elsewhere, or cannot be seen, is not judged', () => {
  const me = machine()
  const mine = spellSelf(me)
  const sameNumbers = { pid: 20, processes: { 20: stat(20, 200) } }
  assert.is(judge(spellSelf(machine({ ...sameNumbers, boot: 'earlier' })), mine, me), undefined)
  assert.is(judge(spellSelf(machine({ ...sameNumbers, namespace: 'pid:[2]' })), mine, me), undefined)
  const other = spellSelf(machine(sameNumbers))
  const hidden = machine({ processes: { 10: stat(10, 100), 20: '' } })
  assert.is(judge(other, mine, hidden), undefined)
  // /proc belongs to another pid namespace: its pid 20 is another process.
  const foreign = machine({ proc: '999', processes: { 10: stat(10, 100), 20: stat(20, 555) } })
  assert.is(judge(other, mine, foreign), undefined)
  for (const odd of ['', 'x', '-', 'a-b', `${mine.split('-')[0]}--`, `${mine.split('-')[0]}-0-0`])
    assert.is(judge(odd, mine, me), undefined, odd)
})

const unshare = process.getuid?.() === 0 && spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0
if (!unshare) holds.skip('two pid namespaces', 'it takes root, and unshare')
else
  holds('two processes with one pid, in two pid namespaces, are two owners', () => {
    const script = `const { dual, fs } = await import(${JSON.stringify(new URL('../../lib/steps.js', import.meta.url).href)})
      console.log(process.pid, dual(function* () { return yield* fs.self() }).sync(), dual(function* (o) { return yield* fs.alive(o) }).sync(process.argv[1]))`
    const run = (mount: string[]) =>
      spawnSync(
        'unshare',
        ['--pid', '--fork', ...mount, process.execPath, '--input-type=module', '-e', script, self.sync()],
        {
          encoding: 'utf8',
        },
      )
        .stdout.trim()
        .split(' ')
    const [one, two, third] = [run(['--mount-proc']), run(['--mount-proc']), run([])]
    assert.equal([one[0], two[0], third[0]], ['1', '1', '1'])
    assert.is(new Set([one[1], two[1], third[1], self.sync()].map(owner => owner?.replace(/-.*-/, '-'))).size, 4)
    assert.equal([one[2], two[2], third[2]], ['undefined', 'undefined', 'undefined'])
  })
