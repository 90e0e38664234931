// Where points are tried: a directory in which calls are counted, and the processes that make them.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Act, Form } from './act.js'
import { isNoticed, judgeNext, judgePrivates, judgeReply, judgeSwept, mayStay, stateOf } from './judge.js'
import { type Point, spellPoint } from './point.js'
import type { Rule } from './shim.js'
import { type Ending, Subject } from './subject.js'
import { see, type Tree } from './tree.js'

const stuck = 'it never ended'

/** What came of a point. */
export interface Verdict {
  /** What went wrong. */
  readonly wrong: string | undefined
  /** The call that was to go wrong did not come. */
  readonly missed: boolean
  /** Of a lie: whether the call noticed it. */
  readonly noticed: boolean | undefined
  /** The calls that were made. */
  readonly calls: readonly string[]
}

interface Tried {
  readonly dir: string
  readonly before: Tree
  readonly fired: boolean
  readonly ending: Ending
  readonly calls: Verdict['calls']
  /** What a reader saw while the process stood still. */
  readonly meanwhile: string | undefined
}

/** A process that serves many points: those that do not end it. It has made each call before, without a fault. */
interface Shared {
  readonly subject: Subject
  readonly warmed: Set<string>
  /** Directories in which it could not remove what it had made: what is there goes when it is dead. */
  readonly unswept: [point: Point, dir: string][]
}

export class Lab {
  readonly #shim: string
  readonly #home: string
  readonly #root: string
  readonly #left: string[] = []
  #number = 0
  #spare: Subject | undefined
  #shared: Shared | undefined

  /** @param home An empty directory, preferably in memory. */
  constructor(shim: string, home: string) {
    this.#shim = shim
    this.#home = home
    this.#root = join(home, 'root')
    mkdirSync(this.#root)
  }

  /** What the act calls when nothing goes wrong. `cold`: as the first act of a process. */
  async opsOf(act: Act, form: Form, cold: boolean): Promise<string[]> {
    const subject = cold ? this.#fresh() : await this.#warm(act, form)
    const tried = await this.#try(subject, act, form, undefined)
    if (cold) await subject.end()
    const right = typeof tried.ending === 'object' && stateOf(act, tried.before, see(tried.dir).tree) === 'new'
    if (!right) throw new Error(`${act.name}, ${form}: wrong without any fault: ${JSON.stringify(tried.ending)}`)
    rmSync(tried.dir, { recursive: true })
    if (tried.calls.length === 0) throw new Error(`${act.name}, ${form}: the shim has seen no call`)
    return tried.calls.map(call => call.slice(0, call.indexOf(' ')))
  }

  /** Tries a point. What is wrong in a process that has tried others is tried again in one that has not. */
  async try(point: Point): Promise<Verdict> {
    const verdict = await (point.fault.cold ? this.#tryCold(point) : this.#tryWarm(point))
    // What is stuck is stuck, and takes long.
    if (verdict.wrong === undefined || verdict.wrong === stuck || point.fault.cold) return verdict
    await this.endShared()
    const again = await this.#tryWarm(point)
    await this.endShared()
    if (again.wrong !== undefined) return again
    return { ...verdict, wrong: `${verdict.wrong} (only after other points of ${point.act.name})` }
  }

  /** Ends the shared process, and sweeps what that could not remove. */
  async endShared(): Promise<void> {
    const shared = this.#shared
    this.#shared = undefined
    await shared?.subject.end()
    for (const [point, dir] of shared?.unswept ?? []) {
      const wrong = judgeSwept(dir)
      if (wrong !== undefined) this.#left.push(`${spellPoint(point)}\n    ${wrong}`)
      rmSync(dir, { recursive: true })
    }
  }

  /** Ends all processes. */
  async end(): Promise<void> {
    await this.#spare?.end()
    this.#spare = undefined
    await this.endShared()
  }

  /** What is wrong with what shared processes have left, since this was asked last. */
  left(): string[] {
    return this.#left.splice(0)
  }

  async #tryCold(point: Point): Promise<Verdict> {
    const subject = this.#fresh()
    const tried = await this.#try(subject, point.act, point.form, point)
    await subject.end()
    const wrong =
      typeof tried.ending === 'object' ? await this.#judge(point, tried, subject) : await judgeDead(point, tried)
    // The process is dead, so what it has left goes.
    const swept = wrong ?? judgeSwept(tried.dir)
    rmSync(tried.dir, { recursive: true })
    return { wrong: swept, missed: !tried.fired, noticed: undefined, calls: tried.calls }
  }

  async #tryWarm(point: Point): Promise<Verdict> {
    const { act, form, fault } = point
    const subject = await this.#warm(act, form)
    const tried = await this.#try(subject, act, form, point)
    const { dir, ending } = tried
    const lied = tried.fired && fault.action === 'lie' && typeof ending === 'object'
    const noticed = lied ? isNoticed(act, see(dir).tree, ending) : undefined
    const wrong = await this.#judge(point, tried, subject)
    if (!subject.alive) await this.endShared()
    // A lie may leave anything, under any name.
    if (wrong === undefined && !lied && see(dir).privates.length > 0) this.#shared?.unswept.push([point, dir])
    else rmSync(dir, { recursive: true })
    return { wrong, missed: !tried.fired, noticed, calls: tried.calls }
  }

