// The lowest floor: a C program (./floor.c) that makes the same system calls. It is compiled if there is a compiler.

import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { remove } from 'holdfast'
import { stopped } from '../run/stop.js'

export interface NativeFloor {
  readonly works: readonly string[]
  /**
   * Does a work `calls` times in an empty directory. Returns the microseconds of each call; throws for an unknown work.
   */
  samples(work: string, room: string, calls: number): Promise<number[]>
  /** Removes the program. */
  close(): Promise<void>
}

const run = promisify(execFile)
// The TypeScript build leaves C files where they are, so they are found in the source directory.
const sources = ['floor.c', 'floor-tree.c'].map(name => fileURLToPath(new URL(`../../speed/${name}`, import.meta.url)))
const microseconds = (nanoseconds: string): number => Number(nanoseconds) / 1000

/** Returns undefined if the program cannot be compiled; if a compiler refused it, prints the compiler's message. */
export async function nativeFloor(): Promise<NativeFloor | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-floor-'))
  // For a run that ends the process at once.
  const tidy = () => remove.sync(dir)
  process.once('exit', tidy)
  const close = async (): Promise<void> => {
    await remove(dir)
    process.off('exit', tidy)
  }
  try {
    const program = await compiled(dir)
    if (program) return { ...(await worksOf(program)), close }
  } catch (error) {
    await close()
    throw error
  }
  await close()
  return undefined
}

/** Returns the program's path, if there is a compiler that accepts it. */
async function compiled(dir: string): Promise<string | undefined> {
  // Windows lacks these POSIX calls, whichever compiler it has.
  if (process.platform === 'win32') return undefined
  const program = join(dir, 'floor')
  const [compiler = 'cc', ...flags] = (process.env.CC || 'cc').split(' ')
  try {
    await run(compiler, [...flags, '-O2', '-o', program, ...sources], { signal: stopped })
    return program
  } catch (error) {
    stopped.throwIfAborted()
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') console.error(`The floor in C does not compile: ${message}`)
    return undefined
  }
}

async function worksOf(program: string): Promise<Pick<NativeFloor, 'works' | 'samples'>> {
  const lines = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await run(program, args, { signal: stopped })
    return stdout.trimEnd().split('\n')
  }
  const works = await lines()
  return {
    works,
    async samples(work, room, calls) {
      if (!works.includes(work)) throw new Error(`No such work: ${work}`)
      return (await lines(work, room, String(calls))).map(microseconds)
    },
  }
}
