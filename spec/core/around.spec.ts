// Steps around others behave as the generators in whose place they stand.

import { mapped, rescued } from '../../lib/core/around.js'
import { fs, type Steps } from '../../lib/core/steps.js'
import { assert, holds } from '../support/kit.js'

const broken = new Error('broken')

function* failing(): Steps<string> {
  yield* fs.now()
  throw broken
}

function* working(): Steps<string> {
  return `${yield* fs.now()}`
}

/** Resumes the steps with these results, or errors, one for each call, and returns what comes of them. */
function play<T>(steps: Steps<T>, ...replies: readonly unknown[]): T {
  let next = steps.next()
  for (const reply of replies) {
    assert.not(next.done)
    next = reply instanceof Error ? steps.throw(reply) : steps.next(reply)
  }
  assert.ok(next.done)
  return next.value as T
}

holds('what goes well is returned, and finished; nothing begins before it is asked for', () => {
  let begun = 0
  const begin = () => {
    begun++
    return working()
  }
  const steps = rescued<string>(begin, failing, value => `${value}!`)
  assert.is(begun, 0)
  assert.is(play(steps, 7), '7!')
  assert.is(play(mapped(begin, Number), 8), 8)
  assert.is(begun, 2)
})

holds('a failure is rescued once, wherever it comes from, and what comes of that is the result as it is', () => {
  function* rescue(error: unknown): Steps<string> {
    assert.is(error, broken)
    return `rescued ${yield* fs.now()}`
  }
  const atOnce = () => {
    throw broken
  }
  const finish = () => assert.unreachable() as never
  assert.is(play(rescued(failing, rescue, finish), 1, 2), 'rescued 2')
  assert.is(play(rescued(working, rescue, finish), broken, 2), 'rescued 2')
  assert.is(play(rescued<string>(atOnce, rescue, finish), 2), 'rescued 2')
  // An error in the rescue comes out.
  assert.throws(() => play(rescued(failing, rescue), 1, new Error('again')), { message: /again/ })
  assert.throws(() => play(rescued(failing, failing), 1, 2), { message: /broken/ })
  assert.throws(() => play(mapped(failing, finish), 1), { message: /broken/ })
})

holds('steps that are ended early run what they have to give back, and begin nothing', () => {
  const seen: string[] = []
  const steps = rescued<void>(function* () {
    seen.push('begun')
    try {
      yield* fs.now()
    } finally {
      seen.push('given back')
    }
  }, failing as never)
  steps.next()
  assert.equal(steps.return(), { value: undefined, done: true })
  assert.equal(seen, ['begun', 'given back'])
  const unbegun = rescued(working, failing)
  assert.equal(unbegun.return('early'), { value: 'early', done: true })
  assert.throws(() => rescued(working, failing).throw(broken), { message: /broken/ })
})
