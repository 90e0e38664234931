import { limiter, type Rule } from '../../store/limiter.js'
import { runToEnd } from '../child.js'
import type { Call } from '../command.js'
import { EndsWith, status, statusOf, UsageError } from '../failure.js'
import { asDuration } from '../given.js'

export async function runLimit(call: Call): Promise<number> {
  await allow(call)
  return runToEnd(call, call.program)
}

async function allow({ operands, given, say, signal }: Call): Promise<void> {
  const [dir = '', key = ''] = operands
  const timeout = given.duration('wait')
  const otherStatus = given.integer('exit-code', 0, 255)
  await using limits = limiter(dir, asRule(given.text('rate'), given.flag('sliding')))
  try {
    const { allowed, retryAfter } = await (timeout === undefined
      ? limits.hit(key, { signal })
      : limits.wait(key, { signal, timeout }))
    if (allowed) return
    const when = Number.isFinite(retryAfter) ? `, but in ${Math.ceil(retryAfter / 1000)} s` : ''
    say.remark(`not allowed now${when}: ${key}`)
    throw new EndsWith(otherStatus ?? status.no)
  } catch (error) {
    if (otherStatus === undefined || statusOf(error) !== status.timedOut) throw error
    throw new EndsWith(otherStatus)
  }
}

function asRule(rate: string | undefined, isSliding: boolean): Rule {
  if (rate === undefined) throw new UsageError('--rate is missing: so many in a time, as 5/1m')
  const [, limit, per] = /^(\d+)\/(.+)$/.exec(rate) ?? []
  if (limit === undefined || per === undefined) throw new UsageError(`--rate: '${rate}' is no rate, as 5/1m is`)
  const perMs = asDuration(/^\d/.test(per) ? per : `1${per}`, '--rate')
  return { kind: isSliding ? 'sliding' : 'window', limit: Number(limit), per: perMs }
}
