// Files of lines. A record that was written only in part is torn: a full disk or a kill ended its write. Before anything
// comes behind it, it is closed by a mark and a line end, and no record ends with that mark.

export const lineEnd = 0x0a

/** ASCII CAN, "cancel": what comes before it in its line is to be disregarded. No JSON text has it. */
export const tornMark = 0x18

/** What closes a torn record. */
export const closing: Uint8Array = Uint8Array.of(tornMark, lineEnd)
