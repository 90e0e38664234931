// The program of every public function, which `npm run test:compat` runs on Bun and Deno, runs on this Node.

import { readFileSync } from 'node:fs'
import * as holdfast from 'holdfast'
import * as cache from 'holdfast/cache'
import * as content from 'holdfast/content'
import * as store from 'holdfast/store'
import * as testing from 'holdfast/testing'
import { limits } from './compat/limits.js'
import { report } from './compat/program.js'
import { rows } from './compat/rows.js'
import { assert, holds, note } from './support/kit.js'

/** They are no work of their own: others use them, or throw them. */
const beside = new Set([
  ...['BadEnding', 'NotLinearizable', 'assertLinearizable', 'contender', 'killedAt', 'overlaps'],
  ...['confirmCommit', 'keptOf', 'unknownOutcome'],
])

holds('every public function and every face has a row, and every limit is that of a row', () => {
  const functions = Object.entries({ ...holdfast, ...cache, ...content, ...store, ...testing }).flatMap(
    ([name, value]) => {
      if (typeof value !== 'function') return Object.keys(value).map(inner => `${name}.${inner}`)
      const inner = ['try', 'holder'].filter(one => Object.hasOwn(value, one)).map(one => `${name}.${one}`)
      return beside.has(name) ? [] : [name, ...inner]
    },
  )
  const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const faces = Object.entries<{ default?: string }>(exports)
    .filter(([, file]) => file.default?.includes('/faces/'))
    .map(([entry]) => entry.replace('.', 'holdfast'))
  const names = rows.map(({ name }) => name)
  assert.ok(functions.length > 24 && faces.length > 1)
  for (const name of [...functions, ...faces, ...Object.values(limits).flatMap(Object.keys)])
    assert.ok(names.includes(name), `${name} has no row`)
})

holds('on Node every row works', async () => {
  const { runtime, outcomes } = await report()
  note(`${runtime}: ${outcomes.length} rows`)
  for (const { name, ...forms } of outcomes)
    for (const [form, outcome] of Object.entries(forms)) assert.is(outcome, 'yes', `${name}, ${form}`)
})
