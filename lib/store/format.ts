// What is there is not what this version of the package would have written.

/** Names both: the format that was found, and the one that this version reads. */
export function storeFormat(where: string, found: string, known: number, cause?: unknown): Error {
  const message = `The format of ${where} is ${found}, and this version of holdfast reads format ${known}`
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code: 'ERR_STORE_FORMAT' })
}
