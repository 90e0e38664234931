// Every schedule of several players that change one file: no change is lost, whichever player is killed, aborted or
// failed.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { updateFile } from 'holdfast'
import type { Steps } from 'holdfast/steps'
import type { Ending, World } from 'holdfast/testing'
import { parseState, spellState, successor } from '../../lib/cell/state.js'
import { changeByPidFile, readThenWrite } from '../broken/broken.js'
import { assert, caught, explored, looks, nobodyThrew, prove, proveLarge, sized } from '../support/kit.js'

type Changing = (file: string, change: (old: string | undefined) => string) => Steps<unknown>

const ours: Changing = (file, change) => updateFile.steps(file, change, { durability: 'none' })

/** Each player appends its letter. */
const players =
  (names: string, changing: Changing): World['players'] =>
  dir =>
    Object.fromEntries([...names].map(name => [name, changing(join(dir, 'file'), (old = '') => old + name)]))

/** The file, and its free lock. Not made by `lock`, whose nonces would make every schedule look new. */
function setup(dir: string): void {
  writeFileSync(join(dir, 'file'), '')
  mkdirSync(join(dir, 'file.lock'))
  writeFileSync(join(dir, 'file.lock', spellState(successor(undefined, { fields: ['f', '1'] }, '0'.repeat(16)))), '')
}

/**
 * The letter of each player that returned is there once, of the others at most once; each saw the letters before its
 * own.
 */
function nothingLost(ending: Ending): void {
  const { reader, ...outcomes } = ending.outcomes
  const path = join(ending.dir, 'file')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  for (const [name, outcome] of Object.entries(outcomes)) {
    const times = text.split(name).length - 1
    if (outcome.how === 'returned') {
      assert.is(times, 1, `${name} is there ${times} times in "${text}"`)
      assert.is(outcome.value, text.slice(0, text.indexOf(name) + 1))
    } else assert.ok(times <= 1, `${name} is there ${times} times in "${text}"`)
  }
  const seen = reader?.how === 'returned' ? (reader.value as (string | undefined)[]) : []
  for (const saw of seen)
    assert.ok(text.startsWith(saw ?? ''), `the reader saw "${saw}", and in the end it is "${text}"`)
}

/** And players that live have released the lock, and left nothing behind. */
const allIsWell: World['check'] = ending => {
  nobodyThrew(ending)
  nothingLost(ending)
  if (Object.values(ending.outcomes).some(({ how }) => how === 'killed')) return
  const names = readdirSync(ending.dir).filter(name => name !== 'file')
  assert.equal(
    names.filter(name => name !== 'file.lock'),
    [],
    'debris',
  )
  const [state, ...more] = names.flatMap(name => readdirSync(join(ending.dir, name)))
  if (state !== undefined) assert.is(parseState(state)?.fields[0], 'f', 'the lock is held')
  assert.equal(more, [])
}

const reader = (dir: string) => ({ reader: looks(join(dir, 'file')) })
const two = players('AB', ours)

explored('explore: two callers and a kill', () => {
  assert.ok(prove('2 updateFile, 1 kill', { setup, players: two, kills: 1, check: allIsWell }).complete)
})

explored('explore: two callers, a reader, and a kill', () => {
  const world = { setup, players: two, adversaries: reader, kills: 1, check: allIsWell }
  proveLarge('2 updateFile, 1 reader, 1 kill', world, 1)
})

explored('explore: two callers where nothing is yet, and a kill', () => {
  proveLarge('2 updateFile from nothing, 1 kill', { players: two, kills: 1, check: allIsWell }, 1)
})

explored('explore: two callers and a failure', () => {
  proveLarge('2 updateFile, 1 failure', { setup, players: two, failures: 1, check: allIsWell }, 2)
})

explored('explore: two callers and a lie', () => {
  proveLarge('2 updateFile, 1 lie', { setup, players: two, lies: 1, check: allIsWell }, 2)
})

explored('explore: two callers and an abort', () => {
  assert.ok(prove('2 updateFile, 1 abort', { setup, players: two, aborts: 1, check: allIsWell }).complete)
})

explored('explore: three callers and a kill', () => {
  const world = { setup, players: players('ABC', ours), kills: 1, check: allIsWell }
  prove('3 updateFile, 1 kill', world, { random: { schedules: 1000 } })
  if (sized(false, true)) prove('3 updateFile, 1 kill', world, { preemptions: 1 })
})

const naive = { setup, check: nothingLost }

explored('explore catches: reading and then writing', () => {
  caught('read, then write', /is there 0 times/, { ...naive, players: players('AB', readThenWrite.steps) })
})

explored('explore catches: a lock that is deleted when its holder is dead', () => {
  const three = players('ABC', changeByPidFile.steps)
  caught('pid file', /is there 0 times/, { ...naive, players: three, kills: 1 }, { preemptions: 2 })
})
