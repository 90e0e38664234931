// A program whose output is taken: it counts only if the program ends with 0.

import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { endWhen, start } from './child.js'
import type { Call } from './command.js'
import { EndsWith } from './failure.js'

interface PipeOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What the program reads; undefined: the stdin of this process. */
  readonly input?: Uint8Array | string
  /** When it is aborted, the output is not wanted any more. */
  readonly stop?: AbortSignal
}

/** The output of a program, as it comes. Throws at its end if the status is not 0. */
export async function* outputOf(
  call: Call,
  program: readonly string[],
  { env = {}, input, stop }: PipeOptions = {},
): AsyncGenerator<Buffer, void> {
  const running = await start(call, program, { env, stdin: input === undefined ? 'inherit' : 'pipe', stdout: 'pipe' })
  if (stop) endWhen(stop, running, call)
  const { child, ended } = running
  const fed = input === undefined ? undefined : feed(input, child.stdin as Writable)
  let isRead = false
  try {
    yield* child.stdout as AsyncIterable<Buffer>
    isRead = true
  } finally {
    // What it writes is not wanted any more.
    if (!isRead) child.kill('SIGTERM')
  }
  await fed
  const itsOwn = await ended
  if (itsOwn !== 0) throw new EndsWith(itsOwn)
}

/** A program need not read all that it is given. */
async function feed(input: Uint8Array | string, stdin: Writable): Promise<void> {
  try {
    await pipeline(Readable.from([Buffer.from(input)]), stdin)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPIPE' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

export async function collect(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}

/** What a command is given: the output of its program, or stdin. */
export const inputOf = (call: Call): AsyncIterable<Buffer> =>
  call.program.length > 0 ? outputOf(call, call.program) : (process.stdin as AsyncIterable<Buffer>)
