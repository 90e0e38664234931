// On Linux a directory is held by a descriptor. Elsewhere it is found by its path, and another process may have removed it.

/** Runs a test as if directories were found by their paths. */
export function byPaths<T>(body: () => T): T {
  const own = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
  if (own.value === 'linux') Object.defineProperty(process, 'platform', { ...own, value: 'darwin' })
  try {
    return body()
  } finally {
    Object.defineProperty(process, 'platform', own)
  }
}
