// The algorithms of a limiter, as pure functions of a state, a time and a cost: tables of cases, and properties that hold for
// any hits at any times, clocks that go back included.

import type { Decision, Rule } from 'holdfast/store'
import { countOf, endsAtMs, isAhead, judge, refundAll, type States, setAll } from '../../../lib/store/limiter/plan.js'
import { partsOf } from '../../../lib/store/limiter/rule.js'
import { parse, spell } from '../../../lib/store/limiter/spelling.js'
import { assert, holds, sized } from '../../support/kit.js'
import { intervalModel, windowModel } from '../../support/limiter-models.js'
import { seeded } from '../../support/seeded.js'

const never = Number.POSITIVE_INFINITY

/** When, what a hit costs, and what it is told: allowed, count, remaining, retryAfter, resetAt. */
type Case = readonly [at: number, cost: number, allowed: boolean, ...figures: readonly number[]]

const tables: readonly (readonly [what: string, rule: Rule, cases: readonly Case[]])[] = [
  [
    'a window begins with its first hit, and no hit makes it longer',
    { limit: 3, per: 100 },
    [
      [1007, 1, true, 1, 2, 0, 1107],
      [1050, 2, true, 3, 0, 0, 1107],
      [1051, 1, false, 3, 0, 56, 1107],
      [1106, 1, false, 3, 0, 1, 1107],
      [1107, 1, true, 1, 2, 0, 1207],
      [1300, 4, false, 0, 3, never, 1300],
      [1301, 2, true, 2, 1, 0, 1401],
      [1302, 2, false, 2, 1, 99, 1401],
      [1303, 1, true, 3, 0, 0, 1401],
      [1304, 0, true, 3, 0, 0, 1401],
      [9000, 0, true, 0, 3, 0, 9000],
    ],
  ],
  [
    'a window of a clock that goes back lasts at most as long as two; what is further ahead begins anew',
    { limit: 1, per: 100 },
    [
      [1000, 1, true, 1, 0, 0, 1100],
      [950, 1, false, 1, 0, 150, 1100],
      [900, 1, false, 1, 0, 200, 1100],
      [899, 1, true, 1, 0, 0, 999],
    ],
  ],
  [
    'aligned windows follow each other on the clock',
    { kind: 'aligned', limit: 2, per: 100, offset: 30 },
    [
      [1007, 1, true, 1, 1, 0, 1030],
      [1029, 1, true, 2, 0, 0, 1030],
      [1029, 1, false, 2, 0, 1, 1030],
      [1030, 1, true, 1, 1, 0, 1130],
      [1020, 1, true, 2, 0, 0, 1130],
      [1020, 1, false, 2, 0, 110, 1130],
      [1500, 3, false, 0, 2, never, 1500],
      [1500, 2, true, 2, 0, 0, 1530],
    ],
  ],
  [
    'a sliding window has no interval over its limit',
    { kind: 'sliding', limit: 3, per: 100 },
    [
      [1000, 1, true, 1, 2, 0, 1100],
      [1040, 2, true, 3, 0, 0, 1140],
      [1041, 1, false, 3, 0, 59, 1140],
      [1041, 2, false, 3, 0, 99, 1140],
      [1099, 1, false, 3, 0, 1, 1140],
      [1100, 1, true, 3, 0, 0, 1200],
      [1139, 1, false, 3, 0, 1, 1200],
      [1140, 2, true, 3, 0, 0, 1240],
      [1140, 1, false, 3, 0, 60, 1240],
      [2000, 4, false, 0, 3, never, 2000],
    ],
  ],
  [
    'a sliding window of a clock that goes back goes on from the last hit; what is more than a window ahead begins anew',
    { kind: 'sliding', limit: 2, per: 100 },
    [
      [1000, 1, true, 1, 1, 0, 1100],
      [950, 1, true, 2, 0, 0, 1100],
      [900, 1, false, 2, 0, 200, 1100],
      [899, 1, true, 1, 1, 0, 999],
    ],
  ],
  [
    'tokens are saved up to the burst',
    { kind: 'tokens', rate: 10, burst: 3 },
    [
      [1000, 2, true, 2, 1, 0, 1200],
      [1050, 1, true, 3, 0, 0, 1300],
      [1100, 1, true, 3, 0, 0, 1400],
      [1100, 1, false, 3, 0, 100, 1400],
      [1199, 1, false, 3, 0, 1, 1400],
      [1199, 3, false, 3, 0, 201, 1400],
      [1200, 1, true, 3, 0, 0, 1500],
      [1250, 4, false, 3, 0, never, 1500],
      [9999, 3, true, 3, 0, 0, 10299],
    ],
  ],
  [
    'a leaky bucket is never over its capacity, and drains at its rate',
    { kind: 'leaky', rate: 0.5, capacity: 2 },
    [
      [1000, 2, true, 2, 0, 0, 5000],
      [2999, 1, false, 2, 0, 1, 5000],
      [3000, 1, true, 2, 0, 0, 7000],
      [3000, 1, false, 2, 0, 2000, 7000],
    ],
  ],
  [
    'a bucket of a clock that goes back does not drain; what is longer ahead than it drains begins anew',
    { kind: 'leaky', rate: 10, capacity: 1 },
    [
      [1000, 1, true, 1, 0, 0, 1100],
      [950, 1, false, 1, 0, 150, 1100],
      [900, 1, false, 1, 0, 200, 1100],
      [899, 1, true, 1, 0, 0, 999],
    ],
  ],
  [
    'of several rules all allow a hit, or none counts it, and the tightest is shown',
    { all: [{ limit: 2, per: 100 }, { all: [{ kind: 'sliding', limit: 3, per: 1000 }] }] },
    [
      [1000, 1, true, 1, 1, 0, 1100],
      [1010, 1, true, 2, 0, 0, 1100],
      [1020, 1, false, 2, 0, 80, 1100],
      [1100, 1, true, 3, 0, 0, 2100],
      [1101, 1, false, 3, 0, 899, 2100],
      [1999, 1, false, 3, 0, 1, 2100],
      [2000, 2, false, 2, 1, 10, 2100],
      [2010, 2, true, 3, 0, 0, 3010],
      [2010, 3, false, 2, 0, never, 2110],
    ],
  ],
]

