import { appendLines } from '../../append-lines.js'
import type { Call } from '../command.js'
import { inputOf } from '../pipe.js'

export async function runAppend(call: Call): Promise<number> {
  const { given, operands, signal } = call
  const [file = ''] = operands
  const options = { signal, mode: given.mode(), durability: given.durability(), parents: given.flag('parents') }
  for await (const records of recordsOf(inputOf(call))) await appendLines(file, records, options)
  return 0
}

const lineEnd = 10

/** The lines that are whole so far, for each piece of the input. Empty ones are left out. */
export async function* recordsOf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer[], void> {
  let rest: Buffer[] = []
  for await (const piece of input) {
    const records: Buffer[] = []
    let from = 0
    for (let end = piece.indexOf(lineEnd); end >= 0; end = piece.indexOf(lineEnd, from)) {
      records.push(Buffer.concat([...rest, piece.subarray(from, end)]))
      rest = []
      from = end + 1
    }
    if (from < piece.length) rest.push(piece.subarray(from))
    const filled = records.filter(record => record.length > 0)
    if (filled.length > 0) yield filled
  }
  const last = Buffer.concat(rest)
  if (last.length > 0) yield [last]
}
