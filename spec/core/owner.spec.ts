import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { dual, fs, type Steps } from 'holdfast/steps'
import { judge, spellSelf, spellThread, type Witness } from '../../lib/core/owner.js'
import { shareClock } from '../../lib/core/owner-words.js'
import { assert, holds } from '../support/kit.js'

const self = dual(function* self(): Steps<string> {
  return yield* fs.self()
})
const alive = dual(function* alive(owner: string): Steps<boolean | undefined> {
  return yield* fs.alive(owner)
})

const stat = (pid: number, born: number, state = 'S', { threads = 1, image = 0 } = {}) =>
  `${pid} (a (strange) name) ${[state, ...Array(16).fill(1), threads, 0, born, ...Array(5).fill(5), image].join(' ')}`

/** The evidence of a Linux machine: its processes, and when they were born. */
function machine({
  boot = 'boot',
  namespace = 'pid:[1]',
  time = 'time:[1]',
  bornMs = 7000,
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
    bornMs,
    text: path => {
      if (path.endsWith('boot_id')) return boot
      if (path === '/proc/thread-self/stat') return Object.values(threads)[0]
      if (path.includes('/task/')) return threads[path.slice('/proc/'.length, -'/stat'.length)]
      return processes[path === '/proc/self/stat' ? pid : Number(path.split('/')[2])]
    },
    link: path => {
      if (path === '/proc/thread-self') return Object.keys(threads)[0]
      if (path === '/proc/self') return proc
      return path.endsWith('/time') ? time : namespace
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
  const main = spellThread(mine, me)
  assert.match(main, new RegExp(`^[0-9a-z]{10}-${mine}-0-0-0$`))
  assert.is(judge(main, mine, me), true)
  const thread = (born: number, state?: string) => ({ '10/task/12': stat(12, born, state) })
  const worker = spellThread(mine, machine({ worker: 3, threads: thread(150) }))
  assert.is(worker, main.replace(/0-0$/, `${(12).toString(36)}-${(150).toString(36)}`))
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
  assert.match(worker, new RegExp(`-${mine}-0-0-3$`))
  assert.is(judge(worker, mine, hidden), true)
  const other = machine({ pid: 20, processes: { 20: stat(20, 200) } })
  assert.is(judge(worker, spellSelf(other), other), false)
})

holds('a process that has executed another program holds nothing any more, where its image can be read', () => {
  const before = machine({ processes: { 10: stat(10, 100, 'S', { image: 500 }) } })
  const after = machine({ processes: { 10: stat(10, 100, 'S', { image: 600 }) } })
  const mine = spellSelf(before)
  const owner = spellThread(mine, before)
  assert.is(judge(owner, mine, before), true)
  assert.is(judge(owner, spellSelf(after), after), false)
  const other = (image: number) =>
    machine({ pid: 20, processes: { 10: stat(10, 100, 'S', { image }), 20: stat(20, 200) } })
  assert.is(judge(owner, spellSelf(other(600)), other(600)), false)
  assert.is(judge(owner, spellSelf(other(0)), other(0)), true)
  assert.is(judge(mine, spellSelf(other(600)), other(600)), true)
})

holds('a process whose first thread has ended lives as long as another of its threads', () => {
  const owner = spellSelf(machine())
  const seen = (threads: number) =>
    machine({ pid: 20, processes: { 10: stat(10, 100, 'Z', { threads }), 20: stat(20, 200) } })
  assert.is(judge(owner, spellSelf(seen(3)), seen(3)), true)
  assert.is(judge(owner, spellSelf(seen(1)), seen(1)), false)
})

holds('where no birth can be read, a process knows that one with its own pid was another before', () => {
  const [before, restarted, again] = [7_000, 90_000, 90_001].map(bornMs => machine({ processes: {}, bornMs }))
  const [first, second, third] = [before, restarted, again].map(one =>
    spellThread(spellSelf(one as Witness), one as Witness),
  )
  const self = spellSelf(restarted as Witness)
  assert.is(judge(first as string, self, restarted as Witness), false)
  assert.is(judge(second as string, self, restarted as Witness), true)
  // Another copy of the package, which has read the clocks at another moment.
  assert.is(judge(third as string, self, restarted as Witness), true)
})

holds('without a boot id two namespaces are two places, and a place shows life, but never death', () => {
  const hidden = { boot: '' }
  const me = machine(hidden)
  const mine = spellSelf(me)
  const sameNumbers = { pid: 20, processes: { 10: stat(10, 100), 20: stat(20, 200) }, ...hidden }
  const other = spellSelf(machine(sameNumbers))
  assert.is(judge(other, mine, machine({ ...sameNumbers, pid: 10 })), true)
  assert.is(judge(other, mine, me), undefined)
  for (const elsewhere of [{ namespace: 'pid:[2]' }, { time: 'time:[2]' }])
    assert.is(judge(spellSelf(machine({ ...sameNumbers, ...elsewhere })), mine, me), undefined)
  assert.not(shareClock(spellThread(mine, me), spellThread(mine, me), 'linux'))
})

holds('processes of one boot and one time namespace read one clock', () => {
  const spell = (where: Parameters<typeof machine>[0]) => spellThread(spellSelf(machine(where)), machine(where))
  const me = spell({})
  assert.ok(shareClock(me, spell({ namespace: 'pid:[2]' }), 'linux'))
  for (const elsewhere of [{ time: 'time:[2]' }, { boot: 'earlier' }])
    assert.not(shareClock(me, spell(elsewhere), 'linux'))
  assert.not(shareClock(me, me, 'darwin'))
  assert.not(shareClock('a-1-2', 'a-1-2', 'linux'))
})

holds('who lives elsewhere, or cannot be seen, is not judged', () => {
  const me = machine()
  const mine = spellSelf(me)
  const sameNumbers = { pid: 20, processes: { 20: stat(20, 200) } }
  assert.is(judge(spellSelf(machine({ ...sameNumbers, boot: 'earlier' })), mine, me), undefined)
  assert.is(judge(spellSelf(machine({ ...sameNumbers, namespace: 'pid:[2]' })), mine, me), undefined)
  assert.is(judge(spellSelf(machine({ ...sameNumbers, time: 'time:[2]' })), mine, me), undefined)
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
