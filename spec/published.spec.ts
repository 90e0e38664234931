// An error of a call that publishes a name says whether it did: `error.published`. Here every call of each function fails, is
// done and reports a failure, or is the moment of an abort, and what the error says is compared with what is there.

import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  cell,
  copy,
  createExclusive,
  type Durability,
  emplace,
  getOrCreate,
  link,
  move,
  symlink,
  updateFile,
  writeFile,
  writeFiles,
} from 'holdfast'
import { type Call, type Door, drive, dual, fs, door as realDoor, type SingleCall, type Steps } from 'holdfast/steps'
import { type Ending, explore } from 'holdfast/testing'
import type { State } from '../lib/cell/state.js'
import { opsThat } from '../lib/core/traits.js'
import { abortedAt, failingAt, through } from './broken/interfere.js'
import { assert, caught, explored, holds, note, scratch } from './support/kit.js'
import { until } from './support/left.js'
import { isWindows } from './windows/flavour.js'

const full = { durability: 'full' } as const

function setup(dir: string): void {
  for (const name of ['d', 'tree', 'tree/in', 'd/tree']) mkdirSync(join(dir, name))
  for (const name of ['source', 'tree/1', 'tree/in/2', 'd/old', 'd/tree/old']) writeFileSync(join(dir, name), name)
  cell.create.sync(join(dir, 'cell'), { fields: ['old'] })
  const gone = cell.create.sync(join(dir, 'gone'))
  if (gone) cell.swap.sync(join(dir, 'gone'), gone, { gone: true })
}

type At = (name: string) => string

interface Act {
  readonly steps: (at: At) => Steps<unknown>
  /** Is the name now what the act was to make it? */
  readonly given: (at: At) => boolean
}

const text = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
const reads =
  (name: string, content: string): Act['given'] =>
  at =>
    text(at(name)) === content
const isThere =
  (name: string): Act['given'] =>
  at =>
    existsSync(at(name))
const leads =
  (name: string): Act['given'] =>
  at =>
    (lstatSync(at(name), { throwIfNoEntry: false })?.isSymbolicLink() ?? false) && readlinkSync(at(name)) === 'x'

const stateOf = (path: string): State => cell.read.sync(path) as State

const fill = (stage: string): void => writeFileSync(join(stage, 'new'), 'new')

