// Where invalid JSON goes wrong: our own reader beside that of V8, which knows whether it does, and sometimes where.

import { jsonErrorPosition } from '../../lib/parts/json-position.js'
import { assert, holds, note } from '../support/kit.js'
import { seeded } from '../support/seeded.js'

/** The verdict of V8: undefined if the text is valid; else the position, if V8 gives one. */
function judged(text: string): { at: number | undefined } | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const [, at] = /at position (\d+)/.exec((error as Error).message) ?? []
    return { at: at === undefined ? undefined : Number(at) }
  }
}

const cases: readonly (readonly [text: string, position: number | undefined])[] = [
  ['', 0],
  ['  \n', 3],
  ['{}', undefined],
  ['{', 1],
  ['{"a"', 4],
  ['{"a":1,}', 7],
  ['{"a" 1}', 5],
  ['{,}', 1],
  ["{'a':1}", 1],
  ['[1,2,}', 5],
  ['[1,]', 3],
  ['[,1]', 1],
  ['[1 2]', 3],
  ['[1]]', 3],
  ['[}', 1],
  ['}', 0],
  [':', 0],
  ['tru', 3],
  ['trux', 3],
  ['nul,', 3],
  ['undefined', 0],
  ['NaN', 0],
  ['-', 1],
  ['-x', 1],
  ['01', 1],
  ['1.', 2],
  ['1.x', 2],
  ['1e', 2],
  ['1e+', 3],
  ['1E5', undefined],
  ['-0.5e-7', undefined],
  ['.5', 0],
  ['+1', 0],
  ['"', 1],
  ['"a\nb"', 2],
  ['"\\q"', 2],
  ['"\\', 2],
  ['"\\u12G4"', 5],
  ['"\\u12"', 5],
  ['"\\u00e9\\n"', undefined],
  ['\uFEFF1', 0],
  ['\u00a01', 0],
  ['// {}', 0],
  ['<<<<<<< HEAD', 0],
  ['{"a":1}{"b":2}', 7],
]

holds('the first character that cannot be there is found', () => {
  for (const [text, position] of cases) {
    assert.is(jsonErrorPosition(text), position, JSON.stringify(text))
    assert.is(judged(text) === undefined, position === undefined, JSON.stringify(text))
  }
})

holds('what is nested deep, and what is long, is read', () => {
  const deep = 100_000
  assert.is(jsonErrorPosition('['.repeat(deep)), deep)
  assert.is(jsonErrorPosition('{"a":'.repeat(deep)), 5 * deep)
  assert.is(jsonErrorPosition(`[${'[],'.repeat(deep)}]`), 3 * deep + 1)
  assert.is(jsonErrorPosition(`"${'x\\n'.repeat(5_000_000)}`), 15_000_001)
  assert.is(jsonErrorPosition(`[${'1'.repeat(5_000_000)}x`), 5_000_001)
})

/**
 * What a beginning may lack apart from brackets: the end of a word, of a number, of a string, of a key and its value.
 */
const words = ['', 'rue', 'ue', 'e', 'alse', 'lse', 'se', 'ull', 'll', 'l', '0', '"a":0', ':0']
const strings = ['"', 'n"', '0"', '00"', '000"', '0000"'].flatMap(end => [end, `${end}:0`])

function canBeWhole(begun: string): boolean {
  const open: string[] = []
  let inString = false
  for (let at = 0; at < begun.length; at++) {
    const char = begun[at] as string
    if (inString && char === '\\') at++
    else if (char === '"') inString = !inString
    else if (!inString && (char === '{' || char === '[')) open.push(char === '{' ? '}' : ']')
    else if (!inString && (char === '}' || char === ']')) open.pop()
  }
  const ends = open.reverse().join('')
  return [...words, ...strings].some(middle => judged(begun + middle + ends) === undefined)
}

const values = ['0', '-1.5e+10', '12', '""', '"a\\n\\u00e9"', 'true', 'false', 'null', '[]', '{}']

function document(draw: (below: number) => number, depth: number): string {
  const space = () => ['', '', '', ' ', '\n  ', '\r\n\t'][draw(6)]
  const kind = depth > 0 ? draw(4) : 3
  if (kind === 3) return values[draw(values.length)] as string
  const many = Array.from({ length: draw(4) }, () => document(draw, depth - 1))
  if (kind === 0) return `[${many.map(one => space() + one + space()).join(',')}]`
  return `{${many.map(one => `${space()}"k\\"${draw(9)}"${space()}:${space()}${one}`).join(',')}${space()}}`
}

holds('of 10,000 documents with a change it finds just those that V8 refuses, and never later than V8', () => {
  const draw = seeded(20)
  const alphabet = '{}[]",:\\u0019eE+-.truefalsn \n\tx/\'\u0001'
  const seen = { valid: 0, invalid: 0, told: 0, same: 0 }
  for (let round = 0; round < 10_000; round++) {
    let text = document(draw, 3)
    for (let changes = draw(3); changes >= 0; changes--) {
      const at = draw(text.length + 1)
      const put = draw(3) === 0 ? '' : alphabet[draw(alphabet.length)]
      text = text.slice(0, at) + put + text.slice(at + draw(3))
    }
    const [fault, said] = [jsonErrorPosition(text), judged(text)]
    assert.is(fault === undefined, said === undefined, JSON.stringify(text))
    if (fault === undefined) seen.valid++
    else {
      seen.invalid++
      assert.ok(canBeWhole(text.slice(0, fault)), `too late: ${JSON.stringify(text)} at ${fault}`)
      assert.ok(fault === text.length || !canBeWhole(text.slice(0, fault + 1)), `too early: ${JSON.stringify(text)}`)
      if (said?.at === undefined) continue
      seen.told++
      if (said.at === fault) seen.same++
      assert.ok(fault <= said.at, `${JSON.stringify(text)}: ${fault}, V8 says ${said.at}`)
    }
  }
  note(`${seen.valid} valid, ${seen.invalid} not; V8 told the place of ${seen.told}, of ${seen.same} the same`)
  assert.ok(seen.valid > 1000 && seen.invalid > 5000 && seen.told > 1000)
})
