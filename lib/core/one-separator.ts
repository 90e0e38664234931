// Behind `\\?\` Windows takes paths as they are, and a slash separates no names.

type NodeFs = typeof import('node:fs')
type AnyFunction = ((...args: unknown[]) => unknown) & { readonly native?: AnyFunction }

const respelt = (value: unknown): unknown =>
  typeof value === 'string' && value.startsWith('\\\\?\\') ? value.replaceAll('/', '\\') : value

/** The same filesystem. Each function is looked up when it is called, because other packages replace some. */
export const withOneSeparator = (fs: NodeFs): NodeFs =>
  new Proxy(fs, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? respelling(value as AnyFunction, target) : value
    },
  })

function respelling(call: AnyFunction, fs: NodeFs): unknown {
  const respell = (...args: unknown[]) => Reflect.apply(call, fs, args.map(respelt))
  return call.native ? Object.assign(respell, { native: respelling(call.native, fs) }) : respell
}
