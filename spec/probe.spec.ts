import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { type Guarantee, type Keeps, type ProbeOptions, probe, sweep } from 'holdfast'
import { type Call, dual, fs, hasCode, type Op, type Outcome, type Stats, type Steps } from 'holdfast/steps'
import { givesBack } from '../lib/core/traits.js'
import { copyInPlace } from './broken/broken.js'
import { assert, everyPlace, holds, memory, note, scratch } from './support/kit.js'
import { assertRefusesBadInput } from './support/laws.js'
import { eventually } from './support/left.js'
import { isWindows, isWine } from './windows/flavour.js'

/** The promises that the filesystem does not keep. */
const missing = (kept: Keeps): string[] =>
  Object.entries(kept).flatMap(([name, value]) => (value === false ? [name] : []))

const failing = (code: keyof typeof constants.errno): Error =>
  Object.assign(new Error(code), { code, errno: -constants.errno[code], syscall: 'test' })

/** A filesystem that breaks a promise, as the way in which it performs a call. */
type Mount = (call: Call) => Steps<unknown>

// biome-ignore lint/correctness/useYield: there is nothing to call
function* done(value: unknown): Steps<unknown> {
  return value
}

/** Performs the call as it is. */
function* asIs(call: Call): Steps<unknown> {
  return yield call
}

/** Drives the steps on such a filesystem. Calls that are made together take turns, one step of each at a time. */
function* onMount<T>(steps: Steps<T>, mount: Mount): Steps<T> {
  let next = steps.next()
  while (!next.done) {
    const { op, args } = next.value
    const [outcome] =
      op === 'together'
        ? [{ value: yield* inTurns((args[0] as Call[]).map(mount)) }]
        : yield* inTurns([mount(next.value)])
    next = outcome && 'error' in outcome ? steps.throw(outcome.error) : steps.next(outcome?.value)
  }
  return next.value
}

function* inTurns(all: readonly Steps<unknown>[]): Steps<Outcome<unknown>[]> {
  const outcomes: Outcome<unknown>[] = []
  let answers: Outcome<unknown>[] = all.map(() => ({ value: undefined }))
  for (let left = all.length; left > 0; ) {
    const said = answers
    answers = []
    for (const [at, steps] of all.entries()) {
      if (outcomes[at]) continue
      try {
        const told = said[at] as Outcome<unknown>
        const next = 'error' in told ? steps.throw(told.error) : steps.next(told.value)
        if (next.done) outcomes[at] = { value: next.value }
        else answers[at] = yield* outcomeOf(next.value)
      } catch (error) {
        outcomes[at] = { error }
      }
      if (outcomes[at]) left--
    }
  }
  return outcomes
}

function* outcomeOf(call: Call): Steps<Outcome<unknown>> {
  try {
    return { value: yield call }
  } catch (error) {
    return { error }
  }
}

const dir = scratch(memory)

/** Probes such a filesystem; nothing may be left behind. */
function probed(mount: Mount, options: ProbeOptions = {}): Keeps {
  try {
    return dual(() => onMount(probe.steps(dir, options), mount)).sync()
  } finally {
    // Windows removes in the background what cannot be removed at once (./windows/patience.spec.ts).
    if (isWindows) rmSync(dir, { recursive: true, force: true })
    if (isWindows) mkdirSync(dir)
    assert.equal(readdirSync(dir), [])
  }
}

/** What it does not keep here, whatever a mount breaks: nothing on Linux. */
let usual: readonly string[] | undefined
function missingHere(kept: Keeps): string[] {
  usual ??= missing(probed(asIs))
  return missing(kept).filter(name => !usual?.includes(name))
}

/** Performs one kind of call in another way. */
const but =
  (op: Op, how: Mount): Mount =>
  call =>
    call.op === op ? how(call) : asIs(call)

const always = (op: Op, code: keyof typeof constants.errno): Mount =>
  // biome-ignore lint/correctness/useYield: it fails before it does anything
  but(op, function* () {
    throw failing(code)
  })

