// A cache of one value, some callers, and what may happen to them: loads and checks end in any way, callers are aborted,
// another key takes the room. What must hold is looked at after each act, and at the end.

import type { CacheTask, EvictReason, Verdict } from 'holdfast/cache'
import type { Act, Orders } from './orders.js'

/** What a world needs of a cache. */
export interface CacheLike {
  get(key: string, options: { signal: AbortSignal }): Promise<{ value: Value; source: string }>
  use(key: string, work: (value: Value) => Promise<void>, options: { signal: AbortSignal }): Promise<unknown>
  set(key: string, value: Value): void
  delete(key: string): boolean
  peek(key: string): Value | undefined
  readonly size: number
  close(): Promise<void>
}

export interface CacheOptions {
  readonly max: number
  load(key: string, to: CacheTask): Promise<Value>
  check?: (key: string, value: Value, to: CacheTask) => Promise<Verdict>
  onEvict(key: string, value: Value, why: EvictReason): void
}

/** `get!` and `use!` may be aborted. `evict` puts another key in the only place. */
export type Doing = 'get' | 'get!' | 'use' | 'use!' | 'set' | 'delete' | 'evict'

export interface CacheWorld {
  readonly open: (options: CacheOptions) => CacheLike
  /** What each caller does, one thing after the other. */
  readonly callers: readonly (readonly Doing[])[]
  /** A value is there when it begins. */
  readonly isLaid?: boolean
  /** How many checks may say that a value has expired, and how many may fail. No checks: there are none. */
  readonly checks?: { readonly expired: number; readonly fail: number }
  /** How many loads may fail. */
  readonly failures?: number
  /** What `onEvict` itself does with the cache, when the key leaves for the first time. */
  readonly inOnEvict?: Doing
}

/** When something happened: the number of the act. */
type At = number

export class Value {
  /** How often `onEvict` got it, and why. */
  readonly left: EvictReason[] = []
  /** How many have it in use. */
  users = 0

  constructor(
    readonly name: string,
    readonly key: string,
    /** When it was set, or when its load began. */
    readonly bornAt: At,
    readonly load?: Load,
  ) {}
}

interface Load {
  readonly number: number
  readonly key: string
  readonly bornAt: At
  readonly signal: AbortSignal
  endedAt: At | undefined
  end(value: Value | Error): void
}

interface Check {
  readonly number: number
  isOver: boolean
  end(verdict: Verdict | Error): void
}

interface Call {
  readonly beganAt: At
  readonly stop: AbortController
  readonly doing: Doing
  /** It has the value, and works with it: ends the work. */
  leave: (() => void) | undefined
}

interface Caller {
  readonly number: number
  readonly left: Doing[]
  call: Call | undefined
}

/** What the schedules of a world have in common, so that a test can see that things got in each other's way. */
export interface Seen {
  readonly reasons: Set<EvictReason>
  readonly sources: Set<string>
  aborted: number
  shared: number
}
export const nothingSeen = (): Seen => ({ reasons: new Set(), sources: new Set(), aborted: 0, shared: 0 })

const key = 'k'

export class CacheOrders implements Orders {
  readonly #seen: Seen
  readonly #cache: CacheLike
  readonly #callers: Caller[]
  readonly #values: Value[] = []
  readonly #loads: Load[] = []
  readonly #checks: Check[] = []
  /** When the key was set, and when it was deleted. */
  readonly #sets: Value[] = []
  readonly #deletes: At[] = []
  #now: At = 0
  /** Stands for `onEvict`, if that does something with the cache. */
  readonly #within: Caller | undefined
  readonly #left: { expired: number; checkFails: number; loadFails: number }
  #wrong: Error | undefined
  /** It is thrown only if nothing worse comes of it. */
  #late: Error | undefined
  #toDo: Doing | undefined

  constructor(world: CacheWorld, seen: Seen) {
    this.#seen = seen
    const { checks, failures = 0 } = world
    this.#left = { expired: checks?.expired ?? 0, checkFails: checks?.fail ?? 0, loadFails: failures }
    this.#callers = world.callers.map((left, number) => ({ number, left: [...left], call: undefined }))
    if (world.inOnEvict) {
      this.#within = { number: this.#callers.length, left: [], call: undefined }
      this.#callers.push(this.#within)
      this.#toDo = world.inOnEvict
    }
    this.#cache = world.open({
      max: 1,
      load: (of, { signal }) => this.#load(of, signal),
      ...(checks && { check: () => this.#check() }),
      onEvict: (of, value, why) => this.#evicted(of, value, why),
    })
    if (world.isLaid) this.#set(key, 'laid')
  }

