// A directory that cannot be renamed is deleted in place: on lower layers of overlayfs, and on Windows while something in it
// is open. Of several that do so, one has removed it.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { remove } from 'holdfast'
import type { Call, Steps } from 'holdfast/steps'
import type { World } from 'holdfast/testing'
import { systemError } from '../../lib/core/errors.js'
import { removeWhateverIsGone } from '../broken/broken.js'
import { through } from '../broken/interfere.js'
import { byPaths } from '../support/by-paths.js'
import { answers, assert, caught, explored, nobodyThrew, prove } from '../support/kit.js'

const setup = (dir: string): void => {
  mkdirSync(join(dir, 'tree/in'), { recursive: true })
  writeFileSync(join(dir, 'tree/in/file'), 'old')
}

const unrenamed = (call: Call): Call => {
  if (call.op !== 'rename') return call
  const [from, to] = call.args as [string, string]
  throw systemError('EXDEV', 'rename', 'injected', from, to)
}

const inPlace = (dir: string): Steps<boolean> => through(remove.steps(join(dir, 'tree'), { concurrency: 1 }), unrenamed)

const oneRemovesIt: World['check'] = ending => {
  nobodyThrew(ending)
  assert.equal(readdirSync(ending.dir), [])
  assert.equal(answers(ending).sort(), [false, true], 'not one of them has removed it')
}

const players = (dir: string) => ({ A: inPlace(dir), B: inPlace(dir) })

explored('explore: of two that delete one directory in place, one has removed it', () => {
  const found = prove('2 remove in place', { setup, players, check: oneRemovesIt })
  assert.ok(found.complete)
})

explored('explore: the same where directories are found by their paths', () => {
  const found = byPaths(() => prove('2 remove in place, by paths', { setup, players, check: oneRemovesIt }))
  assert.ok(found.complete)
})

explored('explore catches: what is gone counts as removed', () => {
  const one = (dir: string) => removeWhateverIsGone.steps(join(dir, 'tree'))
  const players = (dir: string) => ({ A: one(dir), B: one(dir) })
  caught('what is gone counts as removed', /not one of them has removed it/, { setup, players, check: oneRemovesIt })
})