/** Reports success although another caller did it. */
const granting = (op: Op, code: 'EEXIST' | 'ENOENT'): Mount =>
  but(op, function* (call) {
    try {
      return yield call
    } catch (error) {
      if (!hasCode(error, code)) throw error
    }
  })

/** Reports stats that differ from the true ones. */
const telling = (how: (stats: Stats, call: Call) => Partial<Stats>): Mount =>
  function* (call) {
    const answer = yield call
    const isStats = call.op === 'lstat' || call.op === 'fstat'
    return isStats && answer ? Object.assign(Object.create(answer as Stats), how(answer as Stats, call)) : answer
  }

for (const { kind, dir: place } of everyPlace) {
  holds(`${kind}: what it keeps, and nothing is left behind`, async () => {
    const dir = scratch(place)
    writeFileSync(join(dir, 'mine'), '')
    const all = [await probe(dir), probe.sync(pathToFileURL(dir)), await probe(dir, { links: 40 })]
    assert.equal(readdirSync(dir), ['mine'])
    note(`${kind}: ${all.map(({ mtimeGrain }) => mtimeGrain).join(', ')} ms; ${missing(all[0] as Keeps)}`)
    for (const { mtimeGrain } of all) assert.ok(mtimeGrain > 0 && mtimeGrain < 1000, String(mtimeGrain))
    if (process.platform !== 'linux') return
    for (const kept of all) assert.equal(missing(kept), [])
    assert.equal(
      all.map(({ maxLinksSeen }) => maxLinksSeen),
      [10, 10, 40],
    )
  })
}

holds('bad input is refused before anything is done', async () => {
  await assertRefusesBadInput(probe, dir, [
    [[''], 'ERR_INVALID_ARG_VALUE'],
    [[5], 'ERR_INVALID_ARG_TYPE'],
    [[dir, { through: '' }], 'ERR_INVALID_ARG_VALUE'],
    [[dir, { through: 5 }], 'ERR_INVALID_ARG_TYPE'],
    [[dir, { links: '3' }], 'ERR_INVALID_ARG_TYPE'],
    ...[0, 1.5, Number.POSITIVE_INFINITY, Number.NaN].map(links => [[dir, { links }], 'ERR_OUT_OF_RANGE'] as const),
  ])
  for (const links of [0, '3'])
    assert.throws(() => probe.steps(dir, { links: links as never }).next(), { message: /options\.links/ })
  assert.is((await probe(dir, { links: 1 })).maxLinksSeen, 1)
})

type Promised = { [K in keyof Keeps]: Keeps[K] extends boolean ? K : never }[keyof Keeps]
/** This line does not compile if something that is true or false cannot be required. */
export const unrequirable: Record<Exclude<Promised, Guarantee>, never> = {}

holds('require: an error names all that is missing, and nothing is left behind', async () => {
  const linkless = (call: Call) => (call.op === 'link' ? always('link', 'EPERM') : always('symlink', 'EPERM'))(call)
  assert.is(probed(linkless, { require: ['atomicRename', 'exclusiveCreate'] }).hardLinks, false)
  const require: Guarantee[] = ['symlinks', 'atomicRename', 'hardLinks']
  const error = assert.throws(() => probed(linkless, { require }), {
    code: 'ERR_MISSING_GUARANTEE',
    message: /does not keep what is required: symlinks, hardLinks$/,
  })
  assert.equal({ ...error }, { code: 'ERR_MISSING_GUARANTEE', path: dir, missing: ['symlinks', 'hardLinks'] })
  for (const way of [probe, probe.sync]) {
    assert.ok((await way(dir, { require: ['atomicRename', 'hardLinks'] })).hardLinks)
    assert.ok((await way(dir, { require: [] })).hardLinks)
  }
  await assertRefusesBadInput(probe, dir, [
    [[dir, { require: 'hardLinks' }], 'ERR_INVALID_ARG_TYPE'],
    [[dir, { require: ['mtimeGrain'] }], 'ERR_INVALID_ARG_VALUE'],
    [[dir, { require: ['hardLink'] }], 'ERR_INVALID_ARG_VALUE'],
    [[dir, { require: [5] }], 'ERR_INVALID_ARG_VALUE'],
  ])
  assert.throws(() => probe.sync(dir, { require: ['hardLink' as Guarantee] }), { message: /nearest is 'hardLinks'/ })
})

