// Where points are tried: a directory in which calls are counted, and the processes that make them.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Act, Form } from './act.js'
import { isNoticed, judgeDead, judgeNext, judgePrivates, judgeReply, judgeSwept, mayStay, stateOf } from './judge.js'
import { type Point, spellPoint, type Trace } from './point.js'
import { Processes } from './processes.js'
import type { Rule } from './shim.js'
import type { Ending, Subject } from './subject.js'
import { see, type Tree } from './tree.js'

const stuck = 'it never ended'

/** A process that was seen to live counts as alive for 20 ms more. */
const untilKnownDeadMs = 30

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

export class Lab {
  readonly #root: string
  readonly #processes: Processes
  readonly #left: string[] = []
  #number = 0

  /** @param home An empty directory, preferably in memory. */
  constructor(shim: string, home: string) {
    this.#root = join(home, 'root')
    mkdirSync(this.#root)
    this.#processes = new Processes(shim, this.#root, home)
  }

  /** What the act calls when nothing goes wrong. */
  async traceOf(act: Act, form: Form): Promise<Trace> {
    const warm = await this.#opsOf(await this.#warm(act, form), act, form)
    const subject = this.#processes.fresh()
    const cold = await this.#opsOf(subject, act, form)
    await subject.end()
    return { warm, cold }
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
    return { ...verdict, wrong: `${verdict.wrong} (only in a process that had tried other points)` }
  }

  /** Ends the process that has served many points, and sweeps what it could not remove. */
  async endShared(): Promise<void> {
    const unswept = await this.#processes.endShared()
    if (unswept.length > 0) await wait(untilKnownDeadMs)
    for (const [point, dir] of unswept) {
      const wrong = judgeSwept(dir)
      if (wrong !== undefined) this.#left.push(`${spellPoint(point)}\n    ${wrong}`)
      rmSync(dir, { recursive: true })
    }
  }

  /** Ends all processes. */
  async end(): Promise<void> {
    await this.endShared()
    await this.#processes.end()
  }

  /** What is wrong with what processes have left that served many points, since this was asked last. */
  left(): string[] {
    return this.#left.splice(0)
  }

  async #tryCold(point: Point): Promise<Verdict> {
    const subject = this.#processes.fresh()
    const tried = await this.#try(subject, point.act, point.form, point)
    const wrong = await this.#judge(point, tried, subject)
    await subject.end()
    // The process is dead, so what it has left goes.
    const swept = wrong ?? judgeSwept(tried.dir)
    rmSync(tried.dir, { recursive: true })
    return { wrong: swept, missed: !tried.fired, noticed: undefined, calls: tried.calls }
  }

  async #tryWarm(point: Point): Promise<Verdict> {
    const { act, form, fault } = point
    const subject = await this.#warm(act, form)
    const tried = await this.#try(subject, act, form, point)
    const { dir, ending, fired, calls } = tried
    const lied = fired && fault.action === 'lie' && typeof ending === 'object'
    const noticed = lied ? isNoticed(act, see(dir).tree, ending) : undefined
    const wrong = await this.#judge(point, tried, subject)
    // A lie may leave anything, under any name.
    if (wrong === undefined && !lied && see(dir).privates.length > 0) this.#processes.unswept.push([point, dir])
    else rmSync(dir, { recursive: true })
    if (!subject.alive) await this.endShared()
    return { wrong, missed: !fired, noticed, calls }
  }

  /** What is wrong with what a living process did, if anything is. */
  async #judge(point: Point, tried: Tried, subject: Subject): Promise<string | undefined> {
    const { dir, before, fired, ending, meanwhile } = tried
    if (ending === 'stuck') return stuck
    if (typeof ending !== 'object') return judgeDead(point, dir, before, fired && ending === 'killed')
    if (meanwhile !== undefined) return meanwhile
    const wrong = judgeReply(point, before, see(dir), fired, ending) ?? (await judgePrivates(point, dir))
    if (wrong !== undefined || point.fault.action === 'lie') return wrong
    const next = await judgeNext(point.act, dir, before)
    if (next === undefined || !mayStay(point)) return next
    // What it could neither remove nor release, because that failed for ever, is its own as long as it lives.
    await subject.end()
    await wait(untilKnownDeadMs)
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

  async #opsOf(subject: Subject, act: Act, form: Form): Promise<string[]> {
    const { dir, before, ending, calls } = await this.#try(subject, act, form, undefined)
    const right = typeof ending === 'object' && stateOf(act, before, see(dir).tree) === 'new'
    if (!right) throw new Error(`${act.name}, ${form}: wrong without any fault: ${JSON.stringify(ending)}`)
    if (calls.length === 0) throw new Error(`${act.name}, ${form}: the shim has seen no call`)
    rmSync(dir, { recursive: true })
    return calls.map(call => call.slice(0, call.indexOf(' ')))
  }

  /** The process that serves many points, after it has made this call without a fault. */
  async #warm(act: Act, form: Form): Promise<Subject> {
    const { subject, isNew } = this.#processes.shared(`${act.name}.${form}`)
    if (isNew) await this.#opsOf(subject, act, form)
    return subject
  }
}

const ruleOf = ({ op, nth, fault: { action, errno, scope } }: Point): Rule => ({ op, nth, action, errno, scope })