  /** What is wrong with what a living process did, if anything is. */
  async #judge(point: Point, tried: Tried, subject: Subject): Promise<string | undefined> {
    const { dir, before, fired, ending, meanwhile } = tried
    if (typeof ending !== 'object') return ending === 'stuck' ? stuck : `the process ${ending}`
    if (meanwhile !== undefined) return meanwhile
    const wrong = judgeReply(point, before, see(dir).tree, fired, ending) ?? (await judgePrivates(point, dir))
    if (wrong !== undefined || point.fault.action === 'lie') return wrong
    const next = await judgeNext(point.act, dir, before)
    if (next === undefined || !mayStay(point)) return next
    // What it could not remove looks like work that goes on, as long as it lives.
    await subject.end()
    return judgeNext(point.act, dir, before)
  }

  async #try(subject: Subject, act: Act, form: Form, point: Point | undefined): Promise<Tried> {
    const dir = join(this.#root, String(this.#number++))
    mkdirSync(dir)
    act.plant(dir)
    const before = see(dir).tree
    let meanwhile: string | undefined
    const look = () => {
      const state = stateOf(act, before, see(dir).tree)
      if (typeof state === 'object') meanwhile = `a reader sees ${state.wrong}`
    }
    const ending = await subject.run({ act: act.name, form, dir, rule: point && ruleOf(point) }, look)
    const calls = subject.control.calls().map(({ op, about }) => `${op} ${about}`)
    return { dir, before, fired: subject.control.fired, ending, calls, meanwhile }
  }

  /** A process that has done nothing yet. The next one begins meanwhile. */
  #fresh(): Subject {
    const subject = this.#spare ?? this.#begin()
    this.#spare = this.#begin()
    return subject
  }

  #begin(): Subject {
    return new Subject(this.#shim, this.#root, join(this.#home, `control-${this.#number++}`))
  }

  async #warm(act: Act, form: Form): Promise<Subject> {
    this.#shared ??= { subject: this.#fresh(), warmed: new Set(), unswept: [] }
    const { subject, warmed } = this.#shared
    const name = `${act.name}.${form}`
    if (!warmed.has(name)) {
      warmed.add(name)
      const { dir } = await this.#try(subject, act, form, undefined)
      rmSync(dir, { recursive: true })
    }
    return subject
  }
}

const ruleOf = ({ op, nth, fault: { action, errno, scope } }: Point): Rule => ({ op, nth, action, errno, scope })

/** What is wrong with what a process left that was killed, if anything is. */
async function judgeDead({ act, fault }: Point, { dir, before, fired, ending }: Tried): Promise<string | undefined> {
  if (ending === 'stuck') return stuck
  if (!fired || ending !== 'killed' || !fault.action.startsWith('kill')) return `the process ${ending}`
  const state = stateOf(act, before, see(dir).tree)
  if (typeof state === 'object') return state.wrong
  return judgeNext(act, dir, before)
}
