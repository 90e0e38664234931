// The checker of histories is right: by well-known histories, and by trying every order.

import { assertLinearizable, linearizable, type Model, type NotLinearizable } from 'holdfast/testing'
import {
  byForce,
  cell,
  counter,
  type Draw,
  drawn,
  isOrder,
  isPending,
  many,
  manyAsOne,
  mutex,
  type Op,
  type Sequential,
} from '../broken/sequential.js'
import { assert, holds, note } from '../support/kit.js'
import { seeded } from '../support/seeded.js'

/** `A 0-2 write 1`, `B 3-4 read = 1`, and `C 1- write 2`, which never returns. */
function history(...lines: readonly string[]): Op[] {
  return lines.map(line => {
    const [, process = '', call, ended, input = '', said] = /^(\w+) (\d+)-(\d*) (.*?)(?: = (.*))?$/.exec(line) ?? []
    const output = said === undefined ? {} : { output: /^(true|false)$/.test(said) ? said === 'true' : said }
    return { process, input, call: Number(call), ended: ended ? Number(ended) : Number.POSITIVE_INFINITY, ...output }
  })
}

/** The same, with numbers as outputs. */
const numbered = (...lines: readonly string[]): Op[] =>
  history(...lines).map(one => (typeof one.output === 'string' ? { ...one, output: Number(one.output) } : one))

interface Known<S = unknown> {
  readonly name: string
  readonly model: Sequential<S>
  readonly history: readonly Op[]
  readonly answer: 'yes' | 'no'
}
const known = <S>(answer: 'yes' | 'no', name: string, model: Sequential<S>, ops: readonly Op[]): Known<S> => ({
  name,
  model,
  history: ops,
  answer,
})

