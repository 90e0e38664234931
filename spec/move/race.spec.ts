import { existsSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyDir, move } from 'holdfast'
import { contender, overlaps } from 'holdfast/testing'
import { linkThenUnlink, lookThenRename, removeThenRename } from '../broken/broken.js'
import { assert, catchInRace, forAWhile, note, places, placesAnd, race, raced, scratch, sized } from '../support/kit.js'
import { kinds as everyKind, type Kind, make, read } from '../support/planted.js'
import { privateNames } from '../support/trees.js'
import { isWine } from '../windows/flavour.js'

const seconds = sized(0.3, 30)
/** On a busy machine each process goes on until it has had this many turns. */
const turns = 30
/** Wine makes no links. */
const kinds = everyKind.filter(kind => !isWine || kind !== 'link')

/** Each process moves a thing of its own of each kind to one name for all; the order of the kinds differs by round. */
const rivalry = (way: (from: string, to: string) => unknown) => async (dir: string, round: number, number: number) => {
  const won: boolean[] = []
  for (const at of kinds.keys()) {
    const which = (at + round) % kinds.length
    const kind = kinds[which] as Kind
    won[which] = (await way(join(dir, `${round}-${kind}-${number}`), join(dir, `${round}-${kind}`))) === true
  }
  return won
}
/** All processes move one thing, each to a name of its own. */
const scramble = (way: (from: string, to: string) => unknown) => async (dir: string, round: number, number: number) => {
  const gets: unknown[] = []
  for (const kind of kinds) {
    const [from, to] = [join(dir, `${round}-${kind}`), join(dir, `${round}-${kind}-${number}`)]
    gets.push(await Promise.resolve(way(from, to)).catch(error => error.code))
  }
  return gets
}
const replacing = (way: (from: string, to: string) => unknown) => (dir: string, _round: number, number: number) =>
  forAWhile(seconds, turns, async turn => {
    const own = join(dir, `own-${number}-${turn}`)
    writeFileSync(own, 'whole')
    return (await way(own, join(dir, 'target'))) === true
  })

