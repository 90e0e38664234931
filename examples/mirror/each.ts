/** Works on everything, with so many under way at once: not one by one, and not all together. */
export async function each<T>(all: readonly T[], inFlight: number, work: (one: T) => Promise<unknown>): Promise<void> {
  const rest = all.values()
  const lane = async () => {
    for (const one of rest) await work(one)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}
