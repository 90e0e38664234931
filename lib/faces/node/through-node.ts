import { fs, type Steps } from '../../core/steps.js'
import { nodeFs } from '../node-fs.js'

type AnyFunction = (...args: readonly unknown[]) => unknown

/** A filesystem with two of Node's forms. */
export type Forms = Readonly<Record<string, unknown>>

/** Has Node itself do something that no function of this package does, in the form in which the steps are run. */
export function* throughNode(name: 'copyFile' | 'readFile' | 'writeFile', ...args: readonly unknown[]): Steps<unknown> {
  return yield* through(nodeFs as unknown as Forms, name, ...args)
}

/** The same through a filesystem that the caller has given. */
export function* through(forms: Forms, name: string, ...args: readonly unknown[]): Steps<unknown> {
  if (yield* fs.blocking()) return (forms[`${name}Sync`] as AnyFunction)(...args)
  return yield* fs.settle(promised(forms[name] as AnyFunction, args))
}

/** Calls a function that takes a callback. */
export const promised = (call: AnyFunction, args: readonly unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    call(...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)))
  })
