import { createExclusive } from '../../create-exclusive.js'
import { exists } from '../../exists.js'
import { writeFile } from '../../write-file.js'
import type { Call } from '../command.js'
import { status } from '../failure.js'
import { collect, inputOf } from '../pipe.js'

export async function runWrite(call: Call): Promise<number> {
  const { given, operands, say, signal } = call
  const [file = ''] = operands
  const options = { signal, mode: given.mode(), durability: given.durability(), parents: given.flag('parents') }
  if (!given.flag('no-replace')) {
    const inPlace = given.flag('in-place') ? 'when-needed' : 'never'
    await writeFile(file, inputOf(call), { ...options, inPlace, onProgress: say.progress })
    return 0
  }
  // The first look spares the work of the program; the second one decides.
  if (!(await exists(file, { signal })) && (await createExclusive(file, await collect(inputOf(call)), options)))
    return 0
  say.remark(`it is there already: ${file}`)
  return status.no
}
