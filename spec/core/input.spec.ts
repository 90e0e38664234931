// What callers may pass, whatever function they call: the names of options, signals of other realms, modes of `stat`.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import type * as holdfast from 'holdfast'
import { cell, createExclusive, lock, mkdirp, updateFile, writeFile, writeFiles } from 'holdfast'
import type * as contents from 'holdfast/content'
import { dual, fs, type Steps } from 'holdfast/steps'
import type * as stores from 'holdfast/store'
import { race } from 'holdfast/testing'
import { nearest, optionNames } from '../../lib/core/option-names.js'
import { cases, treeCases } from '../support/cases.js'
import { assert, holds, scratch } from '../support/kit.js'
import { told } from '../support/planted.js'
import { isWine } from '../windows/flavour.js'

type Values<T> = T[keyof T]
/** Every public function that is made by `dual`, those inside others as well. */
type Functions =
  | Values<typeof holdfast>
  | Values<typeof holdfast.cell>
  | Values<stores.Store<unknown>>
  | Values<contents.ContentStore>
  | Values<stores.Limiter>
  | Values<typeof stores>
  | Values<Pick<typeof holdfast.lock, 'try' | 'holder' | 'shared' | 'holders' | 'break'>>
type Last<A extends unknown[]> = Required<A> extends [...unknown[], infer L] ? L : never
type OptionsOf<F> = F extends { steps(...args: infer A): unknown } ? Last<A> : never
type KeysOf<O> = O extends object ? keyof O : never
type Taken = KeysOf<OptionsOf<Functions>>
type Declared = (typeof optionNames)[number]
/** These lines do not compile if an option type has a name that the list lacks, or the list one that no type has. */
export const missing: Record<Exclude<Taken, Declared>, never> = {}
export const unused: Record<Exclude<Declared, Taken>, never> = {}
/** Nor does this one if a function takes anything at all, because then the two lines above say nothing. */
export const isExact: string extends Taken ? never : true = true

const all = [...cases, ...treeCases]
const across = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

function laid({ lay }: (typeof all)[number]): [dir: string, across: string] {
  const dirs: [string, string] = [scratch(), scratch(across)]
  lay?.(...dirs)
  return dirs
}

async function refusalOf(call: () => unknown): Promise<{ code?: string; message: string }> {
  try {
    await call()
  } catch (error) {
    return error as Error
  }
  return { message: 'it was taken' }
}

holds('an option that no function knows is refused by each, in every form, before anything is done', async () => {
  const unknown = { flag: 'a' } as object
  for (const one of all) {
    const dirs = laid(one)
    const before = dirs.map(told)
    for (const form of ['call', 'sync'] as const) {
      const { code, message } = await refusalOf(() => one[form](...dirs, unknown))
      assert.is(code, 'ERR_INVALID_ARG_VALUE', `${one.name}, ${form}: ${message}`)
      assert.match(message, /"options\.flag" is unknown/)
    }
    assert.equal(dirs.map(told), before, one.name)
  }
  const log = join(scratch(), 'log')
  writeFileSync(log, 'old\n')
  for (const call of [
    () => writeFile.steps(log, 'new\n', unknown).next(),
    () => writeFiles.steps([[log, 'new\n']], unknown).next(),
    () => createExclusive.steps(log, 'new\n', unknown).next(),
    () => updateFile.steps(log, () => 'new\n', unknown).next(),
    () => lock.try(log, unknown),
    () => lock.try.sync(log, unknown),
    () => lock.holder(log, unknown),
    () => lock.steps(log, unknown).next(),
    () => cell.load(log, unknown),
  ])
    assert.is((await refusalOf(call)).code, 'ERR_INVALID_ARG_VALUE', String(call))
  assert.is(readFileSync(log, 'utf8'), 'old\n')
})

holds('an options object may serve several calls: each takes the names that any of them knows', async () => {
  const every = Object.fromEntries(optionNames.map(name => [name, undefined]))
  assert.type(await mkdirp(join(scratch(), 'x'), every), 'string')
  // The cases have options of their own.
  for (const name of ['replace', 'durability', 'kind', 'grace', 'maxAge', 'read']) delete every[name]
  // Wine makes no links.
  const needLinks = ['symlink', 'publishDirectory']
  for (const one of cases.filter(({ name }) => !isWine || !needLinks.includes(name))) {
    const dirs = laid(one)
    await one.call(...dirs, every)
    assert.is(one.state(...dirs), 'new', one.name)
  }
  const own = dual(function* own(options: { readonly flag?: string } = {}): Steps<unknown> {
    return yield* fs.settle(options.flag)
  })
  assert.is(await own({ flag: 'a' }), 'a', 'a function of the user’s has options of its own')
  assert.is(own.sync({ flag: 'a' }), 'a')
})

