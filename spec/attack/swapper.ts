// The attacker: for as long as it is given, or until it finds a file `stop`, it puts a link to what is outside in the place of each directory and file of
// every tree that it finds, and takes it away again; or it plants such links at names that are free. Started by
// ../attack.spec.ts, as an ordinary user.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'

const [own = '', held = '', outside = '', file = '', ms = '', ...plants] = process.argv.slice(2)
// `file` is in a directory `d`, and so is a directory `e`, with a file of the same name.
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

function swap(path: string, target: string, aside = `${held}/aside`): void {
  if (!attempt(() => renameSync(path, aside))) return
  if (attempt(() => symlinkSync(target, path))) swaps++
  attempt(() => unlinkSync(path))
  if (!attempt(() => renameSync(aside, path))) rmSync(aside, { recursive: true, force: true })
}

function swapAll(): void {
  const tops: string[] = []
  attempt(() => tops.push(...readdirSync(own)))
  for (const top of tops) {
    for (let times = 0; times < 20; times++)
      for (const inside of ['d', 'd/e', file, inner]) swap(`${own}/${top}/${inside}`, `${outside}/${inside}`)
    // What is staged is another user's, who can be kept from it only within this directory. A target that was there may
    // be a link.
    if (top.startsWith('.tree')) swap(`${own}/${top}`, outside, `${own}/aside`)
  }
}

/** Nobody but its owner can take away what the victim has put there, or will. */
function plantAll(): void {
  for (let times = 0; times < 20; times++)
    for (const name of plants) {
      const isPlanted = attempt(() => symlinkSync(`${outside}/${file}`, `${own}/${name}`))
      if (isPlanted) swaps++
      attempt(() => unlinkSync(`${own}/${name}`))
      if (!isPlanted) attempt(() => renameSync(`${own}/${name}`, `${held}/aside`))
    }
}

mkdirSync(held, { recursive: true })
for (const until = performance.now() + Number(ms); performance.now() < until && !existsSync(`${held}/stop`); )
  if (plants.length > 0) plantAll()
  else swapAll()
console.log(swaps)
