// What a command prints: results to stdout, remarks to stderr, and, on a terminal, one line that changes.

import type { Progress } from '../core/progress.js'
import type { Holder, Waiting } from '../lock/holder/seen.js'
import type { Given } from './given.js'

export interface SayOptions {
  readonly name: string
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

export class Say {
  readonly #options: SayOptions
  /** Whether a line stands on the terminal that the next one replaces. */
  #hasLine = false
  #lastMs = 0
  #saidWho: string | undefined

  constructor(options: SayOptions) {
    this.#options = options
    // A reader that has gone, as of `| head`, needs no more.
    for (const stream of [process.stdout, process.stderr])
      stream.on('error', error => {
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
      })
  }

  get isJson(): boolean {
    return this.#options.json
  }

  /** A result: as a line, or with `--json` as JSON, on a line as well. `text`: undefined if there is nothing to say in words. */
  result(value: unknown, text?: string): void {
    if (this.isJson) this.line(JSON.stringify(value))
    else if (text !== undefined) this.line(text)
  }

  line(text: string, end = '\n'): void {
    this.clear()
    process.stdout.write(`${text}${end}`)
  }

  /** Bytes as they are, or a text that has its own line end. */
  raw(data: string | Uint8Array): void {
    this.clear()
    process.stdout.write(data)
  }

  /** Names: with `--null` each ends with a NUL, because a line end may be in a name. */
  list(names: readonly string[], given: Given): void {
    if (this.isJson) this.line(JSON.stringify(names))
    else for (const name of names) this.line(name, given.flag('null') ? '\0' : '\n')
  }

  error(text: string): void {
    this.clear()
    process.stderr.write(`${this.#options.name}: ${text}\n`)
  }

  remark(text: string): void {
    if (!this.#options.quiet) this.error(text)
  }

  detail(text: string): void {
    if (this.#options.verbose) this.error(text)
  }

  /** On a terminal, says who is waited for, as long as that lasts; elsewhere it is a detail, said once for each holder. */
  readonly waiting = ({ holder, waited }: Waiting): void => {
    // A line on a terminal has no room for times of day.
    const who = `waiting for ${describeHolder(this.#showsLines ? { ...holder, since: undefined } : holder)}`
    if (this.#showsLines) this.#replace(`${who}, ${Math.round(waited / 1000)} s`)
    else if (this.#saidWho !== holder.owner) this.detail(who)
    this.#saidWho = holder.owner
  }

  /** On a terminal, shows how far a long call has come; undefined elsewhere. */
  get progress(): ((progress: Progress) => void) | undefined {
    if (!this.#showsLines) return undefined
    return progress => {
      // Ten times a second is as often as can be read.
      if (performance.now() - this.#lastMs < 100) return
      this.#lastMs = performance.now()
      this.#replace(describeProgress(progress, process.stderr.columns ?? 80))
    }
  }

  clear(): void {
    if (this.#hasLine) process.stderr.write('\r\u001b[K')
    this.#hasLine = false
  }

  get #showsLines(): boolean {
    return process.stderr.isTTY === true && !this.#options.quiet
  }

  #replace(text: string): void {
    const columns = process.stderr.columns ?? 80
    process.stderr.write(`\r\u001b[K${printable(text).slice(0, columns - 1)}`)
    this.#hasLine = true
  }
}

/** A name may have characters in it that a terminal obeys. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')

export function describeHolder({ pid, thread, host, since, label, foreign }: Holder): string {
  if (foreign) return 'another package'
  const who = pid === undefined ? 'a process elsewhere' : `process ${pid}`
  const inThread = thread ? `, thread ${thread}` : ''
  const where = host === undefined ? '' : ` on ${host}`
  const from = since === undefined ? '' : ` since ${new Date(since).toISOString()}`
  return printable(`${who}${inThread}${where}${from}${label === undefined ? '' : ` (${label})`}`)
}

const barWidth = 20

export function describeProgress({ done, total, bytes, totalBytes, path }: Progress, columns: number): string {
  const part = totalBytes ? bytes / totalBytes : total > 0 ? done / total : 0
  const filled = Math.round(Math.min(part, 1) * barWidth)
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`
  const size = bytes > 0 ? ` ${(bytes / 2 ** 20).toFixed(1)} MiB` : ''
  const counts = `${bar} ${done}/${total}${size} `
  const room = Math.max(columns - counts.length - 1, 0)
  return `${counts}${path.length > room ? path.slice(path.length - room) : path}`
}
