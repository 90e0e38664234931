// The floor of floors: a C program (./floor.c) that makes the same syscalls. It is compiled where there is a compiler.

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
  /** Does a work so often in an empty directory. @returns Microseconds of each call. @throws An Error for an unknown work. */
  samples(work: string, room: string, calls: number): Promise<number[]>
  /** Removes the program. */
  close(): Promise<void>
}

const run = promisify(execFile)
// The compiler takes C only, and so the build has left it where it was.
const sources = ['floor.c', 'floor-tree.c'].map(name => fileURLToPath(new URL(`../../speed/${name}`, import.meta.url)))
const microseconds = (nanoseconds: string): number => Number(nanoseconds) / 1000

/** Undefined where nothing compiles it; if that is because the compiler refused, what it said is told. */
export async function nativeFloor(): Promise<NativeFloor | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-floor-'))
  // For who ends the process at once.
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

/** The program's path, if there is a compiler that takes it. */
async function compiled(dir: string): Promise<string | undefined> {
  // What POSIX calls has no like on Windows, whatever compiles there.
  if (process.platform === 'win32') return undefined
  const program = join(dir, 'floor')
  const [compiler = 'cc', ...flags] = (process.env.CC || 'cc').split(' ')
  try {
    await run(compiler, [...flags, '-O2', '-o', program, ...sources], { signal: stopped })
    return program
  } catch (error) {
    stopped.throwIfAborted()
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') console.error(`No floor in C: ${message}`)
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
