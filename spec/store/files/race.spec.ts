// Real processes read and replace large values in a store in a directory: none is torn, or missing while there always is one.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from 'holdfast/store'
import { contender, overlaps } from 'holdfast/testing'
import { plainStore } from '../../broken/plain-store.js'
import { assert, catchInRace, everyPlace, note, places, race, raced, scratch, sized } from '../../support/kit.js'
import { soonOnWindows } from '../../support/left.js'
import { isWindows } from '../../windows/flavour.js'

const bytes = 64 * 1024
const fast = { durability: 'none' } as const

/** Begins with the number that all of it consists of. */
const wholeOf = (number: number): Buffer => Buffer.alloc(bytes, `${number}`.padStart(16, '0'))
const isWhole = (value: Uint8Array): boolean =>
  value.length === bytes && wholeOf(Number(Buffer.from(value).toString('latin1', 0, 16))).equals(value)

const reads = sized(120, 2000)

interface Bytes {
  get(key: string): Promise<{ readonly value?: Uint8Array | undefined } | undefined>
  write(key: string, value: Uint8Array): Promise<unknown>
}

const bytesOf = (dir: string): Bytes => {
  const store = fileStore<Uint8Array>(join(dir, 'torn'), { ...fast, codec: 'bytes' })
  return { get: key => store.get(key), write: (key, value) => store.update(key, value) }
}

async function writing({ write }: Bytes, number: number): Promise<void> {
  for (let at = 0; at < reads / 2; at++) await write('k', wholeOf(number * reads + at))
}

async function reading({ get }: Bytes): Promise<{ torn: number; absent: number; seen: number }> {
  const found = { torn: 0, absent: 0, seen: 0 }
  let last = ''
  for (let at = 0; at < reads; at++) {
    const value = (await get('k'))?.value
    if (!value) found.absent++
    else if (!isWhole(value)) found.torn++
    else {
      const now = Buffer.from(value).toString('latin1', 0, 16)
      if (now !== last) found.seen++
      last = now
    }
  }
  return found
}

const plays = {
  writer: (dir: string, _: number, number: number) => writing(bytesOf(dir), number),
  reader: (dir: string) => reading(bytesOf(dir)),
  'plain-writer': (dir: string, _: number, number: number) => writing(plainStore(dir), number),
  'plain-reader': (dir: string) => reading(plainStore(dir)),
}

type Seen = { torn: number; absent: number; seen: number }
const sum = (all: readonly Seen[], of: keyof Seen): number => all.reduce((total, one) => total + one[of], 0)

if (!contender(plays)) {
  for (const { kind, dir: place } of sized(places, everyPlace)) {
    raced(`race on ${kind}: of two writers of 64 KiB, six readers see whole values, and always one`, async () => {
      const dir = scratch(place)
      fileStore<Uint8Array>(join(dir, 'torn'), { ...fast, codec: 'bytes' }).create.sync('k', wholeOf(0))
      const rounds = sized(1, 2)
      const history = await race(import.meta.url, { dir, cast: { writer: 2, reader: 6 }, rounds })
      assert.ok(
        history.flat().every(({ how }) => how === 'returned'),
        JSON.stringify(history.flat()),
      )
      const all = history.flat().flatMap(({ value }) => (value as Seen | undefined) ?? [])
      note(
        `${kind}: ${6 * reads * rounds} reads, ${sum(all, 'torn')} torn, ${sum(all, 'absent')} absent; ${sum(all, 'seen')} changes seen`,
      )
      assert.equal([sum(all, 'torn'), sum(all, 'absent')], [0, 0])
      assert.ok(sum(all, 'seen') > 12 && history.every(overlaps), 'no contention')
      // A scanner there may keep a file open for a moment, and the process that replaced it may have ended meanwhile.
      await soonOnWindows(async () => {
        if (isWindows) await fileStore(join(dir, 'torn')).sweep()
        const names = readdirSync(join(dir, 'torn'), { recursive: true })
        assert.is(names.filter(name => String(name).includes('payload')).length, 1)
      })
    })
  }

  for (const { kind, dir: place } of places)
    raced(`the same race on ${kind} catches: a store that writes files in place`, async () => {
      const dir = scratch(place)
      await plainStore(dir).write('k', wholeOf(0))
      const rounds = await catchInRace(
        import.meta.url,
        { dir, cast: { 'plain-writer': 2, 'plain-reader': 6 }, rounds: 20 },
        results => results.some(({ value }) => ((value as Seen | undefined)?.torn ?? 0) > 0),
      )
      note(`${kind}: a torn value in round ${rounds}`)
    })
}