for (const [what, rule, cases] of tables)
  holds(what, () => {
    const parts = partsOf(rule)
    let states: States = []
    for (const [at, cost, allowed, ...figures] of cases) {
      const [next, decision] = judge(parts, states, at, { cost, isCounted: false })
      const { count, remaining, retryAfter, resetAt } = decision
      const told = [decision.allowed, count, remaining, retryAfter, resetAt]
      assert.equal(told, [allowed, ...figures], `at ${at}, cost ${cost}`)
      assert.is(next === states, !allowed || cost === 0, 'a hit that is denied changes nothing')
      states = next
    }
  })

const rules: Readonly<Record<string, Rule>> = {
  window: { limit: 5, per: 40 },
  aligned: { kind: 'aligned', limit: 5, per: 40, offset: -7 },
  sliding: { kind: 'sliding', limit: 5, per: 40 },
  tokens: { kind: 'tokens', rate: 125, burst: 5 },
  'slow tokens': { kind: 'tokens', rate: 0.7, burst: 2 },
  'quick tokens': { kind: 'tokens', rate: 3333.33, burst: 7 },
  leaky: { kind: 'leaky', rate: 1000 / 7, capacity: 5 },
  all: {
    all: [
      { limit: 4, per: 20 },
      { kind: 'sliding', limit: 9, per: 100 },
      { kind: 'leaky', rate: 200, capacity: 6 },
    ],
  },
}

interface Step {
  readonly states: States
  readonly at: number
  readonly cost: number
  readonly decision: Decision
}

