// Imported before the library: from then on calls of the filesystem can be made to fail, in both forms.

import fs from 'node:fs'
import { getSystemErrorMap } from 'node:util'

interface Failing {
  /** None fails while this is undefined. */
  code: string | undefined
  op: string
  /** How often each call has failed. */
  times: Map<string, number>
  /** When one of them had failed so often that an algorithm waits for it, and not a removal, which goes on in the background. */
  retriedAtMs: number | undefined
}

/** A removal tries three times, and then every 50 ms. */
const often = 8

/** Which calls fail, and with which code. */
export const failing: Failing = { code: undefined, op: '', times: new Map(), retriedAtMs: undefined }

type Call = (...args: unknown[]) => unknown

function failureOf(op: string, [path, dest]: readonly unknown[]): Error | undefined {
  const { code } = failing
  if (code === undefined || failing.op !== op) return undefined
  const names = { path: String(path), ...(typeof dest === 'string' && { dest }) }
  const key = Object.values(names).join(' ')
  const times = 1 + (failing.times.get(key) ?? 0)
  failing.times.set(key, times)
  if (times === often) failing.retriedAtMs ??= performance.now()
  const [errno] = [...getSystemErrorMap()].find(([, [name]]) => name === code) ?? [0]
  return Object.assign(new Error(`${code}: injected, ${op} '${path}'`), { code, errno, syscall: op, ...names })
}

const of = fs as unknown as Record<string, Call>
for (const op of ['rename', 'link', 'unlink', 'mkdir', 'rmdir', 'open']) {
  const [promised, sync] = [of[op] as Call, of[`${op}Sync`] as Call]
  of[op] = (...args) => {
    const error = failureOf(op, args)
    return error ? setImmediate(args.at(-1) as Call, error) : promised(...args)
  }
  of[`${op}Sync`] = (...args) => {
    const error = failureOf(op, args)
    if (error) throw error
    return sync(...args)
  }
}
