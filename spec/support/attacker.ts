// An attacker: a process of an ordinary user, who does the same again and again while root works beside it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { userId } from './kit.js'

interface Attack {
  /** The directory in which it works, and a file of root's that it wants to be read, written or given away. */
  readonly dir: string
  readonly victim: string
  /** One turn: a script that has `dir`, `victim`, `tried` (false if it threw), `swaps` to count up, and `node:fs`. */
  readonly attack: string
  /** How long it goes on. */
  readonly ms: number
}

const scriptOf = ({ dir, victim, attack }: Attack): string => `
  import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
  const [dir, victim] = ${JSON.stringify([dir, victim])}
  const tried = what => { try { what(); return true } catch { return false } }
  let swaps = 0
  process.on('message', () => process.send(swaps, () => process.exit()))
  process.on('disconnect', () => process.exit())
  const turns = () => {
    for (let i = 0; i < 200; i++) {
      ${attack}
    }
    setImmediate(turns)
  }
  turns()
  process.send('ready')`

/** Does `work` again and again beside the attacker. Returns how often that swapped something. */
export async function whileAttacked(
  attack: Attack,
  work: (turn: number) => Promise<void>,
): Promise<{ turns: number; swaps: number }> {
  const attacking = spawn(process.execPath, ['--input-type=module', '-e', scriptOf(attack)], {
    uid: userId,
    gid: userId,
    cwd: '/',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  try {
    await once(attacking, 'message')
    const until = performance.now() + attack.ms
    let turns = 0
    while (performance.now() < until) await work(turns++)
    attacking.send('how many?')
    const [swaps] = (await once(attacking, 'message')) as [number]
    return { turns, swaps }
  } finally {
    attacking.kill('SIGKILL')
  }
}