holds('what is wrong with the directory itself comes out as it is', async () => {
  await assert.rejects(probe(join(dir, 'none')), { code: 'ENOENT' })
  await assert.rejects(probe(import.meta.filename), { code: isWindows ? 'ENOENT' : 'ENOTDIR' })
  for (const code of ['EROFS', 'EACCES', 'EPERM', 'ENOSPC'] as const)
    assert.throws(() => probed(always('mkdir', code)), { code })
  // Also when the directory could still be created.
  for (const [op, code] of [
    ['open', 'ENOSPC'],
    ['link', 'ENOSPC'],
    ['rename', 'EROFS'],
    ['symlink', 'EDQUOT'],
    ['fsync', 'EIO'],
    ['futimes', 'EIO'],
  ] as const)
    assert.throws(() => probed(always(op, code)), { code })
  // If no caller wins, it does not follow that another one did.
  const broken = but('rename', function* (call) {
    if (/token/.test(call.args[0] as string)) throw failing('EIO')
    return yield call
  })
  assert.throws(() => probed(broken), { code: 'EIO' })
})

holds('what waiting cures is waited for', () => {
  let left = 3
  const short = but('open', function* (call) {
    if (left-- > 0) throw failing('EMFILE')
    return yield call
  })
  assert.equal(missingHere(probed(short)), [])
  left = 1
  assert.throws(() => probed(short, { retryFor: 0 }), { code: 'EMFILE' })
})

holds('a reply that was lost is not taken for an answer', () => {
  for (const code of ['EEXIST', 'EIO'] as const)
    for (const op of ['mkdir', 'link', 'symlink'] as const) {
      let lost = false
      const losing = but(op, function* (call) {
        yield call
        if (lost) return
        lost = true
        throw failing(code)
      })
      if (op === 'mkdir' && code === 'EIO') assert.throws(() => probed(losing), { code })
      else assert.equal(missingHere(probed(losing)), [])
    }
  for (const path of [/-name$/, /-next$/, /-inode$/, /-one$/]) {
    let lost = false
    const losing = but('open', function* (call) {
      const fd = (yield call) as number
      if (lost || call.args[1] !== 'wx' || !path.test(call.args[0] as string)) return fd
      lost = true
      yield* fs.close(fd)
      throw failing('EEXIST')
    })
    assert.equal(missingHere(probed(losing)), [])
    assert.ok(lost)
  }
})

if (process.platform !== 'win32')
  holds('a link that another process puts in the place of any of its files is not followed', () => {
    const outside = join(scratch(memory), 'outside')
    writeFileSync(outside, 'kept')
    const told = () => [readFileSync(outside, 'utf8'), lstatSync(outside, { bigint: true }).mtimeNs]
    const before = told()
    let planted = 0
    for (const op of ['open', 'futimes', 'utimes'] as const)
      for (let k = 0; ; k += k < 60 ? 1 : 7) {
        let calls = 0
        const swapping = but(op, call => {
          const own = readdirSync(dir, { recursive: true, encoding: 'utf8' }).find(one => one.endsWith('times'))
          const path = op === 'open' ? (call.args[0] as string) : own && join(dir, own)
          if (calls++ !== k || path === undefined || path === dir) return asIs(call)
          if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return asIs(call)
          rmSync(path, { force: true })
          symlinkSync(outside, path)
          planted++
          return asIs(call)
        })
        try {
          probed(swapping, { links: 2 })
        } catch (error) {
          if ((error as NodeJS.ErrnoException).errno === undefined) throw error
        }
        assert.equal(told(), before, `${op} ${k}`)
        if (calls <= k) break
      }
    note(`${planted} links`)
    assert.ok(planted > 20)
  })