const quick = { durability: 'none' } as const
const plays = {
  mover: (dir: string, round: number, number: number) =>
    rivalry((from, to) => (number % 2 ? move : move.sync)(from, to, quick))(dir, round, number),
  looker: rivalry((from, to) => lookThenRename(from, to).catch(() => false)),
  taker: (dir: string, round: number, number: number) =>
    scramble((from, to) => move(from, to, { ...quick, overwrite: round % 2 > 0 }))(dir, round, number),
  linker: scramble((from, to) => linkThenUnlink(from, to)),
  replacer: replacing((from, to) => move(from, to, { ...quick, overwrite: true })),
  remover: replacing((from, to) => removeThenRename(from, to).catch(() => true)),
  reader: (dir: string) => forAWhile(seconds, turns, () => existsSync(join(dir, 'target'))),
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

if (!contender(plays)) {
  for (const { kind, dir: place } of placesAnd('btrfs')) {
    const broken = places.some(({ dir }) => dir === place) ? raced : () => {}
    const whole = (dir: string, name: string) => read(join(dir, name))?.startsWith('whole') ?? false
    const lay = (dir: string, names: (kind: Kind) => string[]) => {
      for (const one of kinds) for (const name of names(one)) make(join(dir, name), `whole ${name}`, one)
    }
    const rivalsOf = (round: number) => (one: Kind) => [0, 1, 2].map(number => `${round}-${one}-${number}`)
    /** How many processes won in this round, of each kind. */
    const winnersOf = (results: readonly { value?: unknown }[]) =>
      kinds.map((_, at) => results.filter(({ value }) => (value as boolean[])[at]).length)

    raced(
      `race on ${kind}: three move a file, a directory and a link of their own to one name, 200 rounds`,
      async () => {
        const dir = scratch(place)
        const rounds = sized(200, 4000)
        const seen = { winners: 0, overlapping: 0 }
        await race(import.meta.url, {
          dir,
          cast: { mover: 3 },
          rounds,
          before: round => lay(dir, rivalsOf(round)),
          after: (results, round) => {
            const threw = results.filter(({ how }) => how !== 'returned')
            assert.equal(threw, [])
            assert.equal(
              winnersOf(results),
              kinds.map(() => 1),
              `winners in round ${round}`,
            )
            if (overlaps(results)) seen.overlapping++
            for (const [at, one] of kinds.entries())
              for (const { number, value } of results) {
                const name = `${round}-${one}-${number}`
                const won = (value as boolean[])[at]
                assert.is(read(join(dir, won ? `${round}-${one}` : name)), `whole ${name}`)
                assert.is(isThere(join(dir, name)), !won)
              }
            seen.winners += kinds.length
            assert.equal(privateNames(dir), [], 'debris')
            emptyDir.sync(dir)
          },
        })
        note(`${rounds} rounds of 3: ${seen.winners} winners, ${seen.overlapping} rounds with overlapping calls`)
        assert.ok(seen.overlapping > rounds / 4, 'no contention')
      },
    )

    broken(`race on ${kind} catches: look whether it is there, and rename`, async () => {
      const dir = scratch(place)
      const before = (round: number) => lay(dir, rivalsOf(round))
      const options = { dir, cast: { looker: 3 }, rounds: 400, before }
      const rounds = await catchInRace(import.meta.url, options, results =>
        winnersOf(results).some(winners => winners > 1),
      )
      note(`several winners in round ${rounds}`)
    })

    raced(`race on ${kind}: four take one file, one directory, one link: one gets it`, async () => {
      const dir = scratch(place)
      const rounds = sized(30, 1000)
      const seen = { taken: 0, missed: 0, overlapping: 0 }
      await race(import.meta.url, {
        dir,
        cast: { taker: 4 },
        rounds,
        before: round => lay(dir, one => [`${round}-${one}`]),
        after: (results, round) => {
          for (const [at, one] of kinds.entries()) {
            const answers = results.map(({ value }) => (value as unknown[])[at])
            const winners = results.filter((_, number) => answers[number] === true)
            assert.is(winners.length, 1, `${winners.length} have the ${one} of round ${round}`)
            assert.is(answers.filter(answer => answer === 'ENOENT').length, 3, String(answers))
            assert.equal(
              readdirSync(dir).filter(name => name.includes(`-${one}`)),
              [`${round}-${one}-${winners[0]?.number}`],
            )
            assert.ok(whole(dir, `${round}-${one}-${winners[0]?.number}`))
            seen.taken++
            seen.missed += 3
          }
          if (overlaps(results)) seen.overlapping++
          emptyDir.sync(dir)
        },
      })
      note(
        `${rounds} rounds of 4: ${seen.taken} taken, ${seen.missed} told that it is gone, ${seen.overlapping} overlapping`,
      )
      assert.ok(seen.overlapping > rounds / 3, 'no contention')
    })

    broken(`race on ${kind} catches: a link, and then an unlink that another has done`, async () => {
      const dir = scratch(place)
      const before = (round: number) => lay(dir, one => [`${round}-${one}`])
      const options = { dir, cast: { linker: 4 }, rounds: 400, before }
      const rounds = await catchInRace(
        import.meta.url,
        options,
        results => results.filter(({ value }) => (value as unknown[])[0] === true).length > 1,
      )
      note(`several have it in round ${rounds}`)
    })

    const beside = async (role: 'replacer' | 'remover') => {
      const dir = scratch(place)
      writeFileSync(join(dir, 'target'), 'whole')
      const [results = []] = await race(import.meta.url, { dir, cast: { [role]: 2, reader: 2 }, rounds: 1 })
      const sum = (role: string, what: 'turns' | 'bad') =>
        results.reduce(
          (all, one) => all + (one.role === role ? (one.value as { turns: number; bad: number })[what] : 0),
          0,
        )
      note(
        `${sum(role, 'turns')} moves, ${sum(role, 'bad')} bad; ` +
          `${sum('reader', 'turns')} reads, absent in ${sum('reader', 'bad')}`,
      )
      assert.ok(overlaps(results) && sum(role, 'turns') > 10 && sum('reader', 'turns') > 50, 'no contention')
      return { bad: sum(role, 'bad'), absent: sum('reader', 'bad'), names: readdirSync(dir) }
    }
    raced(`race on ${kind}: who replaces a file leaves no moment without one`, async () => {
      assert.equal(await beside('replacer'), { bad: 0, absent: 0, names: ['target'] })
    })
    broken(`race on ${kind} catches: remove, and rename`, async () => {
      assert.ok((await beside('remover')).absent > 0)
    })
  }
}