const textbook: readonly Known[] = [
  known('yes', 'nothing happened', cell, []),
  known('yes', 'a read sees what was written before', cell, history('A 0-1 write 1', 'B 2-3 read = 1')),
  known('no', 'a stale read', cell, history('A 0-1 write 1', 'B 2-3 read = 0')),
  known('yes', 'a read meanwhile sees the old value', cell, history('A 0-3 write 1', 'B 1-2 read = 0')),
  known('yes', 'a read meanwhile sees the new value', cell, history('A 0-3 write 1', 'B 1-2 read = 1')),
  known('no', 'a value from nowhere', cell, history('A 0-3 write 1', 'B 1-2 read = 7')),
  known('yes', 'old, then new, meanwhile', cell, history('A 0-9 write 1', 'B 1-2 read = 0', 'C 3-4 read = 1')),
  known('no', 'new, then old: inverted', cell, history('A 0-9 write 1', 'B 1-2 read = 1', 'C 3-4 read = 0')),
  known('yes', 'new and old by overlapping reads', cell, history('A 0-9 write 1', 'B 1-4 read = 1', 'C 2-3 read = 0')),
  known('yes', 'a return and a call of one time overlap', cell, history('A 0-2 write 1', 'B 2-3 read = 0')),
  known('no', 'a read sees what is written later', cell, history('B 0-1 read = 1', 'A 2-3 write 1')),
  known(
    'no',
    'two readers disagree about the order of two writes',
    cell,
    history('A 0-9 write 1', 'B 0-9 write 2', 'C 1-2 read = 1', 'C 5-6 read = 2', 'D 1-2 read = 2', 'D 5-6 read = 1'),
  ),
  known('yes', 'of two swaps one wins', cell, history('A 0-3 swap 0 1 = true', 'B 1-4 swap 0 2 = false')),
  known('no', 'of two swaps both win', cell, history('A 0-3 swap 0 1 = true', 'B 1-4 swap 0 2 = true')),
  known('no', 'of two swaps none wins', cell, history('A 0-3 swap 0 1 = false', 'B 1-4 swap 0 2 = false')),
  known(
    'yes',
    'a value comes back, and both swaps win',
    cell,
    history('A 0-3 swap 0 1 = true', 'B 1-8 swap 0 2 = true', 'C 4-6 swap 1 0 = true'),
  ),
  known('yes', 'two count one after the other', counter, numbered('A 0-3 add = 2', 'B 1-4 add = 1', 'C 5-6 get = 2')),
  known('no', 'a lost update', counter, numbered('A 0-3 add = 1', 'B 1-4 add = 1')),
  known('no', 'an update that nobody sees', counter, numbered('A 0-3 add = 1', 'B 4-5 get = 0')),
  known('no', 'a count that goes back', counter, numbered('A 0-9 add = 1', 'B 1-2 get = 1', 'C 3-4 get = 0')),
  known(
    'yes',
    'a lock goes from one to the next',
    mutex,
    numbered('A 0-1 acquire = 1', 'B 2-3 acquire = false', 'A 4-6 release 1 = true', 'B 5-7 acquire = 5'),
  ),
  known('no', 'two hold one lock', mutex, numbered('A 0-2 acquire = 1', 'B 1-3 acquire = 2')),
  known(
    'no',
    'a fence number goes back',
    mutex,
    numbered('A 0-1 acquire = 5', 'A 2-3 release 5 = true', 'B 4-5 acquire = 4'),
  ),
  known('no', 'a free lock is refused', mutex, numbered('A 0-1 acquire = false')),
  known(
    'no',
    'a stale holder releases the lock of its successor',
    mutex,
    numbered('A 0-1 acquire = 1', 'A 2-3 release 1 = true', 'B 4-5 acquire = 2', 'A 6-7 release 1 = true'),
  ),
  // Operations of processes that were killed, or whose outcome is unknown.
  known('yes', 'a pending write has happened', cell, history('A 0- write 1', 'B 2-3 read = 1')),
  known('yes', 'a pending write has not happened', cell, history('A 0- write 1', 'B 2-3 read = 0')),
  known('yes', 'a pending write happens late', cell, history('A 0- write 1', 'B 2-3 read = 0', 'B 8-9 read = 1')),
  known('no', 'a pending write is taken back', cell, history('A 0- write 1', 'B 2-3 read = 1', 'C 4-5 read = 0')),
  known('no', 'a pending write is seen before its call', cell, history('B 0-1 read = 1', 'A 2- write 1')),
  known('yes', 'a pending swap is the one that won', cell, history('A 0- swap 0 1', 'B 1-2 swap 0 2 = false')),
  known('no', 'a pending swap that could not win', cell, history('A 0- swap 7 1', 'B 1-2 swap 0 2 = false')),
  known('no', 'one pending add counts twice', counter, numbered('A 0- add', 'B 1-2 get = 2')),
  known('yes', 'two pending adds count', counter, numbered('A 0- add', 'C 0- add', 'B 1-2 get = 1', 'B 3-4 get = 2')),
  known('no', 'two pending adds count three', counter, numbered('A 0- add', 'C 0- add', 'B 1-2 get = 3')),
  known('yes', 'the dead holds the lock', mutex, numbered('A 0- acquire', 'B 1-2 acquire = false')),
  known('no', 'the dead held the lock', mutex, numbered('A 0- acquire', 'B 1-2 acquire = false', 'B 3-4 acquire = 9')),
  known(
    'yes',
    'of two pending writes the second comes first',
    cell,
    history('C 0- write 1', 'D 0- write 2', 'A 1-2 swap 0 9 = false', 'A 3-4 write 0', 'A 5-6 read = 1'),
  ),
  known('yes', 'it waits for ever', mutex, numbered('A 0-1 acquire = 1', 'B 2- wait')),
  known('yes', 'an answer leaves open whether it was', cell, history('A 0-1 lose 1', 'B 2-3 read = 1')),
  known('yes', 'an answer leaves open whether it was not', cell, history('A 0-1 lose 1', 'B 2-3 read = 0')),
  known('no', 'it did not happen later', cell, history('A 0-1 lose 1', 'B 2-3 read = 0', 'B 4-5 read = 1')),
  // Only the state shows that the two ways to place both writes differ.
  known(
    'yes',
    'the first order of two writes is the wrong one',
    cell,
    history('A 0-3 write 1', 'B 0-3 write 2', 'C 4-5 read = 1'),
  ),
]