/** Hits at random moments, all of them after each other. */
function* randomHits(rule: Rule, seed: number, back = 0): Generator<Step> {
  const parts = partsOf(rule)
  const random = seeded(seed)
  let states: States = []
  let at = 1_700_000_000_000 + random(1000)
  for (let nth = 0; nth < 60; nth++) {
    at += random(4) === 0 ? random(120) : random(8)
    if (back > 0 && random(9) === 0) at -= random(back)
    const cost = random(5) === 0 ? random(8) : 1
    const [next, decision] = judge(parts, states, at, { cost, isCounted: false })
    yield { states, at, cost, decision }
    // What is stored is what is spelled.
    states = parse(parts, spell(parts, next)) as States
    assert.equal(
      states.map(one => one ?? []),
      parts.map((_, which) => next[which] ?? []),
    )
  }
}

const seeds = sized(200, 2_000)

for (const [name, rule] of Object.entries(rules)) {
  const parts = partsOf(rule)
  holds(`${name}: a hit that is denied is allowed after \`retryAfter\`, and not a millisecond before`, () => {
    let denied = 0
    for (let seed = 0; seed < seeds; seed++)
      for (const { states, at, cost, decision } of randomHits(rule, seed, 30)) {
        const { allowed, retryAfter } = decision
        const isAllowed = (ms: number) => judge(parts, states, at + ms, { cost, isCounted: false })[1].allowed
        if (allowed) assert.is(retryAfter, 0)
        else if (retryAfter === never) assert.not.ok(isAllowed(1e9))
        else {
          denied++
          assert.ok(retryAfter >= 1 && Number.isInteger(retryAfter))
          assert.ok(isAllowed(retryAfter), `seed ${seed}: not allowed after ${retryAfter}`)
          assert.not.ok(isAllowed(retryAfter - 1), `seed ${seed}: allowed before ${retryAfter}`)
        }
      }
    assert.ok(denied > seeds / 10, 'too few were denied')
  })

  holds(`${name}: when the clock is set back, no key waits longer than two windows`, () => {
    const longest = Math.max(...parts.map(({ perMs }) => perMs))
    for (let seed = 0; seed < seeds; seed++) {
      for (const { cost, states } of randomHits(rule, seed)) {
        if (endsAtMs(parts, states) === 0 || cost === 0) continue
        const set = endsAtMs(parts, states) - 3 * longest - 1 - seed
        assert.ok(isAhead(parts, states, set))
        const [next, { allowed, retryAfter, limit }] = judge(parts, states, set, { cost, isCounted: false })
        assert.ok(retryAfter <= 2 * longest || cost > limit)
        if (parts.length === 1) assert.ok(cost > limit || (allowed && endsAtMs(parts, next) <= set + longest))
      }
      for (const { decision, cost } of randomHits(rule, seed, 10 * longest))
        assert.ok(decision.retryAfter <= 2 * longest || cost > decision.limit, `seed ${seed}`)
    }
  })
}

for (const name of ['window', 'aligned'])
  holds(`${name}: what an independent model allows, and nothing else`, () => {
    for (let seed = 0; seed < seeds; seed++) {
      const model = windowModel(partsOf(rules[name])[0] as never)
      for (const { at, cost, decision } of randomHits(rules[name] as Rule, seed))
        assert.is(decision.allowed, model(at, cost), `seed ${seed}, at ${at}`)
    }
  })

for (const name of ['sliding', 'tokens', 'slow tokens', 'quick tokens', 'leaky'])
  holds(`${name}: in no interval more than may be, and no hit is denied that has room in all`, () => {
    for (let seed = 0; seed < seeds; seed++) {
      const model = intervalModel(rules[name] as never)
      for (const { at, cost, decision } of randomHits(rules[name] as Rule, seed)) {
        const room = model.roomAfter(at, cost)
        // A bucket drains by whole units, so each hit may lose a millionth.
        assert.ok(decision.allowed ? room > -1e-9 : room < 1e-4, `seed ${seed}, at ${at}, cost ${cost}, room ${room}`)
        if (decision.allowed) model.add(at, cost)
      }
    }
  })

