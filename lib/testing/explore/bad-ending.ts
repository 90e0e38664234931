/** What `explore` throws when an ending is wrong, with the schedule that leads there. */
export class BadEnding extends Error {
  override readonly name = 'BadEnding'
  readonly code = 'ERR_BAD_ENDING'
  constructor(
    cause: unknown,
    /** Passed to `explore(world, { replay })`, it leads to the same ending again. */
    readonly replay: string,
    /** The schedule, one column a player. */
    readonly columns: string,
    /** The schedule as a Mermaid sequence diagram. */
    readonly mermaid: string,
    /** How many schedules had come to their end, with this one. */
    readonly schedule: number,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`schedule ${schedule} ends badly: ${why}\n${columns}\nreplay: ${replay}`, { cause })
  }
}
