// An attacker swaps names below a root for links to what is outside, as fast as it can, while root works there by the
// functions of `within`. What is counted is what came to harm outside, and what was read from there.

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Table from 'cli-table3'
import { type Within, within } from 'holdfast'
import { drive, driveSync, type Steps } from 'holdfast/steps'
import { whileAttacked } from '../support/attacker.js'
import { assert, canBeAnother, memory, note, raced, scratch, sized, userId } from '../support/kit.js'
import { stepsOf } from './acts.js'
import { naive } from './naive.js'

interface Field {
  /** Where a tree is laid out, out of the attacker's reach. */
  readonly ready: string
  readonly root: string
  readonly held: string
  readonly outside: string
}

/** Of an ordinary user; or of root, sticky, and for everybody. */
type Owner = 'user' | 'sticky'

function layField(owner: Owner): Field {
  const dir = scratch(memory)
  chmodSync(dir, 0o755)
  const field = {
    ready: join(dir, 'ready'),
    root: join(dir, 'root'),
    held: join(dir, 'held'),
    outside: join(dir, 'outside'),
  }
  for (const one of [field.ready, field.root, field.held]) mkdirSync(one)
  chownSync(field.held, userId, userId)
  if (owner === 'user') chownSync(field.root, userId, userId)
  else chmodSync(field.root, 0o1777)
  mkdirSync(field.outside)
  layTree(field.outside, 'secret', 0)
  return field
}

const dirs = ['a', 'a/b', 'a/b/tree', 'a/b/tree/in', 'a/b/f.lock']
const files = ['f', 'a/f', 'a/b/f', 'a/b/tree/x', 'a/b/tree/.x.gone-0-0.0123456789abcdef.holdfast', 'a/b/tree/in/x']

function layTree(top: string, content: string, owner: number): void {
  for (const dir of dirs) mkdirSync(join(top, dir))
  for (const file of files) writeFileSync(join(top, file), content)
  for (const one of [...dirs, ...files]) chownSync(join(top, one), owner, owner)
  // With the mark of ours: without it, it would be another package's lock, and waited for.
  chmodSync(join(top, 'a/b/f.lock'), 0o4755)
}

/** Below the root only what is at its top is put there: a name further down may lead anywhere at that moment. */
function layAgain({ ready, root }: Field): void {
  if (readdirSync(ready).length === 0) layTree(ready, 'inside', userId)
  for (const name of ['a', 'f'])
    try {
      if (!lstatSync(join(root, name), { throwIfNoEntry: false })) renameSync(join(ready, name), join(root, name))
      else if (name === 'f') rmSync(join(ready, name), { force: true })
    } catch {}
  if (readdirSync(ready).includes('a')) return
  rmSync(ready, { recursive: true, force: true })
  mkdirSync(ready)
}

function toldOf(dir: string): string {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => {
      const there = lstatSync(join(dir, name))
      return [name, there.mode, there.uid, there.nlink, there.isFile() && readFileSync(join(dir, name), 'utf8')].join()
    })
    .join('\n')
}

/** The attacker's turn: each name is swapped for a link, and back, some times. What root has made in one aside stays there. */
const attackOn = ({ held, outside }: Field): string => `
  Error.stackTraceLimit = 0
  globalThis.spoilt ??= 0
  for (const name of ${JSON.stringify(['a/b', ...dirs, ...files])})
    for (let times = 0; times < 20; times++) {
      const [at, aside] = [dir + '/' + name, '${held}/' + spoilt]
      if (!tried(() => renameSync(at, aside))) break
      if (tried(() => symlinkSync('${outside}/' + name, at))) swaps++
      tried(() => unlinkSync(at))
      if (tried(() => renameSync(aside, at))) continue
      tried(() => rmSync(aside, { recursive: true, force: true }))
      spoilt++
    }`

interface Count {
  calls: number
  returned: number
  harmed: number
  stolen: number
  swaps: number
}

/** What a copy, a move or a link was made of is at the top of the root, where nothing is swapped. */
function isStolen(root: string): boolean {
  try {
    const fd = openSync(join(root, 'new'), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      return readFileSync(fd, 'utf8').includes('secret')
    } finally {
      closeSync(fd)
    }
  } catch {
    return false
  }
}