const asked = new Map<unknown, number>()
const copying = but('link', ({ args: [from, to] }) => copyInPlace.steps(from as string, to as string))
const seen = { renamed: false }

/** What some filesystem does, and which promise is then not kept. */
const broken: Record<string, readonly [Mount, ...string[]]> = {
  'two are told that they made the file': [
    but('open', ({ args: [path, flags, mode] }) =>
      fs.open(path as string, flags === 'wx' && /file/.test(path as string) ? 'w' : (flags as 'r'), mode as number),
    ),
    'exclusiveCreate',
  ],
  'two are told that they made the directory': [granting('mkdir', 'EEXIST'), 'exclusiveCreate'],
  'the third is told that he made the file': [
    but('open', ({ args: [path, flags, mode] }) => {
      asked.set(path, (asked.get(path) ?? 0) + 1)
      const isThird = /file/.test(path as string) && asked.get(path) === 3
      return fs.open(path as string, isThird ? 'w' : (flags as 'r'), mode as number)
    }),
    'exclusiveCreate',
  ],
  'nobody is told that he made the directory': [
    but('mkdir', function* (call) {
      yield call
      if (!basename(call.args[0] as string).startsWith('.')) throw failing('EEXIST')
    }),
    'exclusiveCreate',
  ],
  'two are told that they renamed it': [granting('rename', 'ENOENT'), 'exclusiveRename'],
  'no links: EPERM': [always('link', 'EPERM'), 'hardLinks'],
  'no links: EACCES, on Android': [always('link', 'EACCES'), 'hardLinks'],
  'no links: EIO, on rclone': [always('link', 'EIO'), 'hardLinks'],
  'links that are copies': [copying, 'hardLinks'],
  'a link takes a name that is taken': [
    but('link', function* (call) {
      try {
        yield* fs.unlink(call.args[1] as string)
      } catch {}
      return yield call
    }),
    'hardLinks',
  ],
  'a link takes a name that is taken, and says that it did not': [
    but('link', function* (call) {
      try {
        return yield call
      } catch (error) {
        yield* fs.unlink(call.args[1] as string)
        yield call
        throw error
      }
    }),
    'hardLinks',
  ],
  'no symbolic links': [always('symlink', 'ENOSYS'), 'symlinks'],
  'no symbolic links, on rclone': [always('symlink', 'EIO'), 'symlinks'],
  'links with another text': [
    but('readlink', function* () {
      yield* fs.now()
      return Buffer.from('/elsewhere')
    }),
    'symlinks',
  ],
  'fstat tells another number than lstat': [
    telling(({ ino }, { op }) => (op === 'fstat' ? { ino: ino + (1n << 40n) } : {})),
    'stableInodes',
  ],
  'the number changes with the name': [
    telling(({ ino }, { args: [path] }) => (/-moved$/.test(String(path)) ? { ino: ino + (1n << 40n) } : {})),
    'stableInodes',
  ],
  'the number changes when the file is closed': [
    function* (call) {
      if (call.op === 'open') seen.renamed = false
      const answer = yield* telling(({ ino }, { op }) =>
        op === 'lstat' && seen.renamed ? { ino: ino + (1n << 40n) } : {},
      )(call)
      if (call.op === 'close') seen.renamed = true
      return answer
    },
    'stableInodes',
  ],
  'all have the same number': [telling(() => ({ ino: 0n })), 'stableInodes'],
  'a rename replaces nothing': [
    but('rename', function* (call) {
      if (yield* fs.lstat(call.args[1] as string, { throwIfNoEntry: false })) throw failing('EPERM')
      return yield call
    }),
    'atomicRename',
  ],
  'a rename unlinks first': [
    but('rename', function* (call) {
      try {
        yield* fs.unlink(call.args[1] as string)
      } catch {}
      return yield call
    }),
    'atomicRename',
  ],
  'a rename writes into the old file': [
    but('rename', function* (call) {
      const [from, to] = call.args as [string, string]
      if (!(yield* fs.lstat(to, { throwIfNoEntry: false }))) return yield call
      const text = yield* fs.readFile(from)
      const fd = yield* fs.open(to, 'r+')
      yield* fs.write(fd, text)
      yield* fs.close(fd)
      yield* fs.unlink(from)
    }),
    'atomicRename',
  ],
  'a rename leaves the old name': [
    but('rename', function* (call) {
      const [from, to] = call.args as [string, string]
      if (!(yield* fs.lstat(to, { throwIfNoEntry: false }))) return yield call
      yield* fs.link(from, `${from}-kept`)
      yield call
      yield* fs.rename(`${from}-kept`, from)
    }),
    'atomicRename',
  ],
  'a rename says that it was done, and was not': [
    but('rename', function* (call) {
      if (!(yield* fs.lstat(call.args[1] as string, { throwIfNoEntry: false }))) return yield call
      yield* fs.unlink(call.args[0] as string)
    }),
    'atomicRename',
  ],
  'directories are not synced': [always('fsync', 'EINVAL'), 'directoryFsync'],
  'directories are not opened': [
    but('open', function* (call) {
      // To look up names in a directory, it is not read.
      if (call.args[1] !== 'r directory' && basename(call.args[0] as string).startsWith('.')) throw failing('EACCES')
      return yield call
    }),
    'directoryFsync',
  ],
  'names of another case are the same': [
    ({ op, args }) =>
      asIs({ op, args: args.map(one => (typeof one === 'string' ? one.replace(/\/CASE$/, '/case') : one)) }),
    'caseSensitive',
  ],
}

