// `move` to another device: a copy is staged beside the target and published in one step, and only then the source
// goes.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { type MoveOptions, move, remove, sweep } from 'holdfast'
import { type Call, dual, type Op, type Steps } from 'holdfast/steps'
import { contender, explore, killedAt, type World } from 'holdfast/testing'
import { door } from '../../lib/core/disk.js'
import { copyThenRemove } from '../broken/broken.js'
import { abortedAt, endedAt, failingAt, through } from '../broken/interfere.js'
import { deadPid } from '../support/dead-owner.js'
import {
  assert,
  caught,
  everyPlace,
  explored,
  holds,
  nobodyElseThrew,
  note,
  places,
  prove,
  race,
  raced,
  scratch,
} from '../support/kit.js'
import { clear, plant, told } from '../support/planted.js'
import { privateNames } from '../support/trees.js'

const [disk, memory] = places

/** All files below a directory. */
const below = (dir: string): Stats[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? below(join(dir, entry.name)) : [lstatSync(join(dir, entry.name))],
  )

/** A small tree, so that a copy makes few calls. */
function lay(dir: string): string {
  mkdirSync(join(dir, 'in'), { recursive: true })
  writeFileSync(join(dir, 'in/a'), 'aa', { mode: 0o600 })
  writeFileSync(join(dir, 'b'), 'bb')
  symlinkSync('in', join(dir, 'link'))
  chmodSync(join(dir, 'in'), 0o555)
  for (const name of ['in/a', 'in', 'b', '']) dated(join(dir, name))
  return dir
}

/** Sets a time with a fraction of a second that every filesystem can store. */
const dated = (path: string): void => utimesSync(path, 1_000_000_000.5, 1_000_000_000.25)

const laid = ['b', 'in', 'in/a', 'link']
const isWhole = (dir: string): boolean =>
  existsSync(dir) && laid.every(name => existsSync(join(dir, name))) && readFileSync(join(dir, 'in/a'), 'utf8') === 'aa'

/** The victim dies before one of its calls, which depends on the round. */
const stride = 7
const plays = {
  victim: (dir: string, round: number) => {
    const steps = move.steps(join(dir, `source-${round}`), join(memory?.dir ?? '', basename(dir), `target-${round}`))
    return dual(() => killedAt(steps, round * stride)).sync()
  },
}

type Way = (from: string, to: string, options: MoveOptions) => Steps<unknown>
const worldOf = (options: MoveOptions, way: Way = move.steps): World => ({
  setup: dir => {
    mkdirSync(join(dir, 'source'))
    writeFileSync(join(dir, 'source/a'), 'aa')
    symlinkSync('a', join(dir, 'source/l'))
  },
  players: dir => ({ mover: way(join(dir, 'source'), join(dir, 'target'), { ...options, concurrency: 1 }) }),
  check: () => {},
  failWith: ['EXDEV'],
  failIn: ['rename'],
  failures: 1,
})
const isWholeThere = (dir: string, name: string): boolean =>
  existsSync(join(dir, name, 'a')) &&
  readFileSync(join(dir, name, 'a'), 'utf8') === 'aa' &&
  lstatSync(join(dir, name, 'l'), { throwIfNoEntry: false }) !== undefined

const isMoved = (outcomes: Parameters<World['check']>[0]['outcomes']): boolean =>
  (outcomes.mover as { value?: unknown }).value === true
/** This process as owner, as private names spell it. */
const self = () => door.performSync({ op: 'self', args: [] }) as string

