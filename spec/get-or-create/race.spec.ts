// Real processes that need one directory of 200 files; in every other round the first to make it is killed half-way.

import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getOrCreate, sweep } from 'holdfast'
import { contender, overlaps, type Result } from 'holdfast/testing'
import { assert, catchInRace, note, ownerOf, payload, places, race, raced, scratch, sized } from '../support/kit.js'

const files = 200
const bytes = 256
const rounds = sized(20, 400)
const dies = (round: number): boolean => round % 2 === 0

const treeOf = (dir: string, round: number): string => join(dir, `tree-${round}`)

/** True for one process in a round. */
function isFirst(dir: string, round: number): boolean {
  try {
    closeSync(openSync(join(dir, `first-${round}`), 'wx'))
    return true
  } catch {
    return false
  }
}

/** Fills a directory with files that name their maker; a doomed process dies half-way. */
function fill(at: string, owner: number, doomed: boolean): void {
  for (let i = 0; i < files; i++) {
    if (doomed && i === files / 2) {
      writeFileSync(join(at, `${i}`), payload(owner, bytes).subarray(0, bytes / 2))
      process.kill(process.pid, 'SIGKILL')
    }
    writeFileSync(join(at, `${i}`), payload(owner, bytes))
  }
}

/** The maker of the whole tree; undefined if it is not whole, or has several makers. */
function makerOf(tree: string): number | undefined {
  const names = readdirSync(tree)
  const makers = new Set(names.map(name => ownerOf(readFileSync(join(tree, name)), bytes)))
  const [maker] = makers
  return names.length === files && makers.size === 1 ? maker : undefined
}

interface Had {
  readonly made: boolean
  readonly maker: number | undefined
}

const plays = {
  getter: async (dir: string, round: number, number: number): Promise<Had> => {
    const tree = treeOf(dir, round)
    const produce = (stage: string) => fill(stage, number, dies(round) && isFirst(dir, round))
    const options = { kind: 'directory', parents: true } as const
    const sync = number % 4 === 3
    const { made } = sync ? getOrCreate.sync(tree, produce, options) : await getOrCreate(tree, produce, options)
    return { made, maker: makerOf(tree) }
  },
  naive: (dir: string, round: number, number: number): Had => {
    const tree = treeOf(dir, round)
    const made = !existsSync(tree)
    if (made) {
      mkdirSync(tree, { recursive: true })
      fill(tree, number, dies(round) && isFirst(dir, round))
    }
    return { made, maker: makerOf(tree) }
  },
  /** Looks again and again; counts how often it saw a part. */
  looker: (dir: string, round: number) => {
    const seen = { looks: 0, part: 0 }
    for (let whole = 0; whole < 5 && seen.looks < 1_000_000; seen.looks++) {
      try {
        const { length } = readdirSync(treeOf(dir, round))
        if (length === files) whole++
        else seen.part++
      } catch {}
    }
    return seen
  },
}

const had = (results: readonly Result[]): Had[] =>
  results.filter(({ role, how }) => role !== 'looker' && how === 'returned').map(({ value }) => value as Had)

if (!contender(plays)) {
  for (const { kind, dir: place } of places) {
    raced(
      `race on ${kind}: eight get or create one directory, and who makes it first is killed in the middle`,
      async () => {
        const dir = scratch(place)
        const [sum, left] = [{ died: 0, made: 0, got: 0, looks: 0 }, new Set<string>()]
        const after = (results: readonly Result[], round: number) => {
          const alive = had(results)
          const died = results.filter(({ how }) => how === 'died').length
          assert.equal(
            results.filter(({ how }) => how === 'threw'),
            [],
          )
          assert.is(died, dies(round) ? 1 : 0)
          assert.is(alive.length, 8 - died)
          assert.is(alive.filter(({ made }) => made).length, 1, 'made once')
          const [first] = alive
          assert.ok(first?.maker !== undefined && alive.every(({ maker }) => maker === first.maker), 'one whole result')
          assert.is(makerOf(treeOf(dir, round)), first?.maker)
          for (const { role, value } of results) {
            if (role !== 'looker') continue
            const seen = value as { looks: number; part: number }
            assert.is(seen.part, 0, 'a part was seen')
            sum.looks += seen.looks
          }
          sum.died += died
          sum.made++
          sum.got += alive.length
          for (const name of readdirSync(dir)) if (name.startsWith('.')) left.add(name)
        }
        const cast = { getter: 8, looker: 1 }
        const history = await race(import.meta.url, { dir, cast, rounds, after })
        const swept = await sweep(dir)
        assert.equal(swept, [...left].sort())
        const rest = readdirSync(dir).filter(name => !/^(tree-\d+(\.lock)?|first-\d+)$/.test(name))
        assert.equal(rest, [], 'debris')
        note(
          `${kind}: ${rounds} rounds, ${sum.died} producers killed, who left ${left.size} names, all swept; ` +
            `${sum.got} got it whole, ${sum.made} made it; ${sum.looks} looks, 0 at a part`,
        )
        assert.is(sum.died, rounds / 2)
        assert.ok(history.every(overlaps), 'no contention')
      },
    )

    raced(`race on ${kind} catches: made in its place`, async () => {
      const dir = scratch(place)
      const caughtIn = await catchInRace(import.meta.url, { dir, cast: { naive: 8 } }, results =>
        had(results).some(({ maker }) => maker === undefined),
      )
      note(`${kind}: a call gets a part in round ${caughtIn}`)
    })
  }
}