for (const [name, [mount, ...expected]] of Object.entries(broken)) {
  holds(`sees it when a filesystem does not keep it: ${name}`, () => {
    const kept = probed(mount)
    assert.equal(
      missingHere(kept),
      expected.filter(name => !usual?.includes(name)),
    )
    for (const name of expected) assert.ok(missing(kept).includes(name))
    assert.is(kept.maxLinksSeen, kept.hardLinks ? 10 : 1)
  })
}

holds('of links it tells how many there were', () => {
  let made = 0
  const few = but('link', function* (call) {
    if (/name1$/.test(call.args[0] as string) && ++made === 5) throw failing('EMLINK')
    return yield call
  })
  const kept = probed(few)
  assert.equal([kept.hardLinks, kept.maxLinksSeen], [true, 5])
})

/** Time passes by looks at it: on a busy machine all of it could be over after one write. */
function unhurried(mount: Mount): Mount {
  let looks = 0
  return call => (call.op === 'now' ? done(looks++ / 500) : mount(call))
}

const grained = (ns: bigint): Mount => telling(({ mtimeNs }) => ({ mtimeNs: mtimeNs - (mtimeNs % ns) }))

holds('the grain of times is that in which they are stored, or that in which they go on', () => {
  // exFAT, ext4 with small inodes, FAT.
  for (const [ns, ms] of [
    [100_000n, 0.1],
    [10_000_000n, 10],
    [1_000_000_000n, 1000],
    [2_000_000_000n, 2000],
  ] as const) {
    const { mtimeGrain } = probed(unhurried(grained(ns)))
    // A slow machine may see only larger steps of the clock.
    assert.ok(mtimeGrain >= ms && mtimeGrain < ms + 1000, `${mtimeGrain} for ${ms}`)
    assert.is(Math.round((mtimeGrain / ms) * 1000) % 1000, 0, `${mtimeGrain} is no multiple of ${ms}`)
  }
})

