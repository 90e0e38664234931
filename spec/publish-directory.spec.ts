// `publishDirectory`: the link leads to the old version or the new, whatever happens to whom.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { publishDirectory } from 'holdfast'
import { fs, type Steps } from 'holdfast/steps'
import { contender, overlaps } from 'holdfast/testing'
import { removeThenRename } from './broken/publish-directory.js'
import { deadOwner } from './support/dead-owner.js'
import {
  assert,
  catchInRace,
  caught,
  everyPlace,
  explored,
  holds,
  note,
  places,
  prove,
  race,
  raced,
  scratch,
  sized,
} from './support/kit.js'
import * as laws from './support/laws.js'

const at = (dir: string): string => join(dir, 'site')
const fill = (text: string) => (stage: string) => {
  for (const name of ['a', 'b', 'c']) writeFileSync(join(stage, name), text)
}
const read = (dir: string): string => readFileSync(join(at(dir), 'a'), 'utf8')
const versions = (dir: string): string[] => readdirSync(dir).filter(name => name.startsWith('site.version-'))
const strange = (dir: string): string[] =>
  readdirSync(dir).filter(name => !/^site(\.lock|\.version-\d+-[0-9a-f]{16})?$/.test(name))

/** Every number of a version in its own file, as `<number>`. */
async function publish(dir: string, round: number, number: number): Promise<string> {
  const text = `${round}-${number}`
  if (number === 0 && round % 2 === 1) setTimeout(() => process.kill(process.pid, 'SIGKILL'), (round * 7) % 40)
  const times = sized(6, 20)
  for (let time = 0; time < times; time++)
    await publishDirectory(at(dir), fill(`${text}-${time}`), { keep: 2, grace: 3_000, durability: 'none' })
  return text
}

/** Resolves the link once, reads all files, and again, until it has done so often enough. */
async function look(dir: string): Promise<{ reads: number; seen: number }> {
  let reads = 0
  const seen = new Set<string>()
  for (; reads < sized(60, 200); reads++) {
    const root = await realpath(at(dir))
    const texts = await Promise.all(['a', 'b', 'c'].map(name => readFile(join(root, name), 'utf8')))
    if (new Set(texts).size !== 1) throw new Error(`mixed: ${texts}`)
    seen.add(texts[0] as string)
    await wait(1)
  }
  return { reads, seen: seen.size }
}

const replaceTree = async (dir: string, round: number): Promise<void> => {
  for (let time = 0; time < 20; time++) {
    const stage = join(dir, `stage-${time}`)
    mkdirSync(stage)
    fill(`${round}-${time}`)(stage)
    renameSync(at(dir), join(dir, `old-${round}-${time}`))
    renameSync(stage, at(dir))
  }
}