const acts: Readonly<Record<string, Act>> = {
  'writeFile of a new file': { steps: at => writeFile.steps(at('d/new'), 'new', full), given: reads('d/new', 'new') },
  'writeFile over another': { steps: at => writeFile.steps(at('d/old'), 'new', full), given: reads('d/old', 'new') },
  'writeFile with parents': {
    steps: at => writeFile.steps(at('d/1/2/new'), 'new', { ...full, parents: true }),
    given: isThere('d/1/2/new'),
  },
  writeFiles: {
    steps: at => writeFiles.steps(['1', '2'].map(name => [at(`d/${name}`), name] as const)),
    given: at => isThere('d/1')(at) || isThere('d/2')(at),
  },
  createExclusive: { steps: at => createExclusive.steps(at('d/new'), 'new', full), given: isThere('d/new') },
  emplace: { steps: at => emplace.steps(at('source'), at('d/old'), full), given: reads('d/old', 'source') },
  'emplace, if absent': {
    steps: at => emplace.steps(at('source'), at('d/new'), { ...full, ifAbsent: true }),
    given: isThere('d/new'),
  },
  link: { steps: at => link.steps(at('source'), at('d/new')), given: isThere('d/new') },
  'link, replacing': {
    steps: at => link.steps(at('source'), at('d/old'), { replace: true }),
    given: reads('d/old', 'source'),
  },
  symlink: { steps: at => symlink.steps('x', at('d/new'), full), given: leads('d/new') },
  'symlink, replacing': {
    steps: at => symlink.steps('x', at('d/old'), { ...full, replace: true }),
    given: leads('d/old'),
  },
  'copy of a file': { steps: at => copy.steps(at('source'), at('d/old'), full), given: reads('d/old', 'source') },
  'copy of a file, replacing nothing': {
    steps: at => copy.steps(at('source'), at('d/new'), { ...full, overwrite: false }),
    given: isThere('d/new'),
  },
  'copy of a tree': { steps: at => copy.steps(at('tree'), at('d/new')), given: isThere('d/new') },
  'move of a file': { steps: at => move.steps(at('source'), at('d/new'), full), given: isThere('d/new') },
  'move of a file, replacing': {
    steps: at => move.steps(at('source'), at('d/old'), { ...full, overwrite: true }),
    given: reads('d/old', 'source'),
  },
  'move of a directory': {
    steps: at => move.steps(at('tree'), at('d/new'), full),
    given: isThere('d/new/1'),
  },
  'move with a gap': {
    steps: at => move.steps(at('tree'), at('d/tree'), { ...full, overwrite: 'with-gap' }),
    given: isThere('d/tree/1'),
  },
  updateFile: { steps: at => updateFile.steps(at('d/old'), () => 'new', full), given: reads('d/old', 'new') },
  'getOrCreate of a file': {
    steps: at => getOrCreate.steps(at('d/new'), () => 'new', full),
    given: isThere('d/new'),
  },
  'getOrCreate of a file, anew': {
    steps: at => getOrCreate.steps(at('d/old'), () => 'new', { ...full, refresh: true }),
    given: reads('d/old', 'new'),
  },
  'getOrCreate of a directory, anew': {
    steps: at => getOrCreate.steps(at('d/tree'), fill, { ...full, kind: 'directory', refresh: true }),
    given: isThere('d/tree/new'),
  },
  'cell.create': { steps: at => cell.create.steps(at('d/cell'), {}, full), given: isThere('d/cell') },
  'cell.swap': {
    steps: at => cell.swap.steps(at('cell'), stateOf(at('cell')), { fields: ['new'], data: 'data' }, full),
    given: at => cell.read.sync(at('cell'))?.fields[0] === 'new',
  },
  'cell.clear': {
    steps: at => cell.clear.steps(at('gone'), stateOf(at('gone'))),
    given: at => cell.read.sync(at('gone')) === undefined,
  },
  'cell.clear of a live state': {
    steps: at => cell.clear.steps(at('cell'), stateOf(at('cell'))),
    // If that fails after it has become a tombstone, the cell was changed.
    given: at => cell.read.sync(at('cell'))?.gone !== false,
  },
}

const published = (error: unknown): unknown => (error as { published?: unknown }).published

/** Calls that no filesystem reports as failed after it has done them, or whose failure means nothing. */
const inward = opsThat('waits', 'inline', 'unfailing')

/** Runs the act again and again, disturbed at each call in turn. Returns what the errors said. */
async function disturbed(
  { steps, given }: Act,
  disturb: (k: number, steps: Steps<unknown>) => Promise<{ error?: unknown; call: Call | undefined; came: boolean }>,
  mayBeUnknown = false,
): Promise<unknown[]> {
  const said: unknown[] = []
  for (let k = 0; ; k++) {
    const dir = scratch()
    setup(dir)
    const at = (name: string) => join(dir, name)
    const { error, call, came } = await disturb(k, steps(at))
    if (!came) return said
    if (error === undefined) continue
    said.push(published(error))
    if (mayBeUnknown && published(error) === 'unknown') continue
    assert.is(published(error), given(at), `call ${k}, ${call?.op} ${call?.args[0]}: ${error}`)
  }
}

for (const [name, act] of Object.entries(acts)) {
  holds(`${name}: whichever call fails, the error says whether the name was published`, async () => {
    const said = await disturbed(act, (k, steps) => failingAt(k, steps, k % 2 ? 'sync' : 'promise'))
    assert.ok(said.length > 0, 'no error came out')
  })

  holds(`${name}: whenever it is aborted, the error says whether the name was published`, async () => {
    await disturbed(act, abortedAt)
  })
}