holds('all: a hit is allowed exactly if each rule alone would allow it, and then all have counted it', () => {
  const all = rules.all as { readonly all: readonly Rule[] }
  const singles = all.all.map(partsOf)
  let split = 0
  for (let seed = 0; seed < seeds; seed++) {
    let alone: States[] = singles.map(() => [])
    for (const { at, cost, decision } of randomHits(all, seed)) {
      const made = singles.map((one, which) => judge(one, alone[which] as States, at, { cost, isCounted: false }))
      const allowed = made.every(([, one]) => one.allowed)
      assert.is(decision.allowed, allowed)
      assert.equal(decision.parts?.length, 3)
      if (!allowed && made.some(([, one]) => one.allowed)) split++
      if (allowed) alone = made.map(([next]) => next)
      assert.is(decision.retryAfter, Math.max(...made.map(([, one]) => one.retryAfter)))
      assert.equal(
        decision.parts?.map(one => one.count),
        singles.map((one, which) => judge(one, alone[which] as States, at, { cost: 0, isCounted: false })[1].count),
      )
    }
  }
  assert.ok(split > seeds, 'no hit was allowed by one rule and denied by another')
})

holds('what is counted without asking may pass the limit, and is what denies later hits', () => {
  for (const [name, rule] of Object.entries(rules)) {
    const parts = partsOf(rule)
    const most = Math.max(...parts.map(({ limit }) => limit))
    const [states, { count, remaining }] = judge(parts, [], 1000, { cost: 3 * most, isCounted: true })
    assert.is(count, 3 * most, name)
    assert.is(remaining, 0, name)
    assert.not.ok(judge(parts, states, 1000, { cost: 1, isCounted: false })[1].allowed, name)
    assert.is(countOf(parts, states), 3 * most, name)
  }
  // However much is counted, a log stays as short as its limit.
  const sliding = partsOf(rules.sliding as Rule)
  let log: States = []
  for (let at = 0; at < 30; at++) log = judge(sliding, log, 1000 + at, { cost: 1, isCounted: true })[0]
  assert.ok((log[0]?.length ?? 0) <= 10)
})

holds('a refund takes back what is still counted, and nothing of another window', () => {
  for (const [name, rule] of Object.entries(rules)) {
    const parts = partsOf(rule)
    const hit = (states: States, at: number, cost: number) => judge(parts, states, at, { cost, isCounted: false })
    const [first, made] = hit([], 1000, 1)
    const [second] = hit(first, 1000, 1)
    const back = refundAll(parts, second, 1000, made)
    assert.is(judge(parts, back, 1000, { cost: 0, isCounted: false })[1].count, 1, name)
    const longAfter = 1000 + 10 * Math.max(...parts.map(({ perMs }) => perMs))
    assert.is(refundAll(parts, second, longAfter, made), second, name)
    const [later] = hit(second, longAfter, 1)
    assert.is(refundAll(parts, later, longAfter, made), later, name)
    assert.is(refundAll(parts, [], longAfter, made).length, 0, name)
  }
  // What has drained meanwhile is not given back: others may have had that room.
  const leaky = partsOf({ kind: 'leaky', rate: 1, capacity: 10 })
  const [full, made] = judge(leaky, [], 0, { cost: 10, isCounted: false })
  const [again] = judge(leaky, full, 5000, { cost: 5, isCounted: false })
  const [, { count }] = judge(leaky, refundAll(leaky, again, 5000, made), 5000, { cost: 0, isCounted: false })
  assert.is(count, 5)
})

holds('a count that is set is what is counted, in the window that there is', () => {
  for (const [name, rule] of Object.entries(rules)) {
    const parts = partsOf(rule)
    const [before] = judge(parts, [], 1000, { cost: 1, isCounted: false })
    for (const states of [[], before]) {
      const now = setAll(parts, states, 1005, 3)
      assert.is(judge(parts, now, 1005, { cost: 0, isCounted: false })[1].count, 3, name)
      const none = setAll(parts, states, 1005, 0)
      assert.is(judge(parts, none, 1005, { cost: 0, isCounted: false })[1].count, 0, name)
    }
    if (name === 'window') assert.is(endsAtMs(parts, setAll(parts, before, 1005, 3)), 1040)
  }
})

