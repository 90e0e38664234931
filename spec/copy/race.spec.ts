import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { copy, writeFile } from 'holdfast'
import { contender, overlaps } from 'holdfast/testing'
import { copyInPlace } from '../broken/broken.js'
import {
  assert,
  canBeAnother,
  everyPlace,
  holds,
  memory,
  note,
  ownerOf,
  payload,
  placesAnd,
  race,
  raceApart,
  raced,
  scratch,
  sized,
} from '../support/kit.js'
import { files, layMany, readMany, shapeOf } from '../support/trees.js'

/** Reads each file that is there, again and again, until all are there or the time is over. */
function watch(target: string, ms: number): { reads: number; partial: number } {
  const until = performance.now() + ms
  const seen = { reads: 0, partial: 0 }
  for (let found = 0; found < files && performance.now() < until; ) {
    const now = readMany(target)
    found = now.reads
    add(seen, now)
  }
  return seen
}

const plays = {
  copier: (dir: string, round: number, number: number) =>
    (number % 2 ? copy : copy.sync)(join(dir, 'source'), join(dir, String(round))),
  naive: (dir: string, round: number) => copyInPlace(join(dir, 'source'), join(dir, String(round))),
  cp: (dir: string, round: number) => cp(join(dir, 'source'), join(dir, String(round)), { recursive: true }),
  ordinary: async (dir: string, round: number, number: number) => {
    if (process.getuid?.() === 0) {
      process.setgid?.(54_321)
      process.setuid?.(54_321)
    }
    return (number % 2 ? copy : copy.sync)(join(dir, 'source'), join(dir, String(round)))
  },
  reader: (dir: string, round: number) => watch(join(dir, String(round)), 120_000),
  // For copies that fail: the tree will never be complete.
  glancer: (dir: string, round: number) => watch(join(dir, String(round)), 200),
}

if (!contender(plays)) {
  holds('a disk with copy-on-write shares the bytes of a copy; another one does not', async () => {
    const size = 20 << 20
    for (const { kind, dir: place } of everyPlace) {
      if (/tmpfs|overlayfs/.test(kind) || process.platform !== 'linux') continue
      const dir = scratch(place)
      const free = () => {
        // btrfs updates its count when it commits.
        assert.is(spawnSync('sync', ['-f', dir]).status, 0)
        return statfsSync(dir).bfree * statfsSync(dir).bsize
      }
      await writeFile(join(dir, 'source'), payload(1, size), { durability: 'full' })
      const before = free()
      await copy(join(dir, 'source'), join(dir, 'target'), { durability: 'full' })
      const taken = before - free()
      note(`${kind}: a copy of ${size} bytes took ${taken}`)
      assert.is(ownerOf(readFileSync(join(dir, 'target')), size), 1)
      if (kind === 'xfs' || kind === 'btrfs') assert.ok(taken < size / 4, 'it is no clone')
      // Checks the measure itself: these bytes are written.
      const then = free()
      await writeFile(join(dir, 'other'), payload(2, size), { durability: 'full' })
      if (kind !== 'ext4') assert.ok(then - free() > size / 2, 'nothing can be measured so')
    }
  })

  if (!canBeAnother()) raced.skip('races of ordinary users', 'it takes root, and this package where others can read it')
  else
    raced(
      'race: ordinary users copy read-only directories to one fresh target, and nothing private is left',
      async () => {
        const dir = scratch(memory)
        chmodSync(dir, 0o777)
        const source = join(dir, 'source')
        for (let file = 0; file < 60; file++) {
          const path = join(source, `${file % 6}`, String(file))
          mkdirSync(dirname(path), { recursive: true })
          writeFileSync(path, path, { mode: 0o444 })
        }
        for (const name of [...readdirSync(source), '']) chmodSync(join(source, name), 0o555)
        let overlapping = 0
        const rounds = sized(8, 200)
        await raceApart(import.meta.url, {
          dir,
          cast: { ordinary: 4 },
          rounds,
          after: (results, round) => {
            assert.equal(
              results.filter(({ how }) => how !== 'returned'),
              [],
            )
            assert.equal(shapeOf(join(dir, String(round))), shapeOf(source))
            if (overlaps(results)) overlapping++
          },
        })
        assert.equal(
          readdirSync(dir).filter(name => !/^(source|\d+)$/.test(name)),
          [],
          'debris',
        )
        note(`${rounds} rounds, ${overlapping} with overlapping calls`)
        assert.ok(overlapping > rounds / 2, 'no contention')
      },
    )

  for (const { kind, dir: place } of placesAnd('overlayfs')) {
    const dir = scratch(place)
    const source = join(dir, 'source')
    /** Copies again and again; sums up what the readers saw, and which copies failed. */
    const play = async (rounds: number, cast: Record<string, number>, check?: (target: string) => void) => {
      if (!existsSync(source)) layMany(source)
      const seen = { reads: 0, partial: 0, overlapping: 0, rejected: [] as (string | undefined)[] }
      await race(import.meta.url, {
        dir,
        cast,
        rounds,
        after: (results, round) => {
          const readers = results.filter(({ role }) => role === 'reader' || role === 'glancer')
          const copiers = results.filter(one => !readers.includes(one))
          for (const { value } of readers) add(seen, value as typeof seen)
          for (const { how, code, message } of copiers) if (how !== 'returned') seen.rejected.push(code ?? message)
          if (overlaps(copiers)) seen.overlapping++
          check?.(join(dir, String(round)))
          rmSync(join(dir, String(round)), { recursive: true })
        },
      })
      return seen
    }

    raced(
      `race on ${kind}: four copy a tree of ${files} files to one fresh target, and readers see whole files`,
      async () => {
        const rounds = sized(3, 60)
        const { reads, partial, overlapping, rejected } = await play(rounds, { copier: 4, reader: 1 }, target =>
          assert.equal(shapeOf(target), shapeOf(source)),
        )
        const calls = `${rounds} rounds, ${overlapping} with overlapping calls`
        note(`${calls}: ${rejected.length} of ${4 * rounds} rejected; ${partial} of ${reads} reads were partial`)
        assert.equal(rejected, [])
        assert.is(partial, 0)
        assert.ok(overlapping > 0 && reads >= rounds * files, 'no contention')
      },
    )

    raced(`race on ${kind} catches: copies in place, and \`fs.cp\``, async () => {
      let naive = { reads: 0, partial: 0 }
      // It is a matter of chance, so there are many tries.
      for (let tries = 0; naive.partial === 0 && tries < 20; tries++) naive = await play(2, { naive: 3, glancer: 1 })
      note(`in place: ${naive.partial} of ${naive.reads} reads were partial`)
      assert.ok(naive.partial > 0)
      const { rejected } = await play(2, { cp: 4 })
      note(`fs.cp: ${rejected.length} of 8 rejected`)
      assert.ok(rejected.length > 0 && rejected.every(code => code === 'EEXIST' || code === 'ENOENT'), rejected.join())
    })
  }
}

function add(sum: { reads: number; partial: number }, { reads, partial }: { reads: number; partial: number }): void {
  sum.reads += reads
  sum.partial += partial
}