/** A directory that root has made, because the attacker had the other aside, is one that the attacker cannot swap. */
const isOfRoot = (root: string): boolean =>
  ['a', 'a/b'].some(name => lstatSync(join(root, name), { throwIfNoEntry: false })?.uid === 0)

/** A lock whose release the attacker has prevented is held for ever. */
const brief = { timeout: 200 }

/** Enough came to harm. */
const enough = Symbol('enough')

type Begin = (field: Field, dir: Within) => Steps<unknown>

async function attack(acts: readonly Begin[], owner: Owner, ms: number, untilHarmed = false): Promise<Count> {
  const field = layField(owner)
  const { root, outside } = field
  const before = toldOf(outside)
  const count: Count = { calls: 0, returned: 0, harmed: 0, stolen: 0, swaps: 0 }
  using dir = within.sync(root)
  const victim = async (turn: number): Promise<void> => {
    if (untilHarmed && count.harmed + count.stolen > 0) throw enough
    const old = turn % 10 === 0 || isOfRoot(root) ? readdirSync(root) : ['new']
    for (const name of old)
      try {
        dir.remove.sync(name, { retryFor: 20 })
      } catch {}
    layAgain(field)
    count.calls++
    try {
      const steps = (acts[turn % acts.length] as Begin)(field, dir)
      const value = await (turn & 1 ? driveSync(steps, brief) : drive(steps, brief))
      count.returned++
      if (String(value).includes('secret')) count.stolen++
    } catch (error) {
      const { code, errno } = error as NodeJS.ErrnoException
      // The attacker may make a call fail: that is no harm.
      if (errno === undefined && code === undefined) throw error
    }
    if (isStolen(root)) count.stolen++
    if (toldOf(outside) === before) return
    count.harmed++
    rmSync(outside, { recursive: true, force: true })
    mkdirSync(outside)
    layTree(outside, 'secret', 0)
  }
  try {
    const { swaps } = await whileAttacked({ dir: root, victim: outside, attack: attackOn(field), ms }, victim)
    return { ...count, swaps }
  } catch (error) {
    if (error !== enough) throw error
    return count
  }
}

/** How often names are swapped beside each function, at full size. */
const leastSwaps = 100_000

const table = new Table({ head: ['function', 'swaps', 'calls', 'succeeded', 'harmed', 'read'] })

const sumOf = (counts: readonly Count[]): Count =>
  counts.reduce((sum, one) => ({
    calls: sum.calls + one.calls,
    returned: sum.returned + one.returned,
    harmed: sum.harmed + one.harmed,
    stolen: sum.stolen + one.stolen,
    swaps: sum.swaps + one.swaps,
  }))

const say = (what: string, { calls, returned, harmed, stolen, swaps }: Count): void =>
  note(`${what}: ${swaps} swaps, ${calls} calls, ${returned} succeeded, ${harmed} harmed, ${stolen} stolen outside`)

if (process.platform !== 'linux' || !canBeAnother())
  raced.skip('an attacker that swaps names for links', 'it takes root on Linux, and a checkout that others may read')
else {
  type Group = readonly [name: string, acts: readonly Begin[]]
  const each = Object.entries(stepsOf).map(([name, steps]): Group => [name, [(_, dir) => steps(dir)]])
  const together: readonly Group[] = [['every function in turn', each.flatMap(([, acts]) => acts)]]
  for (const [name, acts] of sized(together, each))
    raced(`${name}: beside an attacker that swaps names for links, nothing outside is touched or read`, async () => {
      const counts: Count[] = []
      for (const owner of ['user', 'sticky'] as const) {
        const count = await attack(acts, owner, sized(5_000, 30_000))
        say(`${name}, ${owner}`, count)
        counts.push(count)
      }
      const { calls, returned, harmed, stolen, swaps } = sumOf(counts)
      table.push([name, swaps, calls, returned, harmed, stolen])
      assert.equal([harmed, stolen], [0, 0])
      assert.ok(swaps > sized(500, leastSwaps) && returned > 20, JSON.stringify(counts))
    })
  raced('the attacks, function by function', () => note(String(table)))

  for (const [name, steps] of Object.entries(naive))
    raced(`the attacker leads ${name} out if its path is resolved, compared and then used`, async () => {
      const count = await attack([({ root }) => steps(root)], 'user', sized(20_000, 60_000), true)
      say(name, count)
      assert.ok(count.harmed + count.stolen > 0)
    })
}