holds('a text that is none of a limiter is known as such, and one of another rule counts as nothing', () => {
  const window = partsOf({ limit: 1, per: 1 })
  for (const text of [
    '',
    '5',
    'true',
    'null',
    '"w1-1"',
    '{}',
    'w1',
    'w1-',
    'w-1-1',
    'x1-1',
    'w1-1--',
    'W1-1',
    'w1-1-1',
  ])
    assert.is(parse(window, text), undefined, text)
  for (const text of ['b1-1', 's1-1-2-1', 'w1-1--w1-1', 'a1-1']) assert.equal(parse(window, text), [], text)
  assert.equal(parse(window, 'wz-10'), [[35, 36]])
  assert.equal(parse(window, 'w'), [undefined])
})

holds('rules that make no sense are refused, each with the place where it is wrong', () => {
  const bad: readonly (readonly [rule: unknown, code: string, where: string])[] = [
    [undefined, 'ERR_INVALID_ARG_TYPE', '"rule"'],
    [null, 'ERR_INVALID_ARG_TYPE', '"rule"'],
    [{}, 'ERR_INVALID_ARG_TYPE', 'rule.limit'],
    [{ limit: 0, per: 1 }, 'ERR_OUT_OF_RANGE', 'rule.limit'],
    [{ limit: 1.5, per: 1 }, 'ERR_OUT_OF_RANGE', 'rule.limit'],
    [{ limit: never, per: 1 }, 'ERR_OUT_OF_RANGE', 'rule.limit'],
    [{ limit: 1 }, 'ERR_INVALID_ARG_TYPE', 'rule.per'],
    [{ limit: 1, per: 0.5 }, 'ERR_OUT_OF_RANGE', 'rule.per'],
    [{ limit: 1, per: 2 ** 41 }, 'ERR_OUT_OF_RANGE', 'rule.per'],
    [{ limit: 1, per: 1, offset: 1 }, 'ERR_INVALID_ARG_VALUE', 'rule.offset'],
    [{ kind: 'fixed', limit: 1, per: 1 }, 'ERR_INVALID_ARG_VALUE', 'rule.kind'],
    [{ kind: 'aligned', limit: 1, per: 1, offset: 0.5 }, 'ERR_OUT_OF_RANGE', 'rule.offset'],
    [{ kind: 'sliding', limit: 1001, per: 1 }, 'ERR_OUT_OF_RANGE', 'rule.limit'],
    [{ kind: 'tokens', rate: 1 }, 'ERR_INVALID_ARG_TYPE', 'rule.burst'],
    [{ kind: 'tokens', rate: 0, burst: 1 }, 'ERR_OUT_OF_RANGE', 'rule.rate'],
    [{ kind: 'tokens', rate: Number.NaN, burst: 1 }, 'ERR_OUT_OF_RANGE', 'rule.rate'],
    [{ kind: 'leaky', rate: 1e-9, capacity: 10 }, 'ERR_OUT_OF_RANGE', 'rule.rate'],
    [{ kind: 'leaky', rate: 1, burst: 10 }, 'ERR_INVALID_ARG_VALUE', 'rule.burst'],
    [{ all: [] }, 'ERR_INVALID_ARG_TYPE', 'rule.all'],
    [
      {
        all: [
          { limit: 1, per: 1 },
          { limit: 1, per: 0 },
        ],
      },
      'ERR_OUT_OF_RANGE',
      'rule.all[1].per',
    ],
    [{ all: [{ limit: 1, per: 1 }], limit: 1 }, 'ERR_INVALID_ARG_VALUE', 'rule.limit'],
    [{ all: Array.from({ length: 17 }, () => ({ limit: 1, per: 1 })) }, 'ERR_OUT_OF_RANGE', 'rule.all'],
  ]
  for (const [rule, code, where] of bad)
    assert.ok(assert.throws(() => partsOf(rule), { code }).message.includes(where), `${JSON.stringify(rule)} ${where}`)
})