/** The k-th call is done, and reports a failure, as on a network that lost the reply. */
async function lyingAt(k: number, steps: Steps<unknown>) {
  let calls = 0
  let at: Call | undefined
  const lie = (call: Call): Call => {
    // Nothing here is local.
    if (call.op === 'local') return { op: 'settle', args: [false] }
    if (inward.has(call.op) || calls++ !== k) return call
    at = call
    const value = realDoor.performSync(call as SingleCall)
    if (call.op === 'open') realDoor.performSync({ op: 'close', args: [value] })
    throw Object.assign(new Error('EIO: a lost reply'), { code: 'EIO', errno: -5, syscall: call.op })
  }
  try {
    const run = dual(() => through(steps, lie))
    await run()
    return { call: at, came: at !== undefined }
  } catch (error) {
    return { error, call: at, came: at !== undefined }
  }
}

for (const [name, act] of Object.entries(acts))
  holds(
    `${name}: if a call is done and reports a failure, the error says the truth, or that it is unknown`,
    async () => {
      await disturbed(act, lyingAt, true)
    },
  )

/** Stops a call while it makes the call that is chosen, which goes on when the caller has its error. */
async function stoppedAt(
  path: string,
  isIt: (call: SingleCall) => boolean,
  { timeout, durability = 'full' }: { timeout?: number; durability?: Durability } = {},
) {
  const stop = new AbortController()
  let goOn: (() => void) | undefined
  const door: Door = {
    ...realDoor,
    perform(call, done) {
      // It may be tried again, as under Wine, where a file that is open cannot be renamed.
      if (goOn || !isIt(call)) return realDoor.perform(call, done)
      goOn = () => void realDoor.perform(call, done)
      if (timeout === undefined) stop.abort()
      return undefined
    },
  }
  const options = { door, ...(timeout === undefined ? { signal: stop.signal } : { timeout }) }
  const error = await drive(writeFile.steps(path, 'new', { durability }), options).catch(error => error)
  const { code, published } = error
  goOn?.()
  // When the steps have ended in the background, it knows.
  await until(() => error.published !== 'unknown')
  return [code, published, error.published]
}

holds('the error is unknown while what it is about is under way, and true as soon as that is known', async () => {
  const path = join(scratch(), 'f')
  const toPath = (call: SingleCall) => call.op === 'rename' && call.args[1] === path
  assert.equal(await stoppedAt(path, toPath), ['ABORT_ERR', 'unknown', true])
  assert.equal(await stoppedAt(path, toPath, { timeout: 3_000 }), ['ERR_TIMEOUT', 'unknown', true])
  // The rename is the last of their calls, so the steps do not fail.
  assert.equal(await stoppedAt(path, toPath, { durability: 'none' }), ['ABORT_ERR', 'unknown', true])
  assert.equal(await stoppedAt(path, call => call.op === 'fsync'), ['ABORT_ERR', 'unknown', false])
  let renamed = false
  const syncAfter = (call: SingleCall) => {
    renamed ||= toPath(call)
    return renamed && call.op === 'fsync'
  }
  // Windows syncs no directory.
  if (!isWindows) assert.equal(await stoppedAt(path, syncAfter), ['ABORT_ERR', true, true])
})

holds('in place, an error leaves it unknown, because a part may have been written', async () => {
  const lay = (dir: string) => {
    writeFileSync(join(dir, 'f'), 'old')
    linkSync(join(dir, 'f'), join(dir, 'g'))
  }
  const said = new Set<unknown>()
  for (let k = 0; ; k++) {
    const dir = scratch()
    lay(dir)
    const keep = { hardLinks: 'keep', inPlace: 'when-needed' } as const
    const { error, came } = await failingAt(k, writeFile.steps(join(dir, 'f'), 'new', keep))
    if (!came) break
    if (error === undefined) continue
    said.add(published(error))
    if (published(error) !== 'unknown') assert.is(text(join(dir, 'f')) !== 'old', published(error))
  }
  assert.equal([...said].sort(), [false, 'unknown'])
})

holds('an error of the caller’s function says it, too, and one that cannot be changed comes out as it is', async () => {
  const dir = scratch()
  const own = new Error('own')
  const frozen = Object.freeze(new Error('frozen'))
  type Run = (path: string, work: () => never) => Promise<unknown>
  for (const error of [own, frozen, 'text', null])
    for (const run of [updateFile, getOrCreate] as unknown as readonly Run[]) {
      const failing = run(join(dir, 'f'), () => {
        throw error
      })
      assert.is(await failing.catch((thrown: unknown) => thrown), error)
    }
  assert.equal([published(own), published(frozen)], [false, undefined])
})