holds('a clock that goes on in large steps, and times that cannot be set, or are not', () => {
  const begun = performance.now()
  /** The clock advances every 8 ms; times that are set are kept as they are. */
  const ticking: Mount = telling(({ mtimeNs }, { op }) =>
    op === 'fstat' ? { mtimeNs: BigInt(Math.floor((performance.now() - begun) / 8)) * 8_000_000n } : { mtimeNs },
  )
  const unset = (mount: Mount, code?: keyof typeof constants.errno): Mount =>
    function* (call) {
      if (call.op !== 'futimes') return yield* mount(call)
      if (code) throw failing(code)
      return undefined
    }
  for (const mount of [ticking, unset(ticking, 'ENOSYS'), unset(ticking)]) {
    const { mtimeGrain } = probed(unhurried(mount))
    assert.ok(mtimeGrain >= 8 && mtimeGrain % 8 === 0, String(mtimeGrain))
  }
  // A clock that stands still.
  const { mtimeGrain } = probed(
    unset(
      telling(() => ({ mtimeNs: 7n })),
      'EPERM',
    ),
  )
  assert.ok(mtimeGrain >= 30 && mtimeGrain < 1000, String(mtimeGrain))
  // A clock that is always being set back.
  let ns = 1n << 60n
  const back = probed(unset(telling(({ mtimeNs }, { op }) => ({ mtimeNs: op === 'fstat' ? --ns : mtimeNs }))))
  assert.ok(back.mtimeGrain >= 30 && back.mtimeGrain < 1000, String(back.mtimeGrain))
})

holds('through: another path to the same directory', async () => {
  const [dir, other] = [scratch(), join(scratch(), 'other')]
  symlinkSync(dir, other)
  for (const kept of [await probe(dir, { through: other }), probe.sync(dir, { through: pathToFileURL(other) })])
    if (process.platform === 'linux') assert.equal(missing(kept), [])
  assert.equal(readdirSync(dir), [])
})

holds('through: what is not kept between two mounts', () => {
  const other = join(scratch(), 'other')
  symlinkSync(dir, other)
  const isThere = (path: unknown) => String(path).startsWith(other)
  /** Each mount keeps the promise by itself, and both together do not. */
  const apart = but('open', ({ args: [path, flags, mode] }) =>
    fs.open(path as string, isThere(path) && flags === 'wx' ? 'w' : (flags as 'r'), mode as number),
  )
  assert.equal(missing(probed(apart, { through: other })), ['exclusiveCreate'])
  assert.equal(missing(probed(apart)), [])
  const renumbering = telling(({ ino, dev }, { args: [path] }) =>
    isThere(path) ? { ino: ino + (1n << 40n) } : { dev },
  )
  assert.equal(missing(probed(renumbering, { through: other })), ['stableInodes'])
  const elsewhere = telling(({ dev }, { args: [path] }) => (isThere(path) ? { dev: dev + 1n } : {}))
  assert.equal(missing(probed(elsewhere, { through: other })), [])
  // A caller that loses to another mount of rclone gets EIO.
  const confused = but('rename', function* (call) {
    try {
      return yield call
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? failing('EIO') : error
    }
  })
  assert.equal(missing(probed(confused, { through: other })), [])
  // The other mount sees it late.
  let looks = 0
  const late = but('lstat', function* (call) {
    return isThere(call.args[0]) && looks++ < 3 ? undefined : yield call
  })
  assert.equal(missing(probed(late, { through: other })), [])
  assert.ok(looks > 3)
})

holds('through: another directory is told from the same', async () => {
  const [dir, other] = [scratch(), scratch()]
  const begun = performance.now()
  const error = await assert.rejects(probe(dir, { through: other }), { code: 'ERR_NOT_THE_SAME_DIRECTORY' })
  assert.ok(performance.now() - begun >= 2000)
  assert.ok(error.message.includes(`'${dir}'`) && error.message.includes(`'${other}'`), error.message)
  await assert.rejects(probe(dir, { through: other, timeout: 50 }), { code: 'ERR_TIMEOUT' })
  await assert.rejects(probe(dir, { through: join(other, 'none') }), { code: 'ENOENT' })
  await eventually(() => assert.equal([...readdirSync(dir), ...readdirSync(other)], []))
})