for (const { name, model, history: ops, answer } of textbook)
  holds(`${answer === 'yes' ? 'linearizable' : 'not linearizable'}: ${name}`, () => {
    const verdict = linearizable(model, ops)
    assert.is(verdict.answer, answer)
    assert.is(byForce(model, ops), answer === 'yes', 'trying every order says otherwise')
    if (verdict.answer === 'yes') assert.ok(isOrder(model, ops, verdict.order), 'that is no such order')
    // The order of the list is not the order in time.
    assert.is(linearizable(model, [...ops].reverse()).answer, answer)
  })

/** Short histories in which many operations overlap. */
const cellDraw: Draw<string> = {
  operations: 5,
  processes: 3,
  inputs: ['read', 'read', 'write 1', 'write 2', 'swap 0 1', 'swap 1 2', 'lose 1'],
  outputs: () => ['0', '1', '2', true, false, undefined],
  longest: 5,
  pending: 5,
  corrupt: 5,
}
const counterDraw: Draw<number> = {
  ...cellDraw,
  inputs: ['add', 'get'],
  outputs: state => [state, state + 1, state + 2],
}
const mutexDraw: Draw<{ fence: number; held: boolean }> = {
  ...cellDraw,
  inputs: ['acquire', 'wait', 'release 1', 'release 2'],
  outputs: ({ fence }) => [fence + 1, fence + 2, false, true],
}

interface Small {
  readonly model: Sequential<unknown>
  readonly ops: readonly Op[]
}

function* smallHistories(count: number, below: (limit: number) => number): Generator<Small> {
  for (let at = 0; at < count; at++) {
    yield { model: cell, ops: drawn(cell, cellDraw, below) }
    yield { model: counter, ops: drawn(counter, counterDraw, below) }
    yield { model: mutex, ops: drawn(mutex, mutexDraw, below) }
  }
}

const seed = Date.now() % 1_000_000

holds('it agrees with trying every order', () => {
  const counted = { yes: 0, no: 0, pending: 0, happened: 0 }
  for (const { model, ops } of smallHistories(1500, seeded(seed))) {
    const verdict = linearizable(model, ops)
    const expected = byForce(model, ops) ? 'yes' : 'no'
    if (verdict.answer !== expected) throw new Error(`seed ${seed}: ${verdict.answer} for ${JSON.stringify(ops)}`)
    counted[expected]++
    if (ops.some(isPending)) counted.pending++
    if (verdict.answer === 'yes') {
      assert.ok(isOrder(model, ops, verdict.order), `seed ${seed}: no such order for ${JSON.stringify(ops)}`)
      if (verdict.order.some(isPending)) counted.happened++
    } else if (verdict.answer === 'no') {
      const { prefix, left } = verdict
      assert.equal(new Set([...prefix, ...left]), new Set(ops))
      // The beginning is a valid order, if the operations that are left never returned.
      const open = left.map(one => ({ ...one, ended: Number.POSITIVE_INFINITY }))
      assert.ok(isOrder(model, [...prefix, ...open], prefix), `seed ${seed}: a wrong beginning`)
    }
  }
  note(`seed ${seed}: ${JSON.stringify(counted)}`)
  assert.ok(Math.min(counted.yes, counted.no, counted.pending) > 900, 'they are all of one kind')
  assert.ok(counted.happened > 100, 'what never returned never happened')
})

type Check = (model: Sequential<unknown>, ops: readonly Op[]) => boolean
const says: Check = (model, ops) => linearizable(model, ops).answer === 'yes'
const changed =
  (change: (one: Op) => Op): Check =>
  (model, ops) =>
    says(model, ops.map(change))