if (!contender({ publish, look, naive: replaceTree })) {
  holds('the link leads to the version that was built last, in both forms', async () => {
    const dir = scratch()
    const first = await publishDirectory(at(dir), fill('1'))
    assert.is(read(dir), '1')
    assert.is(join(dir, readlinkSync(at(dir))), first)
    const second = publishDirectory.sync(at(dir), fill('2'), { durability: 'full' })
    assert.is(join(dir, readlinkSync(at(dir))), second)
    assert.is(read(dir), '2')
    await publishDirectory(at(dir), async stage => {
      await wait(5)
      fill('3')(stage)
    })
    assert.is(read(dir), '3')
    // None was replaced a minute ago.
    assert.is(versions(dir).length, 3)
    await publishDirectory(join(dir, 'x/y'), fill('1'), { parents: true, durability: 'full' })
    await assert.rejects(publishDirectory(join(dir, 'z/y'), fill('1')), { code: 'ENOENT', message: /./ })
  })

  holds('old versions go, and never the one that is current', async () => {
    const dir = scratch()
    for (let number = 0; number < 6; number++) await publishDirectory(at(dir), fill(`${number}`), { keep: 2, grace: 0 })
    assert.is(versions(dir).length, 3)
    await publishDirectory(at(dir), fill('last'), { keep: 0, grace: 0 })
    assert.equal(versions(dir), [readlinkSync(at(dir))])
    for (let number = 0; number < 3; number++) await publishDirectory(at(dir), fill('x'), { keep: 0, grace: 60_000 })
    assert.is(versions(dir).length, 4)
    assert.equal(strange(dir), [])
  })

  holds('a directory that is no link is refused, or becomes the oldest version', async () => {
    const dir = scratch()
    mkdirSync(at(dir))
    fill('old')(at(dir))
    let built = 0
    await assert.rejects(
      publishDirectory(at(dir), () => void built++),
      { code: 'EEXIST', message: /replace: true/ },
    )
    assert.is(built, 0)
    await publishDirectory(at(dir), fill('new'), { replace: true })
    assert.is(read(dir), 'new')
    const [oldest = ''] = versions(dir).filter(name => name !== readlinkSync(at(dir)))
    assert.is(readFileSync(join(dir, oldest, 'a'), 'utf8'), 'old')
    writeFileSync(join(dir, 'file'), '')
    await assert.rejects(publishDirectory(join(dir, 'file'), fill('x'), { replace: true }), { code: 'ENOTDIR' })
  })

  holds('what build throws comes out, and nothing has changed', async () => {
    const dir = scratch()
    await publishDirectory(at(dir), fill('1'))
    const failure = new Error('no')
    const error = await publishDirectory(at(dir), () => Promise.reject(failure)).catch(one => one)
    assert.ok(error === failure && error.published === false)
    await assert.rejects(
      publishDirectory(at(dir), stage => renameSync(stage, join(dir, 'moved'))),
      {
        code: 'ERR_NOT_PRODUCED',
      },
    )
    assert.is(read(dir), '1')
    assert.equal(strange(dir), ['moved'])
    assert.is(versions(dir).length, 1)
  })

  holds('what dead publishers have left goes with the next call', async () => {
    const dir = scratch()
    const debris = join(dir, `.site.${deadOwner()}.0123456789abcdef.holdfast`)
    mkdirSync(debris)
    writeFileSync(join(debris, 'a'), '')
    await publishDirectory(at(dir), fill('1'))
    assert.not(existsSync(debris))
  })

  const trial = {
    setup: (dir: string) => void publishDirectory.sync(at(dir), fill('old'), { grace: 0, keep: 0 }),
    args: (dir: string): [string, (stage: string) => void, object] => [at(dir), fill('new'), { grace: 0, keep: 0 }],
    done: (dir: string) => assert.is(read(dir), 'new'),
  }
  holds('whichever call fails, its error comes out, or it is published', () =>
    laws.assertOriginalErrorComesOut(publishDirectory as never, trial as never),
  )
  holds('whatever fails or is stopped leaves nothing behind', () =>
    laws.assertNothingLeftBehind(publishDirectory as never, trial as never),
  )
  holds('bad input is refused before anything is done', () =>
    laws.assertRefusesBadInput(publishDirectory, scratch(), [
      [['', fill('x')], 'ERR_INVALID_ARG_VALUE'],
      [['d'], 'ERR_INVALID_ARG_TYPE'],
      [['d', fill('x'), { keep: -1 }], 'ERR_OUT_OF_RANGE'],
      [['d', fill('x'), { grace: 'long' }], 'ERR_INVALID_ARG_TYPE'],
    ]),
  )

  /** Goes through the link, which is never missing and never leads to nothing. */
  function* see(dir: string): Steps<void> {
    for (let times = 0; times < 2; times++) yield* fs.stat(at(dir))
  }
  const began = (dir: string): void => void publishDirectory.sync(at(dir), () => {}, { durability: 'none' })
  const options = { keep: 0, grace: 0, durability: 'none' } as const
  const isThere = ({
    dir,
    outcomes,
  }: {
    dir: string
    outcomes: Readonly<Record<string, { how: string; error?: unknown }>>
  }) => {
    assert.ok(lstatSync(at(dir)).isSymbolicLink() && existsSync(at(dir)), 'the link leads to nothing')
    const { Reader } = outcomes
    if (Reader?.how === 'threw') throw new Error(`a gap: ${Reader.error}`)
  }
  explored('explore: one publishes beside a reader, with a kill', () => {
    const world = {
      setup: began,
      players: (dir: string) => ({ A: publishDirectory.steps(at(dir), () => {}, options) }),
      adversaries: (dir: string) => ({ Reader: see(dir) }),
      kills: 1,
      check: isThere,
    }
    assert.ok(prove('1 publishDirectory, 1 reader, 1 kill', world as never, {}, () => true).complete)
  })
  explored('explore: two publish at once', () => {
    const world = {
      setup: began,
      players: (dir: string) => ({
        A: publishDirectory.steps(at(dir), () => {}, options),
        B: publishDirectory.steps(at(dir), () => {}, options),
      }),
      adversaries: (dir: string) => ({ Reader: see(dir) }),
      kills: 1,
      check: isThere,
    }
    prove('2 publishDirectory, 1 reader, 1 kill', world as never, { random: { schedules: sized(300, 3000) } })
  })
  explored('explore catches: a link that is removed and made again', () => {
    caught('remove, then link', /a gap|leads to nothing/, {
      setup: began,
      players: (dir: string) => ({ A: removeThenRename(at(dir)) }),
      adversaries: (dir: string) => ({ Reader: see(dir) }),
      check: isThere,
    } as never)
  })

  for (const { kind, dir: place } of sized(places, everyPlace)) {
    raced(`race on ${kind}: three publish beside four readers, some are killed: no gap, no mixed tree`, async () => {
      const dir = scratch(place)
      await publishDirectory(at(dir), fill('first'), { durability: 'none' })
      const rounds = await race(import.meta.url, { dir, cast: { publish: 3, look: 4 }, rounds: sized(3, 20) })
      const all = rounds.flat()
      const failed = all.filter(({ how }) => how === 'threw')
      assert.equal(
        failed.map(({ message }) => message),
        [],
      )
      const died = all.filter(({ how }) => how === 'died').length
      const seen = all.reduce((sum, { value }) => sum + ((value as { seen?: number } | undefined)?.seen ?? 0), 0)
      note(`${kind}: ${died} killed, readers saw ${seen} versions`)
      assert.ok(died > 0 && rounds.every(overlaps) && seen > rounds.length * 4, 'no contention')
      await publishDirectory(at(dir), fill('end'), { keep: 0, grace: 0 })
      assert.is(versions(dir).length, 1)
      assert.equal(strange(dir), [])
    })
  }
  raced('race catches: a directory that is renamed away, and another one into its place', async () => {
    const dir = scratch()
    mkdirSync(at(dir))
    fill('first')(at(dir))
    const options = { dir, cast: { naive: 1, look: 4 }, rounds: sized(50, 200) }
    await catchInRace(import.meta.url, options, results => results.some(({ how }) => how === 'threw'))
  })
}
