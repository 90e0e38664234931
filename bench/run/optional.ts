// Packages that not every machine has, because they are built for it, or come with later Nodes only.

/** Returns undefined if that fails: the package is not there, or does not load. */
export const optional = <T>(load: () => Promise<T>): Promise<T | undefined> => load().catch(() => undefined)

/** Loads an optional package of ../package.json, whose types are known only where it is installed. */
export const optionalPackage = <T>(name: string): Promise<T | undefined> => optional(() => import(name) as Promise<T>)
