// The attacker: for as long as it is given, it puts a link to what is outside in the place of each directory and file of
// every tree that it finds, and takes it away again. Started by ../attack.spec.ts, as an ordinary user.

import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'

// `file` is in a directory `d`, and so is a directory `e`, with a file of the same name.
const [own = '', held = '', outside = '', file = '', ms = ''] = process.argv.slice(2)
const inner = file.replace('d/', 'd/e/')
let swaps = 0

/** What the victim has removed meanwhile, or works on, cannot be swapped: then it is the next one's turn. */
function attempt(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}

function swap(path: string, target: string): void {
  const aside = `${held}/aside`
  if (!attempt(() => renameSync(path, aside))) return
  if (attempt(() => symlinkSync(target, path))) swaps++
  attempt(() => unlinkSync(path))
  if (!attempt(() => renameSync(aside, path))) rmSync(aside, { recursive: true, force: true })
}

mkdirSync(held, { recursive: true })
for (const until = performance.now() + Number(ms); performance.now() < until; ) {
  const tops: string[] = []
  attempt(() => tops.push(...readdirSync(own)))
  for (const top of tops)
    for (let times = 0; times < 20; times++)
      for (const inside of ['d', 'd/e', file, inner]) swap(`${own}/${top}/${inside}`, `${outside}/${inside}`)
}
console.log(swaps)
