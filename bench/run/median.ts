// What is reported of many measurements.

/** The value that this part (0 to 1) of them does not exceed. */
export function quantile(all: readonly number[], part: number): number {
  const sorted = [...all].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const median = (all: readonly number[]): number => quantile(all, 0.5)