/** Treats operations that never returned as if they had returned at `ended`, with an unknown output. */
const returning =
  (ended: (call: number) => number, orNot: boolean): Check =>
  (model, ops) => {
    const unknown = Symbol()
    const step: typeof model.step = (state, input, answered) =>
      answered?.output === unknown
        ? [...(orNot ? [state] : []), ...model.step(state, input, undefined)]
        : model.step(state, input, answered)
    return changed(one => (isPending(one) ? { ...one, output: unknown, ended: ended(one.call) } : one))(
      { ...model, step },
      ops,
    )
  }

const end = 1_000_000

/** Wrong checkers: the right one with changed input. */
const wrong: Readonly<Record<string, Check>> = {
  'the real time does not matter': changed(one => ({ ...one, call: 0, ended: isPending(one) ? one.ended : end })),
  'what has one time does not overlap': changed(({ ended, call, ...one }) => ({
    ...one,
    call: call + 0.5,
    ended: Math.max(ended, call + 0.5),
  })),
  'a configuration is a set of operations, whatever the state': (model, ops) => says({ ...model, key: () => '' }, ops),
  'the first outcome is the only one': (model, ops) =>
    says({ ...model, step: (...given) => model.step(...given).slice(0, 1) }, ops),
  'the last outcome is the only one': (model, ops) =>
    says({ ...model, step: (...given) => model.step(...given).slice(-1) }, ops),
  'what never returned never happened': (model, ops) =>
    says(
      model,
      ops.filter(one => !isPending(one)),
    ),
  'what never returned happened': returning(() => end, false),
  'what never returned happened at once or not at all': returning(call => call + 1, true),
  'what never returned may have happened before its call': changed(one => (isPending(one) ? { ...one, call: 0 } : one)),
}

/** The same histories for every wrong checker, each with the right verdict. */
let judged: readonly (Small & { readonly right: boolean })[] | undefined
const judgedOnce = () => {
  judged ??= [...smallHistories(2000, seeded(seed))].map(one => ({ ...one, right: says(one.model, one.ops) }))
  return judged
}

for (const [name, check] of Object.entries(wrong))
  holds(`it would be found out, if it held that ${name}`, () => {
    const caught = textbook.filter(({ model, history: ops, answer }) => check(model, ops) !== (answer === 'yes'))
    const others = judgedOnce().filter(({ model, ops, right }) => check(model, ops) !== right).length
    note(`by ${others} of 6000, seed ${seed}, and by: ${caught.map(one => one.name).join('; ')}`)
    assert.ok(caught.length > 0, 'by no history that everybody knows')
    assert.ok(others > 0, 'by none that was drawn')
  })

holds('many things are checked one by one, and it comes to the same as all at once', () => {
  const below = seeded(seed)
  const counted = { yes: 0, no: 0 }
  const cells = many(cell)
  for (let at = 0; at < 1000; at++) {
    const ops = drawn(cell, { ...cellDraw, operations: 9, processes: 4, corrupt: 20 }, below)
    const named = ops.map(one => ({ ...one, input: `${'abc'[below(3)]} ${one.input}` }))
    const apart = linearizable(cells, named)
    const together = linearizable(manyAsOne(cell), named)
    assert.is(apart.answer, together.answer, `seed ${seed}: ${JSON.stringify(named)}`)
    if (apart.answer === 'unknown') throw new Error('unknown')
    counted[apart.answer]++
    // The orders of the parts are merged into one of the whole.
    if (apart.answer === 'yes') assert.ok(isOrder(manyAsOne(cell), named, apart.order), `seed ${seed}: no such order`)
    else if (apart.answer === 'no')
      for (const { input } of [...apart.prefix, ...apart.left]) assert.is(cells.partition(input), apart.part)
  }
  note(`seed ${seed}: ${JSON.stringify(counted)}`)
  assert.ok(Math.min(counted.yes, counted.no) > 100, 'they are all of one kind')
})

