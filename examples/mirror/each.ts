/** Runs `work` on each item, with at most `inFlight` under way at a time. */
export async function each<T>(all: readonly T[], inFlight: number, work: (one: T) => Promise<unknown>): Promise<void> {
  const rest = all.values()
  const lane = async () => {
    for (const one of rest) await work(one)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}
