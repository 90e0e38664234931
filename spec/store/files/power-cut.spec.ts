// The power is cut while a process changes a store in a directory: with durability 'none' each value that is there is
// whole, with 'file' there is one, and with 'full' it is the last one of which the process knew that it was stored.

import { spawn } from 'node:child_process'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fileStore } from 'holdfast/store'
import { assert, memory, note, raced, scratch, sized } from '../../support/kit.js'
import { type Journalled, noSnapshots, onDisk } from '../../support/snapshots.js'

const cuts = sized(5, 100)
const kinds = sized<readonly Journalled[]>(['ext4'], ['ext4', 'xfs'])

/** What is after a cut: a number that was stored, nothing, or something that was never stored. */
type Left = number | 'absent' | 'wrong'

interface Way {
  /** Stores the number as a value. */
  put(dir: string): (number: number) => void
  read(dir: string): Left
}

/** Every third goes into the name of a token, and the others into files. */
const textOf = (number: number): string => (number % 3 === 0 ? `${number}` : `${number} ${'x'.repeat(6_000)}`)

function leftOf(text: string | undefined): Left {
  if (text === undefined) return 'absent'
  const number = Number.parseInt(text, 10)
  return textOf(number) === text ? number : 'wrong'
}

const storing = (durability: 'none' | 'file' | 'full'): Way => ({
  put(dir) {
    const store = fileStore<string>(join(dir, 'store'), { durability })
    return number => void (store.update.sync('k', textOf(number)).ok || store.create.sync('k', textOf(number)))
  },
  read: dir => leftOf(fileStore<string>(join(dir, 'store')).get.sync('k')?.value),
})

const ways = {
  none: storing('none'),
  file: storing('file'),
  full: storing('full'),
  /** As stores in files usually are. */
  'in place': {
    put: dir => number => writeFileSync(join(dir, 'k'), textOf(number)),
    read: dir => leftOf(readFileSync(join(dir, 'k'), 'utf8')),
  },
} as const satisfies Record<string, Way>

type How = keyof typeof ways

/** Stores one number after the other, and says of each that it is stored. */
function storeForEver(dir: string, how: How, file: string): void {
  const put = ways[how].put(dir)
  const fd = openSync(file, 'r+')
  for (let number = 1; ; number++) {
    put(number)
    writeSync(fd, `${number}`.padStart(digits), 0)
  }
}
const digits = 16

/** As any other program may: so the journal is on the disk, and with it each change of a name. */
function syncAnother(dir: string): void {
  const fd = openSync(join(dir, 'another'), 'a')
  writeSync(fd, 'x')
  fsyncSync(fd)
  closeSync(fd)
}

interface Seen {
  readonly left: Left
  readonly known: number
}

async function cutWhile(kind: Journalled, how: How, until: (seen: readonly Seen[]) => boolean): Promise<Seen[]> {
  const all: Seen[] = []
  await onDisk(kind, async ({ live, cut }) => {
    mkdirSync(join(live, 'd'))
    // In memory, beside the disk that is cut off.
    const file = join(scratch(memory), 'known')
    writeFileSync(file, '0'.padStart(digits))
    const known = () => Number(readFileSync(file, 'utf8'))
    const env = { ...process.env, HOLDFAST_CHILD: JSON.stringify([join(live, 'd'), how, file]) }
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { env, stdio: 'inherit' })
    try {
      while (known() === 0) await later(1)
      while (!until(all)) {
        await later(3 + Math.random() * 20)
        syncAnother(live)
        const before = known()
        cut()(dir => void all.push({ left: ways[how].read(join(dir, 'd')), known: before }))
      }
    } finally {
      child.kill('SIGKILL')
    }
  })
  return all
}

/** Was more stored from one cut to the next? What a cut leaves need not show that: without syncs it may be nothing. */
const isStoring = (all: readonly Seen[]): boolean => new Set(all.map(({ known }) => known)).size > 1

const count = (all: readonly Seen[], is: (one: Seen) => boolean): number => all.filter(is).length
const isWrong = ({ left }: Seen): boolean => left === 'wrong'
const isAbsent = ({ left }: Seen): boolean => left === 'absent'
const isOlder = ({ left, known }: Seen): boolean => typeof left === 'number' && left < known

/** What is never left. */
const promised: Readonly<Record<'none' | 'file' | 'full', (one: Seen) => boolean>> = {
  none: isWrong,
  file: one => isWrong(one) || isAbsent(one),
  full: one => isWrong(one) || isAbsent(one) || isOlder(one),
}

if (process.env.HOLDFAST_CHILD) {
  const [dir, how, file] = JSON.parse(process.env.HOLDFAST_CHILD) as [string, How, string]
  storeForEver(dir, how, file)
} else
  for (const kind of kinds) {
    const why = noSnapshots(kind)
    const test = (name: string, body: () => unknown) =>
      why ? raced.skip(`on ${kind}: ${name}`, why) : raced(`on ${kind}: ${name}`, body)
    for (const how of ['none', 'file', 'full'] as const)
      test(`after a power cut a store with durability '${how}' is as it promises`, async () => {
        const all = await cutWhile(kind, how, seen => seen.length >= cuts && isStoring(seen))
        note(
          `${kind}, '${how}': ${all.length} cuts, ${count(all, isWrong)} wrong, ${count(all, isAbsent)} absent, ${count(all, isOlder)} older than known`,
        )
        assert.is(count(all, promised[how]), 0)
        assert.ok(isStoring(all), 'nothing was stored meanwhile')
      })
    test('the cuts catch: values that are written in place, and none that is synced', async () => {
      const isCaught = (all: readonly Seen[]) => all.length >= 20 * cuts || all.some(isWrong)
      const inPlace = await cutWhile(kind, 'in place', isCaught)
      const unsynced = await cutWhile(kind, 'none', all => all.length >= 20 * cuts || all.some(promised.full))
      note(`${kind}: after ${inPlace.length} cuts a value is torn, and after ${unsynced.length} one is lost`)
      assert.ok(inPlace.some(isWrong) && unsynced.some(promised.full))
    })
  }
