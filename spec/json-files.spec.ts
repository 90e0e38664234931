// `readJson`, `writeJson` and `exists`.

import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile as plainWrite } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, readJson, writeJson } from 'holdfast'
import { contender, overlaps } from 'holdfast/testing'
import {
  assert,
  asUser,
  canBeAnother,
  catchInRace,
  explored,
  holds,
  nobodyElseThrew,
  prove,
  race,
  raced,
  scratch,
  sized,
} from './support/kit.js'
import * as laws from './support/laws.js'

const at = (dir: string): string => join(dir, 'f.json')
const text = (dir: string): string => readFileSync(at(dir), 'utf8')

/** A value that says whether it is whole. */
const whole = (who: string) => ({ who, more: Array.from({ length: 2000 }, () => who) })
const read = async (dir: string): Promise<number> => {
  let reads = 0
  for (; reads < sized(60, 1000); reads++) {
    const { who, more } = await readJson<{ who: string; more: string[] }>(at(dir))
    if (more.length !== 2000 || more.some(one => one !== who)) throw new Error('mixed')
  }
  return reads
}
const many = async (write: (value: unknown) => Promise<unknown>, who: string): Promise<void> => {
  for (let time = 0; time < sized(20, 300); time++) await write(whole(`${who}${time}`))
}
const plays = {
  write: (dir: string, round: number, number: number) =>
    many(value => writeJson(at(dir), value, { durability: 'none' }), `${round}-${number}-`),
  naive: (dir: string, round: number, number: number) =>
    many(value => plainWrite(at(dir), JSON.stringify(value)), `${round}-${number}-`),
  read,
}