holds('what the budget suffices for is known, and with one step less nothing is', () => {
  for (const { model, ops } of smallHistories(200, seeded(seed))) {
    const { answer, steps } = linearizable(model, ops)
    assert.equal(linearizable(model, ops, { budget: steps }).answer, answer)
    if (steps > 0) assert.equal(linearizable(model, ops, { budget: steps - 1 }).answer, 'unknown')
  }
})

holds('a budget that is spent is no pass', () => {
  const ops = numbered('A 0-3 add = 2', 'B 1-4 add = 1')
  assert.equal(linearizable(counter, ops, { budget: 1 }), { answer: 'unknown', part: undefined, steps: 1 })
  const error = assert.throws(() => assertLinearizable(counter, ops, { budget: 1 }), { code: 'ERR_BUDGET_SPENT' })
  assert.is(error.message, 'not known to be linearizable: the budget was spent, after 1 steps')
})

holds('what is refuted in one thing is refuted, whatever is unknown of another', () => {
  const unknown = ['A 0-3 a add = 2', 'B 1-4 a add = 1']
  assert.is(linearizable(many(counter), numbered(...unknown), { budget: 1 }).answer, 'unknown')
  const verdict = linearizable(many(counter), numbered(...unknown, 'C 0-1 b get = 7'), { budget: 1 })
  assert.is(verdict.answer, 'no')
  assert.is(verdict.answer === 'no' && verdict.part, 'b')
})

holds('who insists gets an order, or is told how far one comes and what cannot be placed', () => {
  const right = history('A 0-3 write 1', 'B 1-2 read = 0')
  assert.equal(assertLinearizable(cell, right), [right[1], right[0]])
  const ops = history('A 1000-1012 a write 1', 'B 1020-1030 a read = 0', 'D 1015- a write 9', 'C 1040-1050 a read = 1')
  const error = assert.throws(() => assertLinearizable(many(cell), ops), {
    name: 'NotLinearizable',
    code: 'ERR_NOT_LINEARIZABLE',
  }) as NotLinearizable
  assert.equal(error.message.split('\n'), [
    "not linearizable in 'a': 1 of 4 operations can be put in order",
    "  A  0 .. 12  'a write 1' -> undefined",
    'state: 1, and none of these can be the next, or helps if it is',
    "  B  20 .. 30  'a read' -> '0'",
    "  D  15 ..     'a write 9' never returned",
    '  (1 called later)',
  ])
  assert.equal(error.verdict.answer === 'no' && error.verdict.prefix, [ops[0]])
})

/** Eight processes, each of which does one operation after the other. */
const long = { ...cellDraw, operations: 10_000, processes: 8, longest: 9, pending: 0, corrupt: 0 }
const longCounter = { ...long, inputs: counterDraw.inputs, outputs: counterDraw.outputs }
const longCell = { ...long, inputs: Array.from({ length: 99 }, (_, at) => (at % 2 ? `write ${at}` : 'read')) }

/** Far more steps than any of these histories needs. */
const budget = 100_000_000

const longOnes: Readonly<Record<string, (below: (limit: number) => number) => Small>> = {
  counter: below => ({ model: counter, ops: drawn(counter, longCounter, below) }),
  cell: below => ({ model: cell, ops: drawn(cell, { ...longCell, outputs: state => [state] }, below) }),
}

for (const [name, draw] of Object.entries(longOnes))
  holds(`10,000 operations of a ${name} by 8 processes are checked, and one wrong output among them is found`, () => {
    const { model, ops } = draw(seeded(seed))
    assert.is(ops.length, 10_000)
    const { answer, steps } = linearizable(model, ops, { budget })
    assert.is(answer, 'yes', `seed ${seed}`)
    const at = ops.findIndex(({ input }, place) => place > 5_000 && (input === 'read' || input === 'get'))
    const wrongOne = ops.with(at, { ...(ops[at] as Op), output: -1 })
    const refuted = linearizable(model, wrongOne, { budget })
    assert.is(refuted.answer, 'no', `seed ${seed}`)
    const left = refuted.answer === 'no' ? refuted.left : []
    // The search gets as far as the wrong output, which is among the first that are left.
    assert.ok(left.slice(0, 16).includes(wrongOne[at] as Op), `seed ${seed}: stopped elsewhere`)
    note(`seed ${seed}: ${steps} steps, and ${refuted.steps} to refute`)
  })

