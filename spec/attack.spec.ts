// An attacker swaps names for links, as fast as it can, while root works in a directory of an ordinary user, or in a
// sticky directory that everybody may write. What is counted is what came to harm outside of it.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { remove } from 'holdfast'
import { type Act, acts, brokenActs } from './attack/acts.js'
import {
  attacker,
  files,
  type Ground,
  harmed,
  isAcross,
  layGround,
  layTree,
  leaked,
  type Owner,
} from './attack/ground.js'
import { assert, canBeAnother, note, raced, sized } from './support/kit.js'

const swapper = fileURLToPath(new URL('attack/swapper.js', import.meta.url))

interface Attacked {
  rounds: number
  /** The calls that came to their end in spite of the attacker. */
  returned: number
  swaps: number
  harmed: number
}

/** Runs the act again and again beside the attacker, for so long, or until something comes to harm if that is enough. */
const [leastRounds, leastReturned] = [20, 5]
/** Milliseconds more, on a machine that does other things at the same time. */
const mostMs = 30_000

async function attack(act: Act, ground: Ground, ms: number, untilHarmed = false): Promise<Attacked> {
  const { own, held, outside } = ground
  const args = [swapper, own, held, outside, files[0] as string, String(ms + mostMs), ...(act.plants ?? [])]
  const child = spawn(process.execPath, args, { uid: attacker, gid: attacker, stdio: ['ignore', 'pipe', 'inherit'] })
  const swaps = text(child.stdout)
  const count: Attacked = { rounds: 0, returned: 0, swaps: 0, harmed: 0 }
  const since = performance.now()
  const isEnough = () => untilHarmed || (count.rounds > leastRounds && count.returned > leastReturned)
  for (let forMs = 0; forMs < ms || (forMs < ms + mostMs && !isEnough()); forMs = performance.now() - since) {
    count.rounds++
    if (act.clears) clear(own)
    if (act.tree) lay(ground, act.tree)
    try {
      await act.run(ground, count.rounds)
      count.returned++
    } catch (error) {
      // The attacker may make a call fail: that is no harm.
      if ((error as NodeJS.ErrnoException).errno === undefined) throw error
    }
    count.harmed += harmed(ground) + leaked(ground.safe)
    rmSync(join(ground.safe, 'target'), { recursive: true, force: true })
    if (untilHarmed && count.harmed > 0) child.kill('SIGKILL')
    if (untilHarmed && count.harmed > 0) break
    if (count.rounds % 50 === 0) clear(own)
  }
  writeFileSync(join(held, 'stop'), '')
  count.swaps = Number(await swaps)
  return count
}

/** If the last tree is still there, because the attacker was in the way, the act goes on with that. */
function lay({ ready, own }: Ground, tree: string): void {
  try {
    if (!existsSync(ready)) layTree(ready, attacker, 'own')
    renameSync(ready, join(own, tree))
  } catch {}
}

/** What could not be deleted stays, under private names: too much of it would leave the attacker little to swap. */
function clear(dir: string): void {
  for (const name of readdirSync(dir)) {
    try {
      remove.sync(join(dir, name), { retryFor: 20 })
    } catch {}
  }
}

if (process.platform !== 'linux' || !canBeAnother())
  raced.skip('an attacker that swaps names for links', 'it takes root on Linux, and a checkout that others may read')
else {
  const everywhere = ({ isAcross: needed }: Act) => !needed || isAcross(layGround('user'))
  const ms = ({ owners }: Act) => sized(3000, 60_000) / owners.length
  for (const act of acts.filter(everywhere))
    raced(`${act.name}: beside an attacker that swaps names for links, nothing outside comes to harm`, async () => {
      let all = 0
      for (const owner of act.owners) {
        const { rounds, returned, swaps, harmed } = await attack(act, layGround(owner), ms(act))
        note(
          `${act.name}, ${owner}: ${swaps} swaps in ${rounds} calls, ${returned} of them succeeded, ${harmed} files harmed`,
        )
        assert.is(harmed, 0)
        assert.ok(
          returned > leastReturned && rounds > leastRounds && swaps > ms(act) / 2,
          `${returned} of ${rounds} calls, ${swaps} swaps`,
        )
        all += swaps
      }
      assert.ok(all > sized(0, 100_000), `${all} swaps`)
    })

  for (const act of brokenActs.filter(everywhere))
    raced(`the attacker makes ${act.name} harm what is outside`, async () => {
      const [owner] = act.owners as [Owner]
      const { rounds, harmed } = await attack(act, layGround(owner), sized(20_000, 60_000), true)
      note(`${act.name}: ${harmed} files harmed outside, after ${rounds} calls`)
      assert.ok(harmed > 0)
    })
}
