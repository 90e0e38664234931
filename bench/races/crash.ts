// Processes are killed (SIGKILL) at a random moment of a call. Then another process makes the same call in the same
// place.

import { mkdirSync } from 'node:fs'
import { isFace } from '../run/faces.js'
import type { Verdict } from '../run/results.js'
import { contest } from './contest.js'
import { namesBelow, tidyOf } from './debris.js'
import { victim } from './rules.js'
import type { Scene } from './scene.js'
import { scenes } from './scenes.js'
import type { Turn } from './turn.js'
import { callUntilKilled, killAll, lanes, lastWordsOf } from './victims.js'

const victims = 2

interface Entry {
  readonly title: { readonly contest: string; readonly package: string }
  readonly scene: Scene<unknown>
  readonly way: unknown
}

const ways: Record<string, Entry> = Object.fromEntries(
  Object.entries(scenes).flatMap(([name, scene]) =>
    Object.entries(scene.ways).map(([by, way]) => {
      const title = { contest: `killed in ${name}`, package: by }
      return [`${title.contest}, ${by}`, { title, scene, way }]
    }),
  ),
)

/** Packages that claim to leave nothing behind even then. atomically: "if the process exits (cleanly or not)". */
const tidyAfterDeath = ['holdfast', 'atomically', 'cacache', 'by hand']

function unpromised(verdict: Verdict): string[] {
  const isUnpromised = ({ title, scene }: Entry) =>
    scene.unpromised?.[verdict]?.includes(title.package) ||
    (verdict === 'debris' && !isFace(title.package) && !tidyAfterDeath.includes(title.package))
  return Object.entries(ways).flatMap(([row, entry]) => (isUnpromised(entry) ? [row] : []))
}

const placeOf = (turn: Turn, lane: number, call: number): string => turn.path(`${turn.number}-${lane}-${call}`)

export const killedInTheMiddle = contest({
  name: 'killed in the middle',
  file: import.meta.url,
  ways,
  titleOf: row => (ways[row] as Entry).title,
  verdicts: {
    rejected: { of: 'next callers', unpromised: unpromised('rejected') },
    'torn or absent': { of: 'looks', unpromised: unpromised('torn or absent') },
    debris: { of: 'kills', unpromised: unpromised('debris') },
  },
  cast: { [victim]: victims, killer: 1, heir: victims },
  rounds: 3,
  // In the first act the victims are killed; in the second the heirs come.
  acts: 2,
  plays: {
    [victim]: async ({ scene, way }, turn) => {
      if (turn.act > 0) return undefined
      return callUntilKilled(turn, (lane, call) => {
        const dir = placeOf(turn, lane, call)
        mkdirSync(dir)
        scene.lay?.(dir)
        return () => scene.act(way, dir, 0)
      })
    },
    killer: async (_, turn) => {
      if (turn.act === 0) await killAll(turn, victims)
      return undefined
    },
    heir: async (entry, turn) => {
      if (turn.act === 0) return undefined
      // A victim that was killed between two calls shows nothing.
      const inside = [...lastWordsOf(turn, turn.number).entries()].filter(([, { isInside }]) => isInside)
      await Promise.all(inside.map(([lane, word]) => inherit(entry, turn, placeOf(turn, lane, word.call))))
      return inside.length
    },
  },
  contended: (_, inside) => inside.reduce<number>((sum, one) => sum + (one ?? 0), 0) >= (victims * lanes) / 4,
})

/** Checks what a victim left, makes the same call, and checks again. */
async function inherit({ title, scene, way }: Entry, { score }: Turn, dir: string): Promise<void> {
  score.count('torn or absent', !(await scene.isGood(dir, false, way)))
  const { status } = await score.call(() => scene.act(way, dir, 1))
  // A rejected call did not claim that it is done.
  score.count('torn or absent', !(await scene.isGood(dir, status === 'fulfilled', way)))
  await tidyOf(title.package)?.(dir)
  const isDebris = (name: string) => !scene.asked.some(asked => `${name}/`.startsWith(`${asked}/`)) || isPrivate(name)
  score.count('debris', [...namesBelow(dir)].some(isDebris))
}

/** Below a name that was asked for: is this a private name of the package? */
const isPrivate = (name: string): boolean => /(^|\/)(\.[^/]+\/?$|tmp\/.)/.test(name)