if (!contender(plays)) {
  const pairs = !disk || !memory ? [] : everyPlace.slice(1).map(other => [disk, other] as const)
  for (const [one, other] of [...pairs, ...pairs.map(([one, other]) => [other, one] as const)]) {
    const way = `from ${one.kind} to ${other.kind}`
    const fresh = () => {
      const [here, there] = [scratch(one.dir), scratch(other.dir)]
      return { here, there, from: join(here, 'source'), to: join(there, 'target') }
    }

    holds(`${way}: a tree goes over as it is, with modes, times, owners, and names that are no text`, async () => {
      const { here, there, from, to } = fresh()
      const before = told(plant(from))
      const seen: { done: number; total: number; bytes: number }[] = []
      assert.is(await move(from, to, { onProgress: progress => seen.push(progress) }), true)
      assert.equal(told(to), before)
      const { done, total, bytes } = seen.at(-1) ?? {}
      assert.equal([done, total, seen.length], [before?.length, before?.length, before?.length])
      assert.ok((bytes ?? 0) > 80 && seen.every((one, at) => one.done === at + 1))
      assert.equal([readdirSync(here), readdirSync(there)], [[], ['target']])
      // And back, below directories that are yet to be made.
      assert.is(move.sync(to, join(here, 'p/q'), { parents: true, durability: 'none' }), true)
      assert.equal(told(join(here, 'p/q')), before)
      assert.equal(readdirSync(there), [])
      clear(here)
    })

    holds(`${way}: files and links, and nothing is overwritten that shall not be`, async () => {
      const { here, there, from, to } = fresh()
      for (const durability of ['none', 'file', 'full'] as const) {
        writeFileSync(from, 'text', { mode: 0o640 })
        dated(from)
        const before = told(from)
        assert.is(await move(from, to, { durability }), true)
        assert.equal(told(to), before)
        symlinkSync('no where', from)
        assert.is(await move(from, to, { durability }), false)
        assert.is(readlinkSync(from), 'no where')
        assert.is(move.sync(from, to, { durability, overwrite: true }), true)
        assert.is(readlinkSync(to), 'no where')
        mkdirSync(from)
        for (const kind of ['file', 'full', 'link', 'empty']) {
          rmSync(to, { recursive: true })
          if (kind === 'full') mkdirSync(join(to, 'in'), { recursive: true })
          else if (kind === 'empty') mkdirSync(to)
          else if (kind === 'file') writeFileSync(to, '')
          else symlinkSync('no where', to)
          const there = told(to)
          assert.is(await move(from, to, { durability }), false)
          if (kind === 'empty') assert.is(await move(from, to, { durability, overwrite: true }), true)
          else {
            // For a directory that is not empty, xfs reports EEXIST.
            const message = kind === 'full' ? /^(ENOTEMPTY|EEXIST)/ : /^ENOTDIR/
            await assert.rejects(move(from, to, { durability, overwrite: true }), { message })
            assert.equal(told(to), there)
          }
        }
        mkdirSync(from, { recursive: true })
        assert.is(await move(from, to, { durability, overwrite: 'with-gap' }), true)
        writeFileSync(from, 'file')
        assert.is(await move(from, to, { durability }), false)
        assert.is(await move(from, to, { durability, overwrite: 'with-gap' }), true)
        assert.equal([readdirSync(here), readdirSync(there)], [[], ['target']])
        rmSync(to)
      }
    })
  }

  if (!disk || !memory) holds.skip('across devices', 'there is only one here')
  else {
    const fresh = () => {
      const [here, there] = [scratch(disk.dir), scratch(memory.dir)]
      return { here, there, from: join(here, 'source'), to: join(there, 'target') }
    }
    const kinds = {
      file: (path: string) => {
        writeFileSync(path, 'text')
        dated(path)
      },
      link: (path: string) => symlinkSync('text', path),
      tree: (path: string) => lay(path),
    }
    const gets = { failingAt, abortedAt }

    for (const [kind, lays] of Object.entries(kinds))
      for (const [name, get] of Object.entries(gets))
        for (const overwrite of [false, 'with-gap'] as const)
          holds(
            `a ${kind}, ${overwrite ? '' : 'not '}over another: ${name} each call, one or both are whole, and nothing else`,
            async () => {
              const { here, there, from, to } = fresh()
              const counts = { source: 0, target: 0 }
              let before: unknown
              for (let k = 0; ; k++) {
                lays(from)
                if (overwrite) writeFileSync(join(lay(to), 'old'), '')
                const old = overwrite ? told(to) : undefined
                before = told(from)
                const { value, error, came } = await get<boolean>(
                  k,
                  move.steps(from, to, { overwrite, durability: 'none' }),
                )
                const [source, target] = [told(from), told(to)]
                const where = `${name} ${k}: ${error ?? value}`
                const [left, gone] = [
                  JSON.stringify(source) === JSON.stringify(before),
                  JSON.stringify(target) === JSON.stringify(before),
                ]
                assert.ok(left || gone, `${where}: ${source}; ${target}`)
                // If the failed call was to remove the empty directory that claimed the name, that directory stays.
                const claim = kind === 'tree' && get === failingAt && target?.length === 1
                if (!gone && !claim) assert.equal(target, old, where)
                if (value === true) assert.ok(gone && source === undefined, where)
                if (value === undefined) counts[gone ? 'target' : 'source']++
                if (name === 'abortedAt') assert.equal([...privateNames(here), ...privateNames(there)], [], where)
                clear(here)
                clear(there)
                if (!came) break
              }
              note(`${counts.source} times the source was left, ${counts.target} times the target was there already`)
              assert.ok(counts.source > 5 && counts.target > 0)
            },
          )

    for (const [kind, lays] of Object.entries(kinds))
      holds(`a ${kind}: whoever ends before any call leaves one whole; it is swept, and moved again`, async () => {
        const { here, there, from, to } = fresh()
        const dead = `${self().split('-')[0]}-${deadPid().toString(36)}-0`
        let [ends, debris] = [0, 0]
        for (let k = 0; ; k++) {
          lays(from)
          const before = told(from)
          if (!endedAt(k, move.steps(from, to), dead)) break
          ends++
          const [left, gone] = [told(from), told(to)]
          assert.ok(
            [left, gone].some(one => JSON.stringify(one) === JSON.stringify(before)),
            `${k}: ${left}; ${gone}`,
          )
          for (const dir of [here, there]) debris += (await sweep(dir)).length
          assert.equal([...privateNames(here), ...privateNames(there)], [], `${k}`)
          if (left) assert.is(await move(from, to, { overwrite: 'with-gap' }), true)
          assert.equal(told(to), before, `${k}`)
          assert.equal([readdirSync(here), readdirSync(there)], [[], ['target']])
          clear(there)
        }
        note(`${ends} ends, ${debris} private names swept`)
        assert.ok(ends > 8 && debris > 0)
        clear(there)
      })

    raced('processes that are killed in the middle leave one whole', async () => {
      const { here } = fresh()
      const there = join(memory.dir, basename(here))
      mkdirSync(there)
      const rounds = 16
      let died = 0
      await race(import.meta.url, {
        dir: here,
        cast: { victim: 1 },
        rounds,
        before: round => lay(join(here, `source-${round}`)),
        after: ([result], round) => {
          if (result?.how === 'died') died++
          else assert.is(result?.value, true)
          const [from, to] = [join(here, `source-${round}`), join(there, `target-${round}`)]
          assert.ok(isWhole(from) || isWhole(to), `round ${round}`)
          sweep.sync(here)
          sweep.sync(there)
          assert.equal([...privateNames(here), ...privateNames(there)], [], `round ${round}`)
          if (existsSync(from)) assert.is(move.sync(from, to, { overwrite: 'with-gap' }), true)
          assert.ok(isWhole(to) && !existsSync(from))
        },
      })
      note(`${died} of ${rounds} were killed`)
      assert.ok(died > 5)
      clear(there)
      rmSync(there, { recursive: true })
    })

    holds('what cannot be copied is an error, and so is an error of onProgress; the source is whole', async () => {
      const { here, there, from, to } = fresh()
      plant(from)
      const before = told(here)
      const boom = () => {
        throw new RangeError('mine')
      }
      await assert.rejects(move(from, to, { onProgress: boom }), { name: 'RangeError' })
      assert.equal([told(here), readdirSync(there)], [before, []])
      spawnSync('mkfifo', [join(from, 'pipe')])
      await assert.rejects(move(from, to), { code: 'EINVAL' })
      await assert.rejects(move(join(from, 'pipe'), to), { code: 'EXDEV' })
      assert.equal(readdirSync(there), [])
      assert.ok(lstatSync(join(from, 'pipe')).isFIFO())
      clear(here)
    })
  }

  if (!disk || !memory || process.getuid?.() !== 0) holds.skip('who may run what', 'it takes root, and two devices')
  else
    holds('what runs as its owner never runs as who moves it, not for a moment', () => {
      const [here, there] = [scratch(disk.dir), scratch(memory.dir)]
      for (const kind of ['file', 'tree'])
        for (const mode of [0o4755, 0o2755]) {
          const [from, to] = [join(here, kind), join(there, kind)]
          if (kind === 'tree') mkdirSync(from)
          const program = kind === 'tree' ? join(from, 'program') : from
          writeFileSync(program, 'x'.repeat(2 ** 20 + 1))
          chownSync(program, 4321, 1234)
          chmodSync(program, mode)
          const before = told(program)?.map(line => line.replace(/ \d{13} /, ' '))
          // Before each call, everything that is there.
          const look = (call: Call): Call => {
            for (const { mode, uid, gid } of below(there)) assert.not(mode & 0o6000 && `${uid} ${gid}` !== '4321 1234')
            return call
          }
          assert.is(dual(() => through(move.steps(from, to), look)).sync(), true)
          const moved = kind === 'tree' ? join(to, 'program') : to
          assert.equal(
            told(moved)?.map(line => line.replace(/ \d{13} /, ' ')),
            before,
          )
          rmSync(to, { recursive: true })
        }
    })

  explored('the names of the copy are on the disk before the source is touched', () => {
    for (const durability of ['none', 'file', 'full'] as const) {
      let looked = 0
      explore({
        ...worldOf({ durability }),
        check: ({ dir, log, outcomes }) => {
          if (!log.some(({ op, failed }) => op === 'rename' && failed)) return
          looked++
          assert.ok(isWholeThere(dir, isMoved(outcomes) ? 'target' : 'source'))
          if (!isMoved(outcomes)) return
          const order = log
            .filter(({ failed }) => !failed)
            .map(({ op, args }) => ({ op, path: String(args[0]), to: String(args[1]) }))
          const first = (what: (one: { op: Op; path: string; to: string }) => boolean) => order.findIndex(what)
          const gone = first(
            ({ op, path }) => op !== 'lstat' && path === '/source' && (op === 'rename' || op === 'unlink'),
          )
          const published = first(({ op, to }) => op === 'rename' && to === '/target')
          assert.ok(published >= 0 && published < gone, `${published}, ${gone}`)
          const syncs = log.slice(0).flatMap((one, at) => (one.op === 'fsync' ? [at] : []))
          if (durability === 'none') return assert.equal(syncs, [])
          const before = (at: number) => order.slice(0, at).filter(({ op }) => op === 'fsync').length
          // The file and the copied directory first; then the directory that has the name.
          assert.ok(before(published) >= 2 && before(gone) > before(published), `${before(published)}, ${before(gone)}`)
        },
      })
      assert.ok(looked > 0)
    }
  })

  explored('explore: a tree that goes to another device, with a kill, a lie, a failure, or an abort', () => {
    const oneIsWhole: World['check'] = ending => {
      nobodyElseThrew(ending)
      const { dir, outcomes } = ending
      const [source, target] = [isWholeThere(dir, 'source'), isWholeThere(dir, 'target')]
      assert.ok(source || target, 'neither is whole')
      if (isMoved(outcomes)) assert.ok(target && !existsSync(join(dir, 'source')))
      // The target is an empty directory that claims the name, or the whole tree; nothing in between.
      if (existsSync(join(dir, 'target'))) assert.ok(target || readdirSync(join(dir, 'target')).length === 0, 'half')
    }
    const away = worldOf({ durability: 'none' })
    for (const options of [{}, { overwrite: true }] as const) {
      const world = { ...away, ...worldOf({ durability: 'none', ...options }), check: oneIsWhole }
      assert.ok(prove(`1 mover across, ${JSON.stringify(options)}, 1 kill`, { ...world, kills: 1 }).complete)
      assert.ok(prove(`1 mover across, ${JSON.stringify(options)}, 1 lie`, { ...world, lies: 1 }).complete)
      assert.ok(prove(`1 mover across, ${JSON.stringify(options)}, 1 abort`, { ...world, aborts: 1 }).complete)
    }
    const naive = { ...worldOf({}, copyThenRemove.steps), failures: 0, kills: 1, check: oneIsWhole }
    caught('copy to the name itself, then remove', /half|neither/, naive)
  })

  explored('explore: two move trees of their own across to one name: one wins', () => {
    const world: World = {
      setup: dir => {
        for (const name of ['A', 'B']) {
          mkdirSync(join(dir, name))
          writeFileSync(join(dir, name, 'a'), name)
        }
      },
      players: dir =>
        Object.fromEntries(
          ['A', 'B'].map(name => [
            name,
            move.steps(join(dir, name), join(dir, 'target'), { durability: 'none', concurrency: 1 }),
          ]),
        ),
      failWith: ['EXDEV'],
      failIn: ['rename'],
      failures: 1,
      check: ending => {
        const { dir, outcomes } = ending
        nobodyElseThrew(ending)
        const winners = Object.entries(outcomes).flatMap(([name, one]) =>
          (one as { value?: unknown }).value === true ? [name] : [],
        )
        assert.ok(winners.length <= 1, `${winners.length} winners`)
        for (const name of ['A', 'B'])
          assert.is(readFileSync(join(dir, winners.includes(name) ? 'target' : name, 'a'), 'utf8'), name)
        if (!Object.values(outcomes).some(({ how }) => how === 'threw')) assert.is(winners.length, 1)
        assert.equal(privateNames(dir), [], 'debris')
      },
    }
    prove('2 movers, 1 of them across', world, { preemptions: 2 })
  })

  const dir = scratch()
  const own = (name: string) => join(dir, name)
  const mount = (...args: string[]) =>
    process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('mount', args).status === 0
  mkdirSync(own('mounted'))
  const mounts = [own('mounted')]
  const able = mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', own('mounted'))
  if (!able) holds.skip('mount points', 'it takes root on Linux, and the right to mount')
  else {
    // Before the scratch directory is removed, in reverse order.
    process.prependListener('exit', () => {
      for (const one of mounts.reverse()) spawnSync('umount', [one])
    })

    holds('a mount point cannot be moved, and that is said at once', async () => {
      writeFileSync(own('mounted/file'), 'text')
      writeFileSync(own('file'), '')
      writeFileSync(own('bound'), 'bound')
      if (mount('--bind', own('mounted/file'), own('bound'))) mounts.push(own('bound'))
      mkdirSync(own('empty'))
      const other = scratch(memory?.dir)
      const began = performance.now()
      const refused = (from: string, to: string, overwrite: boolean | 'with-gap') =>
        assert.rejects(move(from, to, { overwrite, retryFor: 60_000 }), { code: 'EBUSY' })
      for (const overwrite of [false, true, 'with-gap'] as const)
        for (const target of [own('elsewhere'), join(other, 'elsewhere')])
          await refused(own('mounted'), target, overwrite)
      await refused(own('bound'), own('elsewhere'), true)
      await refused(own('bound'), own('elsewhere'), false)
      await refused(own('empty'), own('mounted'), true)
      await refused(own('file'), own('bound'), true)
      await refused(own('empty'), own('mounted'), 'with-gap')
      // If one of them retried, it would take a minute.
      assert.ok(performance.now() - began < 50_000)
      assert.equal(readdirSync(dir).sort(), ['bound', 'empty', 'file', 'mounted'])
      assert.equal([readdirSync(own('mounted')), readdirSync(other)], [['file'], []])
    })

    holds('what is mounted from the same device, also in the tree, is noticed before anything is copied', () => {
      for (const name of ['plain', 'here', 'tree/in a/deep', 'lid/in', 'pot/in'])
        mkdirSync(own(name), { recursive: true })
      for (const name of ['plain/file', 'tree/file', 'tree/in a/file', 'lid/in/file']) writeFileSync(own(name), 'text')
      const binds = [
        ['plain', 'here'],
        ['plain', 'tree/in a/deep'],
        ['plain/file', 'tree/in a/file'],
        ['plain', 'pot/in'],
        ['lid', 'pot'],
      ] as const
      for (const [from, to] of binds) if (mount('--bind', own(from), own(to))) mounts.push(own(to))
      const other = scratch(memory?.dir)
      if (mounts.length < binds.length || lstatSync(other).dev === lstatSync(dir).dev) return
      const seen: Op[] = []
      const see = (call: Call): Call => {
        seen.push(call.op)
        return call
      }
      const go = (name: string) => dual(() => through(move.steps(own(name), join(other, 'target')), see)).sync()
      assert.match(assert.throws(() => go('here'), { code: 'EBUSY' }).message, /it is a mount point/)
      const said = assert.throws(() => go('tree'), { code: 'EBUSY' })
      assert.match(said.message, /'[^']*\/tree\/in a\/(deep|file)' is a mount point/)
      assert.equal(
        [(said as NodeJS.ErrnoException).path, (said as { published?: unknown }).published],
        [own('tree'), false],
      )
      assert.equal(
        seen.filter(op => /^(clone|read|write|symlink)$/.test(op)),
        [],
      )
      assert.equal([readdirSync(other), readdirSync(own('plain'))], [[], ['file']])
      // What is mounted below another mount is not in the way: no path leads there.
      assert.is(go('pot/in'), true)
      assert.equal([readdirSync(join(other, 'target')), readdirSync(own('lid'))], [['file'], []])
      // What is deleted ends at what is mounted there.
      assert.match(assert.throws(() => remove.sync(own('tree')), { code: 'EBUSY' }).message, /it was not touched/)
      assert.equal([readdirSync(own('plain')), readFileSync(own('plain/file'), 'utf8')], [['file'], 'text'])
    })

    holds('one directory that is mounted at two places is not moved into itself', async () => {
      mkdirSync(own('a/deep/er'), { recursive: true })
      mkdirSync(own('twice'))
      mkdirSync(own('deep'))
      writeFileSync(own('a/file'), 'text')
      if (!mount('--bind', dir, own('twice')) || !mount('--bind', own('a/deep'), own('deep'))) return
      mounts.push(own('twice'), own('deep'))
      const before = told(own('a'))
      for (const overwrite of [false, true, 'with-gap'] as const) {
        for (const target of ['twice/a/x', 'twice/a/deep/x', 'deep/x', 'deep/er/x'])
          await assert.rejects(move(own('a'), own(target), { overwrite }), { code: 'EINVAL' })
        // Its name under the other mount is the same name.
        for (const name of ['a', 'a/file'])
          await assert.rejects(move(own(name), own(`twice/${name}`), { overwrite }), { code: 'EINVAL' })
      }
      assert.equal(
        told(own('a'))?.map(line => line.replace(/ \d+$/, '')),
        before?.map(line => line.replace(/ \d+$/, '')),
      )
      assert.is(readFileSync(own('a/file'), 'utf8'), 'text')
    })

    holds(
      'a directory of a lower layer of overlayfs, which cannot be renamed, is moved, and replaced with a gap',
      async () => {
        for (const name of ['lower/source/in', 'lower/target/old', 'upper', 'work', 'merged'])
          mkdirSync(own(name), { recursive: true })
        writeFileSync(own('lower/source/in/file'), 'text')
        for (const name of ['in/file', 'in', '']) dated(own(`lower/source/${name}`))
        const layers = `lowerdir=${own('lower')},upperdir=${own('upper')},workdir=${own('work')}`
        if (!mount('-t', 'overlay', 'overlay', '-o', layers, own('merged'))) return
        mounts.push(own('merged'))
        const before = told(own('merged/source'))
        assert.is(await move(own('merged/source'), own('merged/target')), false)
        await assert.rejects(move(own('merged/source'), own('merged/target'), { overwrite: true }), {
          message: /^(ENOTEMPTY|EEXIST)/,
        })
        assert.is(await move(own('merged/source'), own('merged/target'), { overwrite: 'with-gap' }), true)
        assert.equal(told(own('merged/target')), before)
        assert.equal(readdirSync(own('merged')), ['target'])
      },
    )
  }
}
