/** What `explore` throws when an ending is wrong: the schedule that leads there. */
export class BadEnding extends Error {
  override readonly name = 'BadEnding'
  readonly code = 'ERR_BAD_ENDING'
  constructor(
    cause: unknown,
    /** Give it to `explore(world, { replay })`: the same ending again. */
    readonly replay: string,
    readonly columns: string,
    readonly mermaid: string,
    readonly schedule: number,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`schedule ${schedule} ends badly: ${why}\n${columns}\nreplay: ${replay}`, { cause })
  }
}
