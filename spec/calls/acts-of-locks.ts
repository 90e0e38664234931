// The functions that keep others out, or agree with others on a state.

import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, getOrCreate, lock, type NextState, updateFile, withLock } from 'holdfast'
import type { Dual } from 'holdfast/steps'
import { type Act, type Form, inForm, patience } from './act.js'
import { newText, oldText } from './acts-of-files.js'

const at = (dir: string, name: string): string => join(dir, name)
const nothing = (): void => {}

/** Beats often, so that heartbeats fail, too. */
const often = { ...patience, stale: 1_000, heartbeat: 2 }
/** What may come out when a lock is lost, or nobody can say whether it is held. */
export const documented = ['ERR_UNKNOWN_OUTCOME', 'ERR_LEASE_LOST']

function lockAndRelease(dir: string, form: Form): unknown {
  if (form === 'sync') return lock.sync(at(dir, 'file'), patience).release.sync()
  return lock(at(dir, 'file'), patience).then(lease => lease.release())
}

function shareAndRelease(dir: string, form: Form): unknown {
  if (form === 'sync') return lock.shared.sync(at(dir, 'file'), patience).release.sync()
  return lock.shared(at(dir, 'file'), patience).then(lease => lease.release())
}

const plantShared = (dir: string): void => lock.shared.sync(at(dir, 'file')).release.sync()

const lockTwo = (dir: string, form: Form): unknown =>
  inForm(withLock, form)([at(dir, 'file'), at(dir, 'other')], () => {}, patience)

const plantLock = (dir: string): void => lock.sync(at(dir, 'file')).release.sync()

/** Takes long enough for a heartbeat. */
export const work = (form: Form) => (): unknown =>
  form === 'sync' ? 'done' : new Promise(resolve => setTimeout(resolve, 8, 'done'))

const fill = (stage: string): void => {
  writeFileSync(join(stage, 'one'), oldText)
  writeFileSync(join(stage, 'two'), newText)
}

/** Reads the state, and swaps it for another. */
function swap(dir: string, form: Form, next: NextState): unknown {
  const path = at(dir, 'cell')
  const orAnother = (done: unknown) => done !== undefined
  if (form === 'sync') {
    const was = cell.read.sync(path, patience)
    return orAnother(was ? cell.swap.sync(path, was, next, patience) : cell.create.sync(path, next, patience))
  }
  return cell
    .read(path, patience)
    .then(was => (was ? cell.swap(path, was, next, patience) : cell.create(path, next, patience)))
    .then(orAnother)
}

/** Clears the cell, whatever is in it. */
function clear(dir: string, form: Form): unknown {
  const path = at(dir, 'cell')
  if (form === 'promise') return cell.read(path, patience).then(was => was && cell.clear(path, was, patience))
  const was = cell.read.sync(path, patience)
  return was && cell.clear.sync(path, was, patience)
}

const plantCell = (dir: string): void => void cell.create.sync(at(dir, 'cell'), { fields: ['a'], data: oldText })

function plantTombstone(dir: string): void {
  cell.create.sync(at(dir, 'cell'), { fields: ['a'], data: oldText, gone: true })
}

/** The types of `updateFile` lack the forms of a call of which only one is known when it is made. */
type UpdateTwo = Dual<[string[], (olds: unknown[]) => unknown[], object], unknown>