holds('many that never returned, and are one as good as another, do not spend the budget', () => {
  const dead = Array.from({ length: 40 }, (_, at) => `D${at} 0- add`)
  assert.is(linearizable(counter, numbered(...dead, 'A 1-2 get = 20', 'A 3-4 get = 40')).answer, 'yes')
  assert.is(linearizable(counter, numbered(...dead, 'A 1-2 get = 41')).answer, 'no')
  const writes = Array.from({ length: 40 }, (_, at) => `D${at} 0- write ${at + 1}`)
  assert.is(linearizable(cell, history(...writes, 'A 1-2 read = 9', 'A 3-4 read = 7')).answer, 'yes')
  assert.is(linearizable(cell, history(...writes, 'A 1-2 read = 9', 'A 3-4 read = 7', 'A 5-6 read = 9')).answer, 'no')
})

holds('an output of undefined is an answer like any other', () => {
  const register: Model<string | undefined, string | undefined, string | undefined> = {
    initial: undefined,
    step: (state, input, answered) =>
      input === undefined ? (!answered || answered.output === state ? [state] : []) : [input],
    key: String,
  }
  const write = { process: 'A', input: 'x', call: 0, ended: 1 }
  const read = { process: 'B', input: undefined, call: 2, ended: 3 }
  assert.is(linearizable(register, [write, { ...read, output: undefined }]).answer, 'no')
  assert.is(linearizable(register, [write, read]).answer, 'no')
  assert.is(linearizable(register, [write, { ...read, output: 'x' }]).answer, 'yes')
})

holds('bad input is refused', () => {
  const one = { process: 'A', input: 'read', call: 0, ended: 1 }
  const cases: [unknown, unknown, unknown, string, RegExp][] = [
    [undefined, [], {}, 'ERR_INVALID_ARG_TYPE', /"model.step" property must be of type function/],
    [{ ...cell, key: 'a' }, [], {}, 'ERR_INVALID_ARG_TYPE', /"model.key" property/],
    [cell, 'history', {}, 'ERR_INVALID_ARG_TYPE', /"history" argument must be an array/],
    [cell, [one, { ...one, call: '0' }], {}, 'ERR_INVALID_ARG_TYPE', /"history\[1\].call" property must be a number/],
    [cell, [one, { process: 'A' }], {}, 'ERR_INVALID_ARG_TYPE', /"history\[1\].call"/],
    [cell, [{ ...one, call: Number.NaN }], {}, 'ERR_OUT_OF_RANGE', /"history\[0\].call" property must be finite/],
    [cell, [{ ...one, call: -Infinity }], {}, 'ERR_OUT_OF_RANGE', /"history\[0\].call"/],
    [cell, [{ ...one, ended: Number.NaN }], {}, 'ERR_OUT_OF_RANGE', /"history\[0\].ended" .* no less than 0/],
    [cell, [{ ...one, call: 2 }], {}, 'ERR_OUT_OF_RANGE', /"history\[0\].ended" .* no less than 2/],
    [cell, [], { budget: -1 }, 'ERR_OUT_OF_RANGE', /"options.budget"/],
    [cell, [], { budget: '9' }, 'ERR_INVALID_ARG_TYPE', /"options.budget"/],
  ]
  for (const [model, ops, options, code, message] of cases)
    for (const checks of [linearizable, assertLinearizable])
      assert.throws(() => checks(model as typeof cell, ops as Op[], options as object), { code, message })
})
