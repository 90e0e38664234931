import { dual } from '../core/dual.js'
import { asFunction, oneOf, type Patience, refusal } from '../core/input.js'
import { checkNames } from '../core/option-names.js'
import { LatePlace } from '../core/queue.js'
import type { Steps } from '../core/steps.js'
import { newLife } from '../parts/life.js'
import type { Codec } from './codec.js'
import type { Store } from './contract.js'
import { fileStore } from './files.js'
import { aStore, innerOf } from './inner.js'
import type { Decision } from './limiter/algorithm.js'
import type { Limits } from './limiter/change.js'
import type { Limiter } from './limiter/contract.js'
import { expiresAt, inc, refund, reset, set, sweep } from './limiter/counts.js'
import { hit, peek, wait } from './limiter/hit.js'
import { quickHit } from './limiter/in-memory.js'
import type { HitOptions, LimiterOptions, PeekOptions } from './limiter/options.js'
import { partsOf, type Rule } from './limiter/rule.js'
import { close } from './operations/close.js'

export type { Decision } from './limiter/algorithm.js'
export type { Limiter } from './limiter/contract.js'
export type { Expired, HitOptions, LimiterOptions, PeekOptions } from './limiter/options.js'
export type {
  AlignedRule,
  AllRule,
  LeakyRule,
  Rule,
  SlidingRule,
  TokensRule,
  WindowRule,
} from './limiter/rule.js'

const optionNames: ReadonlySet<string> = new Set(['onExpire', 'unknown'] satisfies (keyof LimiterOptions)[])

/**
 * Limits how often something is done, by key, among all processes that share a directory or a store.
 *
 * Holds afterwards: what is counted is the sum of what the allowed hits of this window cost, whichever processes made them and
 * whichever were killed: a hit, and the reset that may come with it, is one commit of exactly the state that it was judged by.
 * No window has more than its limit, and with `sliding` no interval at all. A hit that is denied writes nothing, unless
 * `countDenied`. Of `{ all }`, a hit is counted by every rule or by none. `retryAfter` is exact to the millisecond: then the same
 * hit is allowed, and not before, if no other is counted meanwhile. A key that is not used is an entry that expires.
 *
 * Not promised: that callers of several processes take turns. That clocks agree which are not one: each hit is judged by the
 * clock of its engine, and a clock that is set back makes a key wait at most as long as two windows; what is further ahead
 * begins anew, which the channel `holdfast:clock` reports (`key`, `clock`, `endsAt`). That a hit of a process that is killed is not
 * counted. That a rule goes on where another one was: one of another kind begins anew. More than the store keeps: a directory is
 * written without `fsync`, so a power cut may bring an earlier count back.
 *
 * - `{ limit, per }`: a window of `per` ms begins with the first hit; later hits never make it longer.
 * - `{ kind: 'aligned', limit, per, offset }`: windows of the clock.
 * - `{ kind: 'sliding', limit, per }`: exact, so each hit is remembered: at most 1,000.
 * - `{ kind: 'tokens', rate, burst }`: `rate` tokens come in a second, and up to `burst` are saved.
 * - `{ kind: 'leaky', rate, capacity }`: each hit fills a bucket, which drains at `rate` a second.
 * - `{ all: [...] }`: several of them at once.
 *
 * @param where A directory (a path, or a `file:` URL), which the first hit makes; or any store of this package. A store may
 *   have other entries, under other keys; its `get` cannot read those of a limiter.
 * @param rule What is allowed.
 * @param options `onExpire`: called before a state that is over is replaced or removed by this limiter, perhaps by several
 *   processes; not before a store removes what has expired by itself. `unknown`: whether a hit counts as allowed of which it
 *   is not known whether it was counted; 'deny' by default.
 * @returns A limiter, at once: nothing is read or made before the first call. `close` it, or use `await using`.
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`: bad input. Of its calls: `ERR_NOT_A_LIMIT` (the
 *   key has an entry of another kind), `ERR_CONFLICT` (others went on changing the key for `retryFor`), `ERR_STORE_CLOSED`, and
 *   errors of the store, unchanged.
 *
 * @example
 * const limits = limiter('/var/lib/app/limits', { limit: 100, per: 60_000 })
 * const { allowed, retryAfter } = await limits.hit(request.ip)
 * if (!allowed) response.writeHead(429, { 'retry-after': `${Math.ceil(retryAfter / 1000)}` }).end()
 *
 * Source of the protocol: ExHammer/hammer (a window that begins with its first hit), and GCRA for buckets.
 */
