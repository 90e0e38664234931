// What has become of the spec files so far.

import type { Report } from '../support/kit.js'
import { type Choice, isChosen } from './choice.js'
import type { Ended } from './spec-process.js'

export class Tally {
  passed = 0
  failed = 0
  skipped = 0
  readonly bad: string[] = []
  readonly #ms = new Map<string, number>()
  readonly #tests = new Map<string, Report[]>()

  /** Adds a run of a file, and what it left behind. */
  add(spec: string, { ms, reports, well }: Ended, left: readonly string[]): void {
    const count = (how: Report['how']) => reports.filter(one => one.how === how).length
    const failed = count('failed')
    this.passed += count('passed')
    this.skipped += count('skipped')
    // A file that died, or knows of no test at all, has failed, whatever else it reported.
    const broken = failed === 0 && (!well || reports.length === 0) ? 1 : 0
    this.failed += failed + broken + (left.length > 0 ? 1 : 0)
    for (const { name, why, how } of reports) if (how === 'failed') this.bad.push(`${spec}: ${name}: ${why}`)
    if (broken > 0) this.bad.push(`${spec} ${reports.length === 0 ? 'reported no test' : 'ended before its time'}`)
    if (left.length > 0) this.bad.push(`${spec} left behind: ${left.join(', ')}`)
    this.#ms.set(spec, (this.#ms.get(spec) ?? 0) + ms)
    this.#tests.set(spec, [...(this.#tests.get(spec) ?? []), ...reports])
  }

  get ran(): number {
    return this.passed + this.failed + this.skipped
  }

  /** Is there a test left in it that is chosen, and was left to a later run? */
  hasMore(spec: string, choice: Choice): boolean {
    const left = this.#tests.get(spec)?.filter(({ how }) => how === 'left out') ?? []
    return left.some(({ layer, name }) => isChosen(choice, layer, name))
  }

  /** A line for each file that took longer than its budget of so many seconds. */
  over(budgetOf: (spec: string) => number): string[] {
    return [...this.#ms].flatMap(([spec, ms]) => {
      const budget = budgetOf(spec)
      if (ms <= budget * 1000) return []
      const [longest] = [...(this.#tests.get(spec) ?? [])].sort((a, b) => (b.ms ?? 0) - (a.ms ?? 0))
      const test = longest ? `; the longest test took ${seconds(longest.ms ?? 0)}: ${longest.name}` : ''
      return `${spec} took ${seconds(ms)}, and its budget is ${budget} s${test}`
    })
  }

  /** Each test that was met, in lines under the name of its file. */
  names(): string[] {
    return [...this.#tests].flatMap(([spec, reports]) => {
      const lines = reports.map(({ layer, name }) => `  ${layer.padEnd('explored'.length)}  ${name}`)
      return [spec, ...new Set(lines)]
    })
  }

  toString(): string {
    return `${this.passed} passed, ${this.failed} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ''}`
  }
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
