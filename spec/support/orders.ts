// Every order in which things may happen in one process: the explorer for promises. A world says what may happen next; each
// order is run from the beginning, and repeats the one before up to the last fork that has a choice left. After each act,
// everything goes on that can; or, so often as `hurries` says, only a few turns of the microtasks, so that the next act comes
// between two reactions to the one before.

import { assert, note } from './kit.js'

export interface Orders {
  /** What may happen next, by name: always the same where the same has happened. */
  choices(): readonly Act[]
  /** Called when everything has gone on after an act. Throws if something is wrong. */
  look(): void
  /** Called when nothing can happen any more. Throws if something is wrong. */
  end(): Promise<void>
}
export type Act = readonly [name: string, act: () => void]

export interface OrderOptions {
  /** How often in one order the next act may come early. @default 0 */
  readonly hurries?: number
}

/** Turns of the microtasks after which the next act may come. */
const turns = [0, 1, 2, 3, 4, 5]
/** So many that nothing goes on any more. */
const enough = 30

interface Fork {
  at: number
  readonly of: number
}

/** The orders as a tree that is walked depth first. */
class Walk {
  readonly #forks: Fork[] = []
  #depth = 0

  choose(of: number): number {
    if (this.#depth === this.#forks.length) this.#forks.push({ at: 0, of })
    const fork = this.#forks[this.#depth++] as Fork
    if (fork.of !== of) throw new Error(`the same acts led to ${fork.of} choices, and then to ${of}`)
    return fork.at
  }

  another(): boolean {
    this.#depth = 0
    for (let fork = this.#forks.at(-1); fork; fork = this.#forks.at(-1)) {
      if (++fork.at < fork.of) return true
      this.#forks.pop()
    }
    return false
  }
}

/** An order that ends badly. */
export class BadOrder extends Error {
  override readonly name = 'BadOrder'
  constructor(
    cause: unknown,
    readonly acts: readonly string[],
    readonly order: number,
  ) {
    super(`order ${order} ends badly: ${(cause as Error).message}\n${acts.join('; ')}`, { cause })
  }
}

/** Runs all orders of a world, each with a world of its own. Returns how many there are. */
export async function everyOrder(begin: () => Orders, { hurries = 0 }: OrderOptions = {}): Promise<number> {
  const walk = new Walk()
  let count = 0
  do {
    count++
    const acts: string[] = []
    try {
      await runOne(begin(), walk, hurries, acts)
    } catch (error) {
      throw new BadOrder(error, acts, count)
    }
  } while (walk.another())
  return count
}

async function runOne(world: Orders, walk: Walk, hurries: number, acts: string[]): Promise<void> {
  let left = hurries
  let isStill = true
  for (;;) {
    const choices = world.choices()
    if (choices.length === 0 && isStill) break
    const act = choices[choices.length > 0 ? walk.choose(choices.length) : 0]
    if (act) acts.push(act[0])
    act?.[1]()
    const early = act && left > 0 ? walk.choose(turns.length + 1) : 0
    isStill = early === 0
    if (isStill) {
      await pass(enough)
      world.look()
      continue
    }
    left--
    const some = turns[early - 1] as number
    acts.push(`(${some} turns)`)
    await pass(some)
  }
  await world.end()
}

async function pass(some: number): Promise<void> {
  for (let turn = 0; turn < some; turn++) await undefined
}

/** Explores, prints what was explored, and asserts that `collided` says what it should. */
export async function proveOrders(what: string, begin: () => Orders, options: OrderOptions, collided: () => boolean) {
  const began = performance.now()
  const count = await everyOrder(begin, options)
  note(`${what}: ${count} orders in ${Math.round(performance.now() - began)} ms, complete`)
  assert.ok(collided(), 'nothing got in the way of anything')
}

/** Asserts that an order of the world catches a broken variant, for this reason; prints the order. */
export async function caughtInOrder(what: string, why: RegExp, begin: () => Orders, options: OrderOptions) {
  const ending: unknown = await everyOrder(begin, options).then(
    count => new Error(`${what} was not caught in ${count} orders`),
    error => error,
  )
  if (!(ending instanceof BadOrder)) throw ending
  note(`${what}: caught by order ${ending.order}\n      ${ending.message.replaceAll('\n', '\n      ')}`)
  assert.match((ending.cause as Error).message, why)
}
