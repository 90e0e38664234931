import { single } from '../../single.js'
import { endOrLoss, type Running, start } from '../child.js'
import type { Call } from '../command.js'
import { status } from '../failure.js'
import { describeHolder } from '../say.js'
import { giveBack } from './lock.js'

export async function runSingle(call: Call): Promise<number> {
  const { given, operands, program, say, signal } = call
  const data = given.json('data') ?? null
  const otherStatus = given.integer('exit-code', 0, 255) ?? status.no
  let running: Running | undefined
  const found = await single(operands[0] ?? '', {
    signal,
    // It is there as soon as the program runs, so that no data is published of one that cannot be started.
    start: async ({ fence }) => {
      running = await start(call, program, { env: { HOLDFAST_FENCE: `${fence}` } })
      return data
    },
    wait: false,
    parents: given.flag('parents'),
    label: given.text('label'),
    lockPath: given.text('lock-path'),
  })
  if (!found.isFirst) {
    say.remark(`it runs already: ${describeHolder(found.holder)}`)
    if (say.isJson) say.result({ holder: found.holder, data: found.data })
    else if (found.data !== undefined && found.data !== null) say.line(JSON.stringify(found.data))
    return otherStatus
  }
  try {
    return running ? await endOrLoss(running, found.lease.signal, call) : 0
  } finally {
    await giveBack(found.lease, call)
  }
}
