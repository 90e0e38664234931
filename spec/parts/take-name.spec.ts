// Taking a name away from an inode, while another process puts something else there.

import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { dual, fs, type Steps } from 'holdfast/steps'
import { takeName } from '../../lib/parts/take-name.js'
import { through } from '../broken/interfere.js'
import { assert, holds, scratch } from '../support/kit.js'

const trial = { as: 'takeName', path: '' }

const take = dual(function* take(dir: string, before: () => void): Steps<boolean> {
  const was = yield* fs.lstat(join(dir, 'other-name'))
  return yield* through(takeName(join(dir, 'x'), was, trial), call => {
    // The look has found the inode there; now another process comes in between.
    if (call.op === 'rename' && basename(String(call.args[0])) === 'x') before()
    return call
  })
})

function place(): string {
  const dir = scratch()
  writeFileSync(join(dir, 'other-name'), 'old')
  linkSync(join(dir, 'other-name'), join(dir, 'x'))
  return dir
}

holds('the name is taken, and the other name of the inode stays', () => {
  const dir = place()
  assert.is(
    take.sync(dir, () => {}),
    true,
  )
  assert.equal(readdirSync(dir), ['other-name'])
})

const strangers: Record<string, (path: string) => void> = {
  'a file': path => writeFileSync(path, 'new'),
  'a link': path => symlinkSync('nowhere', path),
  'a directory with something in it': path => {
    mkdirSync(path)
    writeFileSync(join(path, 'inside'), 'new')
  },
}
for (const [what, make] of Object.entries(strangers))
  holds(`${what} that comes there in the moment between look and rename gets its name back`, () => {
    const dir = place()
    const path = join(dir, 'x')
    const replaced = () => {
      rmSync(path)
      make(path)
    }
    assert.is(take.sync(dir, replaced), false)
    assert.equal(readdirSync(dir).sort(), ['other-name', 'x'])
    if (what.startsWith('a directory')) assert.is(readFileSync(join(path, 'inside'), 'utf8'), 'new')
  })
