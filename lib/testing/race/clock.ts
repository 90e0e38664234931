/**
 * Milliseconds on a clock that all processes of this machine share: the system's monotonic one. `performance.timeOrigin` is
 * no base for it: each process reads two clocks for that, and on a busy machine it may be interrupted between the two
 * readings. Only on Bun and Deno it is the base, because there the monotonic clock begins with each process.
 */
export function clock(): number {
  if (process.versions.bun || process.versions.deno) return performance.timeOrigin + performance.now()
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