export function limiter(
  where: string | URL | Store<never> | Store<unknown>,
  rule: Rule,
  options: LimiterOptions = {},
): Limiter {
  const parts = partsOf(rule)
  checkNames(options, optionNames, 'options')
  const onExpire = asFunction(options.onExpire, 'options.onExpire')
  const allowsUnknown = oneOf(options.unknown, 'options.unknown', ['deny', 'allow'], 'deny') === 'allow'
  const isPlace = typeof where === 'string' || where instanceof URL
  const gc = onExpire ? 'manual' : 'amortised'
  const at = isPlace ? fileStore(where, { durability: 'none', gc }) : where
  const below = innerOf<unknown>(at, 'where', `the path of a directory, as a string or URL, or ${aStore}`)
  if (onExpire && below.backing.count)
    throw refusal('ERR_INVALID_ARG_VALUE', 'options.onExpire', 'left out where a server removes what is over', onExpire)
  if (!below.reads || !below.writes)
    throw refusal('ERR_INVALID_ARG_VALUE', 'where', 'a store that reads and writes', where)
  const inner = { ...below, codec, life: isPlace ? below.life : newLife(below.life) }
  return limiterOver({ inner, parts, onExpire, allowsUnknown }, isPlace)
}

/** What a conflict says that is there. */
const codec: Codec<unknown> = {
  encode: text => Buffer.from(String(text), 'latin1'),
  decode: bytes => Buffer.from(bytes).toString('latin1'),
}

function limiterOver(limits: Limits, closesStore: boolean): Limiter {
  const { inner } = limits
  const closing = dual(function* limiterClose(_options: Patience = {}): Steps<void> {
    if (closesStore) yield* close(inner)
    else inner.life.isOver = true
  })
  return {
    hit: hitOf(limits),
    peek: dual(function limiterPeek(key: string, options: PeekOptions = {}) {
      return peek(limits, key, options)
    }),
    wait: dual(
      function limiterWait(key: string, options: PeekOptions = {}) {
        return wait(limits, key, options)
      },
      { turns: key => [`limit ${inner.identityOf(key)}`] },
    ),
    inc: dual(function limiterInc(key: string, by: number | undefined, options: Patience = {}) {
      return inc(limits, key, by, options)
    }) as Limiter['inc'],
    set: dual(function limiterSet(key: string, count: number, options: Patience = {}) {
      return set(limits, key, count, options)
    }),
    refund: dual(function limiterRefund(key: string, decision: Decision, options: Patience = {}) {
      return refund(limits, key, decision, options)
    }),
    expiresAt: dual(function limiterExpiresAt(key: string, options: Patience = {}) {
      return expiresAt(limits, key, options)
    }),
    reset: dual(function limiterReset(key: string, options: Patience = {}) {
      return reset(limits, key, options)
    }),
    sweep: dual(function limiterSweep(options: Patience = {}) {
      return sweep(limits, options)
    }),
    close: closing,
    [Symbol.asyncDispose]: () => closing(),
  }
}

function hitOf(limits: Limits): Limiter['hit'] {
  const hitting = dual(function limiterHit(key: string, options: HitOptions = {}, place?: LatePlace) {
    return hit(limits, key, options, place)
  })
  const quick = quickHit(limits)
  const hitInTurn = (key: string, options?: HitOptions) => quick(key, options) ?? hitting(key, options, new LatePlace())
  return Object.assign(hitInTurn, {
    sync: hitting.sync,
    steps: hitting.steps,
  })
}