holds('the refusal names the nearest name that exists, and a refused state names its properties', async () => {
  const hints: Record<string, string> = {
    overWrite: 'overwrite',
    durabilty: 'durability',
    parent: 'parents',
    timeOut: 'timeout',
  }
  for (const [given, name] of Object.entries(hints)) {
    assert.is(nearest(given, optionNames), name)
    const { message } = await refusalOf(() => mkdirp(join(scratch(), 'x'), { [given]: 1 }))
    assert.match(message, new RegExp(`"options.${given}" is unknown.*"${name}"`))
  }
  const dir = scratch()
  const { message } = await refusalOf(() => cell.create(join(dir, 'c'), { field: ['a'] } as object))
  assert.match(message, /"next\.field" is unknown.*"fields"/)
  assert.equal(readdirSync(dir), [])
})

/** An `AbortController` that is no instance of this realm's classes, as jsdom has one. */
function foreignController(): AbortController {
  return runInContext(
    `class Signal {
       aborted = false; reason = undefined; heard = new Set()
       addEventListener(type, listener) { this.heard.add(listener) }
       removeEventListener(type, listener) { this.heard.delete(listener) }
     }
     class Controller {
       signal = new Signal()
       abort(reason) {
         Object.assign(this.signal, { aborted: true, reason })
         for (const listener of [...this.signal.heard]) listener.call(this.signal, { type: 'abort' })
       }
     }
     new Controller()`,
    createContext({}),
  )
}

holds('a signal of another realm is taken, and nothing goes on listening to it', async () => {
  const dir = scratch()
  const late = foreignController()
  const { signal } = late
  const { heard } = signal as unknown as { heard: Set<unknown> }
  assert.not(signal instanceof AbortSignal)
  await using _held = await lock(join(dir, 'a'), { signal })
  assert.is(heard.size, 0)
  const waits = lock(join(dir, 'a'), { signal })
  setTimeout(() => late.abort('enough'), 20)
  const error = await assert.rejects(waits, { code: 'ABORT_ERR' })
  assert.is(error.cause, 'enough')
  assert.is(heard.size, 0)
  for (const one of all) {
    const dirs = laid(one)
    assert.is((await refusalOf(() => one.call(...dirs, { signal }))).code, 'ABORT_ERR', one.name)
    assert.is((await refusalOf(() => one.sync(...dirs, { signal }))).code, 'ABORT_ERR', `${one.name}, sync`)
  }
  const began = performance.now()
  const stop = foreignController()
  setTimeout(() => stop.abort(new Error('stopped')), 20)
  const idle = join(dir, 'idle.mjs')
  writeFileSync(idle, 'setInterval(() => {}, 1000)')
  const runs = race(idle, { dir, cast: { nobody: 1 }, signal: stop.signal })
  await assert.rejects(runs, { message: /stopped/ })
  assert.ok(performance.now() - began < 30_000)
})

holds('what only looks like a signal is refused', async () => {
  const bad = [{}, null, 'aborted', { aborted: false }, { aborted: 0, addEventListener() {}, removeEventListener() {} }]
  for (const signal of bad) {
    const refused = await refusalOf(() => mkdirp(join(scratch(), 'x'), { signal: signal as unknown as AbortSignal }))
    assert.is(refused.code, 'ERR_INVALID_ARG_TYPE')
  }
})

holds('a mode may be what stat says, with the type of the file', async () => {
  const dir = scratch()
  const at = (name: string) => join(dir, name)
  writeFileSync(at('file'), '')
  mkdirSync(at('dir'))
  chmodSync(at('file'), 0o640)
  chmodSync(at('dir'), 0o750)
  const [file, directory] = [statSync(at('file')).mode, statSync(at('dir')).mode]
  assert.ok(file > 0o7777 && directory > 0o7777)
  await writeFile(at('written'), 'x', { mode: file })
  await createExclusive(at('created'), 'x', { mode: file })
  await updateFile(at('updated'), () => 'x', { mode: file })
  await writeFile(at('as-text'), 'x', { mode: '100640' })
  await mkdirp(at('made'), { mode: directory })
  for (const name of ['written', 'created', 'updated', 'as-text']) assert.is(statSync(at(name)).mode, file, name)
  assert.is(statSync(at('made')).mode, directory)
})
