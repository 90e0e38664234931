// An attacker swaps names for links, as fast as it can, while root works in a directory of an ordinary user, or in a
// sticky directory that everybody may write. What is counted is what came to harm outside of it.

import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { emptyDir, remove, sweep } from 'holdfast'
import { removeInPlace } from './broken/broken.js'
import { assert, canBeAnother, memory, note, raced, scratch, sized } from './support/kit.js'

const attacker = 54_321
const swapper = fileURLToPath(new URL('attack/swapper.js', import.meta.url))

interface Ground {
  /** Where trees are laid out, out of the attacker's reach. */
  readonly ready: string
  /** Where the victim works, and the attacker may. */
  readonly own: string
  readonly held: string
  readonly outside: string
}

/** Of an ordinary user, or of root, sticky, and for everybody. */
type Owner = 'user' | 'sticky'

function layGround(owner: Owner): Ground {
  const dir = scratch(memory)
  chmodSync(dir, 0o755)
  const ground = {
    ready: join(dir, 'ready'),
    own: join(dir, 'own'),
    held: join(dir, 'held'),
    outside: join(dir, 'outside'),
  }
  for (const one of [ground.own, ground.held]) mkdirSync(one)
  chownSync(ground.held, attacker, attacker)
  if (owner === 'user') chownSync(ground.own, attacker, attacker)
  else chmodSync(ground.own, 0o1777)
  layTree(ground.outside)
  return ground
}

/** Private names, which `sweep` removes, too. */
const files = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5']
  .map(name => `.${name}.gone-0-0.0123456789abcdef.holdfast`)
  .flatMap(name => [`d/${name}`, `d/e/${name}`])

function layTree(top: string, owner = 0): void {
  for (const dir of ['', 'd', 'd/e']) {
    mkdirSync(join(top, dir), { recursive: true })
    chownSync(join(top, dir), owner, owner)
  }
  for (const file of files) {
    writeFileSync(join(top, file), 'kept')
    chownSync(join(top, file), owner, owner)
  }
}

/** The things outside that are gone, written, or given to another user. They are put right again. */
function harmed({ outside }: Ground): number {
  const isHarmed = (file: string) => {
    try {
      const { uid, mode } = lstatSync(join(outside, file))
      return uid !== 0 || (mode & 0o777) !== 0o644 || readFileSync(join(outside, file), 'utf8') !== 'kept'
    } catch {
      return true
    }
  }
  const all = files.filter(isHarmed)
  if (all.length > 0) layTree(outside)
  return all.length
}

/** A private name, which `sweep` removes. */
const debris = '.old.gone-0-0.0123456789abcdef.holdfast'
const patience = { retryFor: 20 }

interface Act {
  readonly name: string
  /** The name of the tree. */
  readonly tree: string
  run(own: string, round: number): Promise<unknown>
}

const acts: readonly Act[] = [
  {
    name: 'remove',
    tree: 'tree',
    run: async (own, round) =>
      round % 2 ? remove.sync(join(own, 'tree'), patience) : remove(join(own, 'tree'), patience),
  },
  {
    name: 'emptyDir',
    tree: 'tree',
    run: async (own, round) => (round % 2 ? emptyDir.sync(own, patience) : emptyDir(own, patience)),
  },
  {
    name: 'sweep',
    tree: debris,
    run: async (own, round) => {
      const options = { ...patience, grace: 0 }
      return round % 2 ? sweep.sync(own, options) : sweep(own, options)
    },
  },
  {
    name: 'sweep, recursively',
    tree: 'tree',
    run: async (own, round) => {
      const options = { ...patience, grace: 0, recursive: true }
      try {
        await (round % 2 ? sweep.sync(own, options) : sweep(own, options))
      } finally {
        remove.sync(join(own, 'tree'), patience)
      }
    },
  },
]

const walkByPath: Act = {
  name: 'walk by path',
  tree: 'tree',
  run: async own => removeInPlace.sync(join(own, 'tree')),
}

interface Attacked {
  rounds: number
  /** The calls that came to their end in spite of the attacker. */
  returned: number
  swaps: number
  harmed: number
}

/** Runs the act again and again beside the attacker, for so long, or until something comes to harm if that is enough. */
async function attack(act: Act, owner: Owner, ms: number, untilHarmed = false): Promise<Attacked> {
  const ground = layGround(owner)
  const { ready, own, held, outside } = ground
  const child = spawn(process.execPath, [swapper, own, held, outside, files[0] as string, String(ms)], {
    uid: attacker,
    gid: attacker,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const swaps = text(child.stdout)
  const count: Attacked = { rounds: 0, returned: 0, swaps: 0, harmed: 0 }
  for (const until = performance.now() + ms; performance.now() < until; count.rounds++) {
    // If the last tree is still there, because the attacker was in the way, the act goes on with that.
    try {
      if (!existsSync(ready)) layTree(ready, attacker)
      renameSync(ready, join(own, act.tree))
    } catch {}
    try {
      await act.run(own, count.rounds)
      count.returned++
    } catch (error) {
      // The attacker may make a call fail: that is no harm.
      if ((error as NodeJS.ErrnoException).errno === undefined) throw error
    }
    count.harmed += harmed(ground)
    if (untilHarmed && count.harmed > 0) child.kill('SIGKILL')
    if (untilHarmed && count.harmed > 0) break
    if (count.rounds % 50 === 0) clear(own)
  }
  count.swaps = Number(await swaps)
  return count
}

/** What could not be deleted stays, under private names: too much of it would leave the attacker little to swap. */
function clear(own: string): void {
  for (const name of readdirSync(own)) {
    try {
      remove.sync(join(own, name), patience)
    } catch {}
  }
}

if (process.platform !== 'linux' || !canBeAnother())
  raced.skip('an attacker that swaps names for links', 'it takes root on Linux, and a checkout that others may read')
else {
  const ms = sized(2500, 30_000)
  for (const act of acts)
    raced(`${act.name}: beside an attacker that swaps names for links, nothing outside comes to harm`, async () => {
      for (const owner of ['user', 'sticky'] as const) {
        const { rounds, returned, swaps, harmed } = await attack(act, owner, ms)
        note(
          `${act.name}, ${owner}: ${swaps} swaps in ${rounds} calls, of which ${returned} succeeded, ${harmed} files harmed outside`,
        )
        assert.is(harmed, 0)
        assert.ok(returned > 5 && rounds > 20 && swaps > ms / 2, `${rounds} calls, ${swaps} swaps`)
      }
    })

  raced('the attacker makes a walk by path delete what is outside', async () => {
    const { rounds, harmed } = await attack(walkByPath, 'user', sized(20_000, 60_000), true)
    note(`walk by path: ${harmed} files harmed outside, after ${rounds} calls`)
    assert.ok(harmed > 0)
  })
}