holds('what one mount made, and the other does not see, is taken away through the first', () => {
  const other = join(scratch(), 'other')
  symlinkSync(dir, other)
  /** This mount does not see what was created through the other. */
  const blind: Mount = function* (call) {
    const answer = yield call
    if (call.op !== 'list' || !String(call.args[0]).startsWith(dir)) return answer
    return (answer as { name: string }[]).filter(({ name }) => !/^token/.test(name))
  }
  assert.equal(missing(probed(blind, { through: other })), [])
})

/** The number of open descriptors of this process, on Linux. */
const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)

holds('whatever call fails, nothing is left behind, and the error comes out', () => {
  const before = descriptors()
  let threw = 0
  // Under Wine each call takes ten times as long, and what cannot be removed is tried again.
  const step = isWine ? 6 : 1
  for (let at = 1; ; at += step) {
    const injected = failing('EIO')
    let calls = 0
    const mount: Mount = function* (call) {
      if (++calls !== at) return yield call
      // A close that fails releases the descriptor all the same.
      if (call.op === 'close') yield call
      throw injected
    }
    try {
      assert.equal(missingHere(probed(mount)), [], `call ${at}`)
    } catch (error) {
      if (error !== injected) throw error
      threw++
    }
    if (calls < at) {
      note(`${calls} calls, ${threw} of them essential`)
      break
    }
  }
  // Windows syncs no directory, and removes later what cannot be removed at once.
  assert.ok(threw > (isWindows ? 180 : 300) / step)
  assert.is(descriptors(), before)
})

holds('whenever it is aborted, nothing is left behind', async () => {
  const before = descriptors()
  let aborted = 0
  for (let at = 1; ; at++) {
    const controller = new AbortController()
    let calls = 0
    let last: Call | undefined
    const stopped = dual(function* stopped(_options: ProbeOptions = {}): Steps<Keeps> {
      const steps = probe.steps(dir)
      let next = steps.next()
      while (!next.done) {
        if (++calls === at) {
          controller.abort()
          last = next.value
        }
        const outcome = yield* outcomeOf(next.value)
        next = 'error' in outcome ? steps.throw(outcome.error) : steps.next(outcome.value)
      }
      return next.value
    })
    try {
      stopped.sync({ signal: controller.signal })
      // Only clean-up was left, which is never interrupted.
      assert.ok(!last || givesBack(last), last?.op)
    } catch (error) {
      if (!hasCode(error, 'ABORT_ERR' as never)) throw error
      aborted++
    }
    assert.equal(readdirSync(dir), [], `aborted before call ${at}`)
    if (calls < at) break
  }
  assert.ok(aborted > 300)
  const controller = new AbortController()
  const promise = probe(dir, { signal: controller.signal })
  await wait(2)
  controller.abort()
  await assert.rejects(promise, { code: 'ABORT_ERR' })
  await eventually(() => {
    assert.equal(readdirSync(dir), [])
    assert.is(descriptors(), before)
  })
})

holds('of one that was killed, sweep takes away what is left', async () => {
  const dir = scratch()
  mkdirSync(join(dir, 'mine'))
  const script = `
    import { probe } from 'holdfast'
    import { dual } from 'holdfast/steps'
    import { killedAt } from 'holdfast/testing'
    await dual(() => killedAt(probe.steps(process.argv[1]), 100))()`
  // From here the package finds itself by its name.
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, dir], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  })
  assert.is(stderr, '')
  const left = readdirSync(dir).filter(name => name !== 'mine')
  assert.is(left.length, 1)
  assert.equal(await sweep(dir), left)
  assert.equal(readdirSync(dir), ['mine'])
})
