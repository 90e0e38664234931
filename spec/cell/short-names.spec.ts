// Where names have at most 143 bytes, as on eCryptfs, a state remembers fewer of those before it.

import { basename, join } from 'node:path'
import { cell, lock, type State } from 'holdfast'
import { type Call, dual, fs, release, renew, type Steps } from 'holdfast/steps'
import { spellState } from '../../lib/cell/state.js'
import { withoutClock } from '../../lib/core/owner-words.js'
import { heldFields, parseLock } from '../../lib/lock/token.js'
import { wantOf } from '../../lib/lock/turn/want.js'
import { through } from '../broken/interfere.js'
import { deadPid } from '../support/dead-owner.js'
import { assert, holds, scratch } from '../support/kit.js'
import { layLock, stateOf } from '../support/locks.js'

const mostBytes = 143
let refused = 0

function refuseLong(call: Call): Call {
  const isLong = call.args.some(arg => typeof arg === 'string' && Buffer.byteLength(basename(arg)) > mostBytes)
  if (!isLong) return call
  refused++
  throw Object.assign(new Error(`ENAMETOOLONG: name too long, ${call.op} '${call.args[0]}'`), {
    code: 'ENAMETOOLONG',
    errno: -36,
    syscall: call.op,
    path: call.args[0],
    dest: call.args[1],
  })
}

const run = dual(<T>(steps: Steps<T>) => through(steps, refuseLong)) as <T>(steps: Steps<T>) => Promise<T>

const nameOf = (path: string): string => spellState(stateOf(path))

holds('a cell whose names are too long goes on with shorter ones, and finds that out once', async () => {
  const path = join(scratch(), 'one.lock')
  const next = (nth: number) => ({ fields: [`${nth}`.padStart(72, '0')] })
  let now = (await run(cell.create.steps(path, next(1)))) as State
  refused = 0
  let before = now
  for (let nth = 2; nth < 12; nth++) {
    before = now
    now = (await run(cell.swap.steps(path, before, next(nth)))) as State
    assert.equal(now, stateOf(path.slice(0, -'.lock'.length)))
    assert.is(now.lineage[0], before.nonce)
  }
  assert.equal([now.lineage.length, refused], [2, 1])
  assert.is(await run(cell.swap.steps(path, before, next(0))), undefined)
})

holds('a name that is too long whatever it leaves out is an error that names the cell', async () => {
  const path = join(scratch(), 'one')
  const first = (await run(cell.create.steps(path, { fields: ['1'] }))) as State
  const next = { fields: ['0'.repeat(70)], data: 'some', keepData: false }
  const refusing = dual(() =>
    through(cell.swap.steps(path, first, next), call =>
      call.op === 'rename' ? refuseLong({ ...call, args: [call.args[0], 'x'.repeat(200)] }) : call,
    ),
  )
  const error = (await assert.rejects(refusing(), { code: 'ENAMETOOLONG' })) as NodeJS.ErrnoException
  assert.equal(await cell.read(path), first)
  assert.ok(!error.message.includes(first.nonce))
})

holds('there, a lock is taken, renewed, released, taken over, and wanted', async () => {
  const path = join(scratch(), 'thing')
  const first = await run(lock.steps(path))
  for (let nth = 0; nth < 5; nth++) await run(renew(first))
  await run(release(first))
  const known = refused
  let { fence } = first
  for (let nth = 0; nth < 3; nth++) {
    const one = await run(lock.steps(path))
    assert.is(one.fence, fence + 1)
    await run(renew(one))
    assert.ok(nameOf(path).length > 100 && nameOf(path).length <= mostBytes)
    await run(release(one))
    fence = one.fence
  }
  assert.ok(known > 0 && refused === known)
})

const me = dual(function* me() {
  return yield* fs.thread()
})

holds('there, one takes over from a dead holder', async () => {
  const path = join(scratch(), 'thing')
  const [clock, place] = (await me()).split('-')
  const owner = `${clock}-${place}-${deadPid().toString(36)}-3ty87-1dvtv0n8j4-0-0`
  layLock(path, heldFields({ fence: 5, owner, id: '0123456789abcdef', staleMs: 15_000 }, 0))
  const one = await run(lock.steps(path))
  assert.is(one.fence, 6)
  await run(release(one))
})

holds('there, a call that waits is the next', async () => {
  const path = join(scratch(), 'thing')
  const mine = await run(lock.steps(path))
  for (let nth = 0; nth < 5; nth++) await run(renew(mine))
  const other = mine.owner.replace(/^(\w+-\w+-)\w+/, '$1zz')
  const waits = dual(function* waits() {
    return yield* through(lock.steps(path), call =>
      call.op === 'thread' ? { op: 'settle', args: [other] } : refuseLong(call),
    )
  })
  const waiter = waits()
  const want = () => wantOf(parseLock('', stateOf(path)))
  while (!want()) await new Promise(resolve => setTimeout(resolve, 5))
  assert.is(want()?.who, withoutClock(other))
  await run(renew(mine))
  await run(release(mine))
  assert.is((await waiter).fence, mine.fence + 1)
})
