// While a function of a root works, another process puts a link in the place of a directory or a file on its way: nothing
// that the link leads to may be touched, or be returned. Here that happens before each call in turn; ./attack.spec.ts has
// a process that never stops.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { within } from 'holdfast'
import { type Call, driveSync, type Steps } from 'holdfast/steps'
import { through } from '../broken/interfere.js'
import { assert, holds, memory, note, sized } from '../support/kit.js'
import { stepsOf } from './acts.js'
import { type Ground, layOut, layRoot } from './ground.js'
import { naive } from './naive.js'

const places = ['a/b', 'a/b/f', 'a/b/f.lock', 'a/b/tree', 'a/b/tree/in'] as const

function layTree(top: string, content: string): void {
  mkdirSync(join(top, 'a/b/tree/in'), { recursive: true })
  mkdirSync(join(top, 'a/b/f.lock'), { recursive: true })
  // With the mark of ours: without it, it would be another package's lock, and waited for.
  chmodSync(join(top, 'a/b/f.lock'), 0o4755)
  for (const file of ['tree/x', 'tree/in/x', 'tree/in/y', 'tree/.x.gone-0-0.0123456789abcdef.holdfast'])
    writeFileSync(join(top, 'a/b', file), content)
}

/** Puts a link in the place of what is there, and returns how to put that back. */
function swap({ dir, root, outside }: Ground, place: string): (() => void) | undefined {
  const [at, aside] = [join(root, place), join(dir, 'swapped')]
  if (!lstatSync(at, { throwIfNoEntry: false }) || lstatSync(at).isSymbolicLink() || existsSync(aside)) return undefined
  renameSync(at, aside)
  symlinkSync(join(outside, place), at)
  return () => {
    if (!lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return
    unlinkSync(at)
    renameSync(aside, at)
  }
}

interface Found {
  swaps: number
  harmed: number
  stolen: number
}

interface How {
  /** What was swapped comes back before the next call. */
  readonly isBrief: boolean
  /** Calls before this one have used the same directories. In small form, that alternates. */
  readonly isKnown: boolean | undefined
}

const hows: readonly How[] = [true, false].flatMap(isBrief =>
  sized<readonly How['isKnown'][]>([undefined], [true, false]).map(isKnown => ({ isBrief, isKnown })),
)

interface Outside extends Ground {
  readonly before: string
}

type Begin = (ground: Ground & { readonly isKnown: boolean }) => {
  readonly steps: Steps<unknown>
  readonly end?: () => void
}

/** After which call the next swap is tried. In small form, it is some of the calls behind the first ones. */
const each = (k: number): number => k + 1
const some = (k: number): number => k + (k < 8 ? 1 : 3)
/** These make the same calls many times over: behind the first ones, a sample is enough. */
const many: ReadonlySet<string> = new Set(['probe', 'lock.shared', 'updateFile, two', 'withLock, two', 'single'])
const few = (k: number): number => k + (k < sized(12, 40) ? 1 : sized(97, 41))

/** What is outside is laid out once, because it stays as it is. */
function layOutside(): Outside {
  const ground = layOut(memory)
  layTree(ground.outside, 'secret')
  writeFileSync(join(ground.outside, 'a/b/f.lock/t.1.0123456789abcdef.f.1'), '')
  return { ...ground, before: ground.told() }
}

/** Swaps each place before each call in turn; for good, or only for that call. */
function swapAtEachCall(begin: Begin, next: (k: number) => number): Found {
  const found: Found = { swaps: 0, harmed: 0, stolen: 0 }
  let far = layOutside()
  for (const place of places)
    for (const how of place === 'a/b' ? hows : hows.filter(({ isBrief }) => !isBrief))
      for (let k = 0, swapsBefore = found.swaps; ; k = next(k)) {
        const { isBrief, isKnown = k % 2 === 1 } = how
        const ground = { ...far, ...layRoot(memory), isKnown }
        layTree(ground.root, 'inside')
        let calls = 0
        let back: (() => void) | undefined
        const door = (call: Call): Call => {
          if (calls === k + 1 && isBrief) back?.()
          if (calls++ !== k) return call
          back = swap(ground, place)
          if (back) found.swaps++
          return call
        }
        const { steps, end } = begin(ground)
        let value: unknown
        try {
          value = driveSync(through(steps, door))
        } catch {}
        end?.()
        if (ground.told() !== ground.before) {
          found.harmed++
          far = layOutside()
        }
        const made = join(ground.root, 'new')
        const isMade =
          lstatSync(made, { throwIfNoEntry: false })?.isFile() && readFileSync(made, 'utf8').includes('secret')
        if (String(value).includes('secret') || isMade) found.stolen++
        // Where nothing was swapped at first, it is not there.
        rmSync(ground.dir, { recursive: true })
        if (calls <= k || (k > 3 && found.swaps === swapsBefore)) break
      }
  return found
}

if (process.platform === 'linux') {
  for (const [name, one] of Object.entries(stepsOf))
    holds(
      `${name}: a link that comes in the place of anything on its way, before any of its calls, leads nowhere`,
      () => {
        const { swaps, harmed, stolen } = swapAtEachCall(
          ({ root, isKnown }) => {
            const dir = within.sync(root)
            if (isKnown) for (const path of ['a/b/f', 'a/b/tree/x']) dir.lstat.sync(path)
            return { steps: one(dir), end: () => dir.close() }
          },
          many.has(name) ? few : sized(some, each),
        )
        note(`${name}: ${swaps} swaps`)
        assert.ok(swaps > 2, `only ${swaps} swaps`)
        assert.equal([harmed, stolen], [0, 0])
      },
    )

  for (const [name, one] of Object.entries(naive))
    holds(`the same swaps lead ${name} out if its path is resolved, compared and then used`, () => {
      const { swaps, harmed, stolen } = swapAtEachCall(({ root }) => ({ steps: one(root) }), each)
      note(`${name}: ${swaps} swaps, ${harmed} times harmed, ${stolen} times stolen`)
      assert.ok(harmed + stolen > 0)
    })
} else holds.skip('links that take the place of what is on the way', 'only Linux looks up names by a descriptor')
