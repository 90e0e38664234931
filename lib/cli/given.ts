// The options of a command line, as values.

import { UsageError } from './failure.js'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Returns milliseconds. A number without a unit is seconds, as for flock(1) and timeout(1). */
export function asDuration(text: string, name: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?$/.exec(text) ?? []
  if (number === undefined) throw new UsageError(`${name}: '${text}' is no duration (500ms, 30s, 5m, 2h, 1d)`)
  return Number(number) * (unitMs[unit] as number)
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Returns bytes, of `1024`, `64k`, `10M`, `2G`. */
function asSize(text: string, name: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  if (number === undefined) throw new UsageError(`${name}: '${text}' is no size (1024, 64k, 10M, 2G)`)
  return Math.floor(Number(number) * (unitBytes[unit.toLowerCase()] as number))
}

export class Given {
  constructor(readonly values: Readonly<Record<string, string | boolean | undefined>>) {}

  flag(name: string): boolean {
    return this.values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    return this.#as(name, asDuration)
  }

  /** Bytes. */
  size(name: string): number | undefined {
    return this.#as(name, asSize)
  }

  integer(name: string, least: number, most: number): number | undefined {
    return this.#as(name, (text, shown) => {
      const number = Number(text)
      if (/^\d+$/.test(text) && number >= least && number <= most) return number
      throw new UsageError(`${shown}: '${text}' is no integer from ${least} to ${most}`)
    })
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    return this.#as(name, (text, shown) => {
      const found = allowed.find(one => one === text)
      if (found !== undefined) return found
      throw new UsageError(`${shown}: '${text}' is none of ${allowed.join(', ')}`)
    })
  }

  /** Permission bits. */
  mode(): string | undefined {
    return this.#as('mode', (text, shown) => {
      if (/^[0-7]{1,4}$/.test(text)) return text
      throw new UsageError(`${shown}: '${text}' is no mode in octal digits`)
    })
  }

  durability(): 'none' | 'file' | 'full' | undefined {
    return this.oneOf('durability', ['none', 'file', 'full'])
  }

  json(name: string): unknown {
    return this.#as(name, (text, shown) => parseJson(text, shown))
  }

  #as<T>(name: string, as: (text: string, shown: string) => T): T | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : as(text, `--${name}`)
  }
}

export function parseJson(text: string, shown: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${shown}: ${(error as Error).message}`)
  }
}