holds('an error of onProgress says it: true if the report is about what is published', async () => {
  const dir = scratch()
  setup(dir)
  const at = (name: string) => join(dir, name)
  const large = Buffer.alloc(2 * 1024 * 1024, 'x')
  const calls: readonly [published: boolean, call: (options: object) => Promise<unknown>][] = [
    [true, options => writeFile(at('d/new'), 'new', options)],
    [false, options => writeFile(at('d/large'), large, options)],
    [true, options => writeFiles([[at('d/1'), '1']], options)],
    [true, options => copy(at('d/old'), at('copied'), options)],
    [true, options => emplace(at('d/old'), at('placed'), options)],
    [true, options => move(at('placed'), at('moved'), options)],
    [true, options => move(at('tree'), at('d/moved'), options)],
  ]
  for (const [expected, call] of calls) {
    const mine = new Error('mine')
    const onProgress = () => {
      throw mine
    }
    assert.is(await call({ onProgress }).catch((thrown: unknown) => thrown), mine)
    assert.is(published(mine), expected, String(call))
  }
  for (const name of ['d/new', 'd/1', 'copied', 'moved', 'd/moved']) assert.ok(existsSync(at(name)), name)
  assert.not(existsSync(at('d/large')))
})

holds('what is refused before the first step was not published, in every form', async () => {
  const path = join(scratch(), 'f')
  const refused: readonly ((options: object) => unknown)[] = [
    options => writeFile(path, 'x', options),
    options => writeFile.sync(path, 'x', options),
    options => writeFile.steps(path, 'x', options).next(),
    options => emplace(path, path, options),
    options => cell.create(path, {}, options),
    options => link.sync(path, path, options),
  ]
  for (const call of refused)
    for (const options of [{ flag: 'a' }, { flag: 'a', timeout: 5 }, { timeout: 'soon' }, null] as object[]) {
      const error = await (async () => call(options))().catch((thrown: unknown) => thrown)
      // The steps alone have no time-out.
      if (call === refused[2] && (options as { timeout?: unknown } | null)?.timeout === 'soon') continue
      assert.ok(error instanceof TypeError, `${call}: ${error}`)
      assert.is(published(error), false, String(call))
    }
  const badly = writeFile(5 as unknown as string, 'x').catch((thrown: unknown) => thrown)
  assert.is(published(await badly), false)
})

const afterAll =
  'explore: after a lost reply another call may replace the name, and the error still says that it was published'
explored(afterAll, () => {
  const players = (dir: string) => ({
    A: writeFile.steps(join(dir, 'f'), 'A', { durability: 'none' }),
    B: writeFile.steps(join(dir, 'f'), 'B', { durability: 'none' }),
  })
  let threw = 0
  const check = ({ log, outcomes }: Ending) => {
    for (const [name, outcome] of Object.entries(outcomes)) {
      if (outcome.how !== 'threw') continue
      // No rename fails here without being done.
      const given = log.some(({ player, op, args }) => player === name && op === 'rename' && args[1] === '/f')
      if (given) threw++
      assert.is(published(outcome.error), given)
    }
  }
  const found = explore({ setup: () => {}, players, check, lies: 1 })
  note(`${found.schedules} schedules, ${threw} errors after the name was published`)
  assert.ok(found.complete && threw > 0)
  // What people write: it asks only whether its own content is there now.
  function* naive(dir: string, own: string): Steps<void> {
    try {
      yield* writeFile.steps(join(dir, 'f'), own, { durability: 'none' })
    } catch (error) {
      throw Object.assign(error as Error, { published: String(yield* fs.readFile(join(dir, 'f'))) === own })
    }
  }
  const naively = (dir: string) => ({ A: naive(dir, 'A'), B: naive(dir, 'B') })
  caught('it looks only at what is there', /strictly equal/, { setup: () => {}, players: naively, check, lies: 1 })
})