  choices(): readonly Act[] {
    const all = [
      ...this.#callers.flatMap(caller => this.#choicesOf(caller)),
      ...this.#loads.filter(({ endedAt }) => endedAt === undefined).flatMap(load => this.#endsOfLoad(load)),
      ...this.#checks.filter(({ isOver }) => !isOver).flatMap(check => this.#endsOfCheck(check)),
    ]
    return all.map(([name, act]) => [
      name,
      () => {
        this.#now++
        act()
      },
    ])
  }

  #choicesOf(caller: Caller): Act[] {
    const { call, number, left } = caller
    const [next] = left
    const name = `P${number + 1}`
    if (!call) return next ? [[`${name} ${next.replace('!', '')}`, () => this.#begin(caller, next)]] : []
    if (call.leave) return [[`${name} leaves`, call.leave]]
    if (!call.doing.endsWith('!') || call.stop.signal.aborted) return []
    const abort = () => {
      this.#seen.aborted++
      call.stop.abort(new Error(`${name} was aborted`))
    }
    return [[`${name} is aborted`, abort]]
  }

  #endsOfLoad(load: Load): Act[] {
    const { number } = load
    const end = (what: Value | Error) => {
      load.endedAt = this.#now
      load.end(what)
    }
    const succeeds = () => {
      const value = new Value(`loaded ${number}`, load.key, load.bornAt, load)
      this.#values.push(value)
      end(value)
    }
    const fails = () => {
      this.#left.loadFails--
      end(new Error(`load ${number} failed`))
    }
    return [
      [`load ${number} ends`, succeeds],
      ...(this.#left.loadFails > 0 ? [[`load ${number} fails`, fails] as const] : []),
    ]
  }

  #endsOfCheck(check: Check): Act[] {
    const { number } = check
    const end = (how: Verdict | Error) => () => {
      check.isOver = true
      if (how === 'expired') this.#left.expired--
      if (how instanceof Error) this.#left.checkFails--
      check.end(how)
    }
    return [
      [`check ${number}: valid`, end('valid')],
      ...(this.#left.expired > 0 ? [[`check ${number}: expired`, end('expired')] as const] : []),
      ...(this.#left.checkFails > 0 ? [[`check ${number} fails`, end(new Error('check failed'))] as const] : []),
    ]
  }

  #begin(caller: Caller, doing: Doing): void {
    caller.left.shift()
    if (doing === 'set') this.#set(key, `set by P${caller.number + 1}`)
    else if (doing === 'evict') this.#set('other', `other by P${caller.number + 1}`)
    else if (doing === 'delete') {
      this.#deletes.push(this.#now)
      this.#cache.delete(key)
    } else this.#call(caller, doing)
  }

  #call(caller: Caller, doing: Doing): void {
    const call: Call = { beganAt: this.#now, stop: new AbortController(), doing, leave: undefined }
    caller.call = call
    const { signal } = call.stop
    const over = (judge: () => void) => {
      caller.call = undefined
      judge()
    }
    const calling = doing.startsWith('use')
      ? this.#cache.use(key, value => this.#work(call, value), { signal })
      : this.#cache.get(key, { signal }).then(({ value, source }) => {
          this.#seen.sources.add(source)
          this.#got(call, value)
        })
    calling.then(
      () => over(() => {}),
      error => over(() => this.#rejected(call, error)),
    )
  }

  #set(of: string, name: string): void {
    const value = new Value(name, of, this.#now)
    this.#values.push(value)
    if (of === key) this.#sets.push(value)
    this.#cache.set(of, value)
  }

  #load(of: string, signal: AbortSignal): Promise<Value> {
    const other = this.#loads.find(({ endedAt, signal: { aborted } }) => endedAt === undefined && !aborted)
    if (other && !this.#deletes.some(at => at >= other.bornAt))
      this.#bad(`it is loaded once more, though load ${other.number} is under way`)
    return new Promise((resolve, reject) => {
      const end = (what: Value | Error) => (what instanceof Error ? reject(what) : resolve(what))
      this.#loads.push({ number: this.#loads.length + 1, key: of, bornAt: this.#now, signal, endedAt: undefined, end })
    })
  }

