// Imported before the library: from then on calls of the filesystem can be made to fail, in both forms.

import fs from 'node:fs'
import { getSystemErrorMap } from 'node:util'

/** Which calls fail, with which code; none while `code` is undefined. */
export const failing: { code: string | undefined; ops: ReadonlySet<string>; times: number; last: unknown } = {
  code: undefined,
  ops: new Set(),
  times: 0,
  last: undefined,
}

type Call = (...args: unknown[]) => unknown

function failureOf(op: string, [path, dest]: readonly unknown[]): Error | undefined {
  const { code } = failing
  if (code === undefined || !failing.ops.has(op)) return undefined
  failing.times++
  const [errno] = [...getSystemErrorMap()].find(([, [name]]) => name === code) ?? [0]
  const names = { path: String(path), ...(typeof dest === 'string' && { dest }) }
  failing.last = Object.assign(new Error(`${code}: injected, ${op} '${path}'`), { code, errno, syscall: op, ...names })
  return failing.last as Error
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