export const actsOfLocks: readonly Act[] = [
  { name: 'lock', plant: nothing, call: lockAndRelease, becomes: {}, documented },
  { name: 'lock-again', plant: plantLock, call: lockAndRelease, becomes: {}, documented },
  { name: 'lock-shared', plant: nothing, call: shareAndRelease, becomes: {}, documented },
  { name: 'lock-after-readers', plant: plantShared, call: lockAndRelease, becomes: {}, documented },
  { name: 'lock-two', plant: plantLock, call: lockTwo, becomes: {}, documented },
  {
    name: 'withLock',
    plant: plantLock,
    call: (dir, form) => inForm(withLock, form)(at(dir, 'file'), work(form), often),
    becomes: {},
    returns: ['done'],
    documented,
    // Heartbeats come when they come.
    varies: true,
    repeats: true,
  },
  {
    name: 'updateFile',
    plant: dir => writeFileSync(at(dir, 'file'), oldText),
    call: (dir, form) =>
      inForm(updateFile, form)(at(dir, 'file'), (old: string | undefined) => old && newText, patience),
    becomes: { file: newText },
    documented,
  },
  {
    name: 'updateFile-two',
    plant(dir) {
      for (const name of ['a', 'b']) writeFileSync(at(dir, name), oldText)
    },
    call: (dir, form) =>
      inForm(updateFile as UpdateTwo, form)(
        [at(dir, 'b'), at(dir, 'a')],
        (olds: unknown[]) => olds.map(old => old && newText),
        patience,
      ),
    piecewise: true,
    becomes: { a: newText, b: newText },
    documented,
  },
  {
    name: 'getOrCreate',
    plant: nothing,
    call: (dir, form) => inForm(getOrCreate, form)(at(dir, 'file'), () => newText, { ...patience, durability: 'full' }),
    becomes: { file: newText },
    documented: [...documented, 'ERR_NO_HARD_LINKS'],
  },
  {
    name: 'getOrCreate-invalid',
    plant: dir => writeFileSync(at(dir, 'file'), oldText),
    call: (dir, form) =>
      inForm(getOrCreate, form)(at(dir, 'file'), (stage: string) => writeFileSync(stage, newText), {
        ...patience,
        refresh: true,
      }),
    becomes: { file: newText },
    documented,
  },
  {
    name: 'getOrCreate-old',
    plant(dir) {
      writeFileSync(at(dir, 'file'), oldText)
      utimesSync(at(dir, 'file'), 1, 1)
    },
    call: (dir, form) =>
      inForm(getOrCreate, form)(at(dir, 'file'), () => newText, { ...patience, maxAge: 3_600_000, read: 'utf8' }),
    becomes: { file: newText },
    documented,
  },
  {
    name: 'getOrCreate-directory',
    plant: nothing,
    call: (dir, form) =>
      inForm(getOrCreate<'directory'>, form)(at(dir, 'made'), fill, {
        ...patience,
        kind: 'directory',
        durability: 'full',
      }),
    becomes: { made: '/', 'made/one': oldText, 'made/two': newText },
    documented,
  },
  {
    name: 'cell-create',
    plant: nothing,
    call: (dir, form) => swap(dir, form, { fields: ['b'], data: newText }),
    becomes: { cell: `live b ${newText}` },
    // A second state of the same meaning may come of a reply that was lost.
    returns: [true],
    documented,
  },
  {
    name: 'cell-swap',
    plant: plantCell,
    call: (dir, form) => swap(dir, form, { fields: ['b'], data: newText }),
    becomes: { cell: `live b ${newText}` },
    returns: [true],
    documented,
    syncsFirst: true,
  },
  {
    name: 'cell-keep',
    plant: plantCell,
    call: (dir, form) => swap(dir, form, { fields: ['b'], keepData: true }),
    becomes: { cell: `live b ${oldText}` },
    returns: [true],
    documented,
  },
  {
    name: 'cell-load',
    plant: plantCell,
    call: (dir, form) => inForm(cell.load, form)(at(dir, 'cell'), patience),
    becomes: { cell: `live a ${oldText}` },
  },
  {
    name: 'cell-clear',
    plant: plantTombstone,
    call: clear,
    becomes: {},
    documented,
    syncsFirst: true,
  },
  {
    name: 'cell-clear-live',
    plant: plantCell,
    call: clear,
    becomes: {},
    // Where it cannot be known whether a reply may be lost, it is a tombstone first.
    meanwhile: [{ cell: 'gone a ' }],
    documented,
    syncsFirst: true,
  },
]