  #check(): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const end = (how: Verdict | Error) => (how instanceof Error ? reject(how) : resolve(how))
      this.#checks.push({ number: this.#checks.length + 1, isOver: false, end })
    })
  }

  async #work(call: Call, value: Value): Promise<void> {
    this.#got(call, value)
    if (value.left.length > 0) this.#bad(`${value.name} is used after it was disposed of`)
    value.users++
    await new Promise<void>(resolve => {
      call.leave = resolve
    })
    value.users--
  }

  #evicted(of: string, value: Value, why: EvictReason): void {
    this.#seen.reasons.add(why)
    if (value.users > 0) this.#bad(`${value.name} is disposed of while it is used`)
    if (value.left.length > 0) this.#bad(`${value.name} is disposed of twice`)
    value.left.push(why)
    if (this.#cache.peek(of) === value || this.#cache.size > 1) this.#bad(`${value.name} is disposed of in mid-change`)
    const doing = of === key && why !== 'closed' ? this.#toDo : undefined
    if (!doing || !this.#within) return
    this.#toDo = undefined
    this.#begin(this.#within, doing)
  }

  /** What a caller gets. */
  #got({ beganAt }: Call, value: Value): void {
    const { name, bornAt, load } = value
    if (this.#deletes.some(at => at > bornAt && at < beganAt))
      this.#bad(`a caller gets ${name}, which was deleted before it asked`)
    if (this.#sets.some(other => other !== value && other.bornAt > bornAt && other.bornAt < beganAt))
      this.#bad(`a caller gets ${name}, over which another was set before it asked`)
    const last = this.#sets.at(-1)
    if (load?.endedAt !== undefined && last && this.#cache.peek(key) === last)
      if (last.bornAt > bornAt && last.bornAt < load.endedAt) this.#bad(`a caller gets ${name} and not ${last.name}`)
  }

  #rejected({ stop }: Call, error: unknown): void {
    const { message, code } = error as NodeJS.ErrnoException
    const isOwn = stop.signal.aborted && code === 'ABORT_ERR'
    if (!isOwn && !/^load \d+ failed$/.test(message)) this.#bad(`a caller is rejected with "${message}"`)
  }

  look(): void {
    if (this.#wrong) throw this.#wrong
    const there = this.#cache.peek(key)
    if (there) this.#lookAt(there)
    const waiting = this.#callers.filter(({ call }) => call && !call.leave)
    if (waiting.length > 1) this.#seen.shared++
    const loads = this.#loads.filter(({ endedAt }) => endedAt === undefined)
    const isChecked = this.#checks.some(({ isOver }) => !isOver)
    const set = this.#sets.at(-1)
    if (set && waiting.some(({ call }) => (call as Call).beganAt < set.bornAt))
      this.#late ??= new Error(`a caller waits, though ${set.name} was set meanwhile`)
    if (waiting.length === 0 && loads.some(({ signal }) => !signal.aborted))
      throw new Error('no caller waits for the load')
    if (waiting.length > 0 && !isChecked && loads.every(({ signal }) => signal.aborted))
      throw new Error('a caller waits, and nothing is under way')
  }

  #lookAt({ name, bornAt, left }: Value): void {
    if (left.length > 0) throw new Error(`${name} is in the cache, and was disposed of`)
    if (this.#deletes.some(at => at > bornAt)) throw new Error(`${name} is in the cache, and was deleted`)
    if (this.#sets.some(other => other.bornAt > bornAt)) throw new Error(`${name} is in the cache over a newer one`)
  }

  async end(): Promise<void> {
    const hanging = this.#callers.find(({ call }) => call)
    if (hanging) throw new Error(`P${hanging.number + 1} waits for ever`)
    let isClosed = false
    const closing = this.#cache.close().then(() => {
      isClosed = true
    })
    await new Promise(setImmediate)
    if (this.#wrong) throw this.#wrong
    const kept = this.#values.find(({ left }) => left.length !== 1)
    if (kept) throw new Error(`${kept.name} was disposed of ${kept.left.length} times`)
    if (!isClosed) throw new Error('close waits for ever')
    await closing
    if (this.#late) throw this.#late
  }

  /** The first thing that went wrong. It is thrown at the next look, because here the cache would catch it. */
  #bad(message: string): void {
    this.#wrong ??= new Error(message)
  }
}