if (!contender(plays)) {
  holds('what was written is read, in both forms', async () => {
    const dir = scratch()
    await writeJson(at(dir), { b: [1, 2], a: 'é\n' })
    assert.is(text(dir), '{\n  "b": [\n    1,\n    2\n  ],\n  "a": "é\\n"\n}\n')
    assert.equal(await readJson(at(dir)), { b: [1, 2], a: 'é\n' })
    writeJson.sync(at(dir), { a: 1, b: 2 }, { spaces: 0, replacer: ['a'], mode: 0o600, durability: 'full' })
    assert.is(text(dir), '{"a":1}\n')
    assert.is(statSync(at(dir)).mode & 0o777, 0o600)
    assert.equal(readJson.sync(at(dir), { reviver: (_, value) => (value === 1 ? 5 : value) }), { a: 5 })
    writeJson.sync(at(dir), [1], { spaces: '\t', EOL: '\r\n', replacer: (_, value) => value })
    assert.is(text(dir), '[\r\n\t1\r\n]\r\n')
    // What is written is the value as it was at the call.
    const value = { n: 1 }
    const writing = Promise.all([writeJson(at(dir), value), writeJson(at(dir), value)])
    value.n = 2
    await writing
    assert.equal(readJson.sync(at(dir)), { n: 1 })
    writeFileSync(at(dir), '\uFEFF[]')
    assert.equal(await readJson(at(dir)), [])
  })

  holds('an error says where the JSON goes wrong, and a reviver throws its own', async () => {
    const dir = scratch()
    writeFileSync(at(dir), '{\n  "a": 1,\n  "b" 2\n}')
    const error = await assert.rejects(readJson(at(dir)), { code: 'ERR_INVALID_JSON', message: /line 3, column 7/ })
    assert.is((error as Error & { position?: number }).position, 18)
    writeFileSync(at(dir), '')
    assert.throws(() => readJson.sync(at(dir)), { code: 'ERR_INVALID_JSON' })
    writeFileSync(at(dir), Buffer.from([0x22, 0xff, 0x22]))
    assert.throws(() => readJson.sync(at(dir)), { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' })
    writeFileSync(at(dir), '[1]')
    const own = new SyntaxError('mine')
    const reviver = () => {
      throw own
    }
    assert.ok((await readJson(at(dir), { reviver }).catch(one => one)) === own)
    await assert.rejects(readJson(join(dir, 'none')), { code: 'ENOENT' })
  })

  holds('what JSON cannot hold is refused, and the file stays', async () => {
    const dir = scratch()
    await writeJson(at(dir), 1)
    const circle: unknown[] = []
    circle.push(circle)
    for (const value of [circle, 1n]) await assert.rejects(writeJson(at(dir), value), { name: 'TypeError' })
    assert.is(text(dir), '1\n')
    await laws.assertRefusesBadInput(writeJson, dir, [
      [['', 1], 'ERR_INVALID_ARG_VALUE'],
      [['f', undefined], 'ERR_INVALID_ARG_VALUE'],
      [['f', 1, { spaces: '  x' }], 'ERR_INVALID_ARG_VALUE'],
      [['f', 1, { spaces: 11 }], 'ERR_OUT_OF_RANGE'],
      [['f', 1, { EOL: '\r' }], 'ERR_INVALID_ARG_VALUE'],
      [['f', 1, { replacer: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ])
    await laws.assertRefusesBadInput(readJson, dir, [
      [[5], 'ERR_INVALID_ARG_TYPE'],
      [['f', { reviver: 5 }], 'ERR_INVALID_ARG_TYPE'],
    ])
  })

  const trial = {
    setup: (dir: string) => writeFileSync(at(dir), '"old"'),
    args: (dir: string): [string, unknown] => [at(dir), 'new'],
    done: (dir: string) => assert.is(text(dir), '"new"\n'),
  }
  holds('whichever call fails, its error comes out, or the value is there; nothing is left', async () => {
    await laws.assertOriginalErrorComesOut(writeJson, trial)
    await laws.assertNothingLeftBehind(writeJson, trial)
    await laws.assertSyncAndAsyncAgree(writeJson, trial)
    const reading = { setup: trial.setup, args: (dir: string): [string] => [at(dir)] }
    await laws.assertOriginalErrorComesOut(readJson as never, reading as never)
    await laws.assertOriginalErrorComesOut(exists, reading)
  })

  holds('exists says whether anything is there, and does not take an error for an absence', async () => {
    const dir = scratch()
    mkdirSync(join(dir, 'd'))
    writeFileSync(at(dir), '')
    symlinkSync('nowhere', join(dir, 'dangling'))
    symlinkSync('d', join(dir, 'link'))
    symlinkSync('loop', join(dir, 'loop'))
    const expected = { d: true, 'f.json': true, link: true, dangling: false, none: false, 'f.json/x': false }
    for (const [name, there] of Object.entries(expected)) {
      assert.is(await exists(join(dir, name)), there, name)
      assert.is(exists.sync(join(dir, name)), there, name)
    }
    await assert.rejects(exists(join(dir, 'loop')), { code: 'ELOOP' })
    await laws.assertRefusesBadInput(exists, dir, [[[''], 'ERR_INVALID_ARG_VALUE']])
    if (!canBeAnother()) return
    const shut = scratch()
    chmodSync(shut, 0o700)
    const script = `console.log(await holdfast.exists(${JSON.stringify(join(shut, 'x'))}).catch(error => error.code))`
    assert.is(asUser(script).said.trim(), 'EACCES')
  })

  explored('explore: one writes JSON beside another that reads it', () => {
    const world = {
      setup: trial.setup,
      players: (dir: string) => ({ A: writeJson.steps(at(dir), 'new'), B: readJson.steps(at(dir)) }),
      kills: 1,
      check: (ending: never) => {
        nobodyElseThrew(ending)
        const { outcomes } = ending as { outcomes: { B?: { value?: unknown } } }
        assert.ok([undefined, 'old', 'new'].includes(outcomes.B?.value as string))
      },
    }
    assert.ok(prove('1 writeJson, 1 readJson, 1 kill', world as never, {}, () => true).complete)
  })

  raced('race: two write JSON, and two read it whole', async () => {
    const dir = scratch()
    const before = () => writeFileSync(at(dir), JSON.stringify(whole('first')))
    const rounds = await race(import.meta.url, { dir, before, cast: { write: 2, read: 2 }, rounds: sized(3, 20) })
    assert.ok(rounds.every(overlaps))
    assert.equal(
      rounds.flat().filter(({ how }) => how !== 'returned'),
      [],
    )
    const naive = { dir, before, cast: { naive: 2, read: 2 }, rounds: 200 }
    await catchInRace(import.meta.url, naive, results => results.some(({ how }) => how === 'threw'))
    assert.ok(readdirSync(dir).length === 1)
  })
}
