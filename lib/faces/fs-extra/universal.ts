// Functions of `node:fs` that return a promise where they are called without a callback. Node's are looked up at each call,
// because programs replace them.

import type * as nodeTypes from 'node:fs'
import { openDual } from '../../core/dual.js'
import { isShortage } from '../../core/errors.js'
import { fs, type Steps } from '../../core/steps.js'
import { achieve, noEvidence } from '../../parts/achieve.js'
import { type Callback, settleInto } from '../callback.js'
import type { Replacement } from '../node/replacing.js'
import { promised } from '../node/through-node.js'
import { nodeFs } from '../node-fs.js'

type AnyFunction = (...args: readonly unknown[]) => unknown
type NodeFs = typeof nodeFs

/** What @types/node says of a function, and of its promise. */
export type Universal<F> = F extends { __promisify__: infer P } ? F & P : F

const native = nodeFs as unknown as Readonly<Record<string, AnyFunction | undefined>>

const hasCallback = (args: readonly unknown[]): boolean => typeof args.at(-1) === 'function'

const named = <F extends AnyFunction>(either: F, name: string): F =>
  Object.defineProperty(either, 'name', { value: name })

/** Undefined where this version of Node, or this system, has no such function. */
export function universal<N extends keyof NodeFs>(name: N): Universal<NodeFs[N]> {
  const call = (...args: readonly unknown[]) => native[name]?.(...args)
  const either = (...args: readonly unknown[]) => (hasCallback(args) ? call(...args) : promised(call, args))
  return (native[name] && named(either, name)) as unknown as Universal<NodeFs[N]>
}

/** The same for a function that takes a descriptor: while none is free, it waits for one. */
export function opening<N extends keyof NodeFs>(name: N): Universal<NodeFs[N]> {
  const call = (...args: readonly unknown[]) => native[name]?.(...args)
  const either = (...args: readonly unknown[]) => {
    if (!hasCallback(args)) return promised(call, args).catch(error => waitIfShort(error, () => promised(call, args)))
    const [given, callback] = [args.slice(0, -1), args.at(-1) as AnyFunction]
    return call(...given, (error: unknown, value: unknown) => {
      if (!isShortage(error)) callback(error, value)
      else
        settleInto(
          waitIfShort(error, () => promised(call, given)),
          callback as Callback,
        )
    })
  }
  return named(either, name) as unknown as Universal<NodeFs[N]>
}

function waitIfShort(error: unknown, call: () => Promise<unknown>): Promise<unknown> {
  if (!isShortage(error)) throw error
  return waiting(call)
}

const waiting = openDual(function* waitForDescriptor(call: () => Promise<unknown>): Steps<unknown> {
  const attempt = function* () {
    return { value: yield* fs.settle(call()) }
  }
  return (yield* achieve(attempt, noEvidence, { as: 'fs-extra', path: '', retryFor: longestWaitMs })).value
})

/** As long as graceful-fs waits. */
const longestWaitMs = 60_000

/** The same for a function whose callback gets two values: the promise is for both, under these names. */
export function ofTwo<N extends 'read' | 'write' | 'readv' | 'writev'>(
  name: N,
  count: string,
  data: string,
): Universal<NodeFs[N]> {
  const call = (...args: readonly unknown[]) => native[name]?.(...args)
  const either = (...args: readonly unknown[]) => {
    if (hasCallback(args)) return call(...args)
    // Node's `read` takes no callback in the place of the position.
    const all = name === 'read' && args.length === 4 ? [...args, null] : args
    return new Promise((resolve, reject) => {
      const done = (error: unknown, counted: number, used: unknown) =>
        error ? reject(error) : resolve({ [count]: counted, [data]: used })
      call(...all, done)
    })
  }
  return named(either, name) as unknown as Universal<NodeFs[N]>
}

/** A function that this package does better, in both forms. */
export const better = <N extends keyof NodeFs>({ either, sync }: Replacement) =>
  [either, sync] as unknown as [Universal<NodeFs[N]>, NodeFs[`${N}Sync` & keyof NodeFs]]

type NativeRealpath = NodeFs['realpath']['native'] & {
  (path: nodeTypes.PathLike, options?: nodeTypes.EncodingOption): Promise<string>
  (path: nodeTypes.PathLike, options: nodeTypes.BufferEncodingOption): Promise<Buffer>
}

/** `realpath.native`. */
export const nativeRealpath = ((...args: readonly unknown[]) => {
  const call = (...all: readonly unknown[]) => (nodeFs.realpath.native as unknown as AnyFunction)(...all)
  return hasCallback(args) ? call(...args) : promised(call, args)
}) as unknown as NativeRealpath

/** Its callback gets no error. */
export const exists = ((path: nodeTypes.PathLike, callback?: (isThere: boolean) => void) =>
  callback
    ? nodeFs.exists(path, callback)
    : new Promise(resolve => nodeFs.exists(path, resolve))) as unknown as Universal<NodeFs['exists']>
