// The commands of what processes agree on.

import { type Command, lockPath, mode, parents, wait } from '../command.js'

const placeOptions = { 'lock-path': lockPath }

const killAfter = { value: 'DUR', help: 'if the lock is lost: how long after SIGTERM comes SIGKILL (default: 10s)' }

export const locks: readonly Command[] = [
  {
    name: 'lock',
    summary: 'Runs a program while the lock of PATH is held.',
    operands: 'PATH',
    program: 'required',
    options: {
      'no-wait': { short: 'n', help: 'if it is held, end at once, with 1' },
      wait,
      'exit-code': { short: 'E', value: 'N', help: 'the status if the lock was not got (default: 1, or 124 with -w)' },
      parents,
      mode,
      stale: { value: 'DUR', help: 'how long others wait that cannot see whether this holder lives (default: 15s)' },
      shared: { help: 'hold it together with others that share it' },
      holders: { value: 'N', help: 'so many may hold it at the same time' },
      label: { value: 'TEXT', help: 'what others see that find it held' },
      'kill-after': killAfter,
      ...placeOptions,
    },
    notes: `The program finds HOLDFAST_FENCE, the fencing token, in its environment, and with --holders HOLDFAST_SLOT. SIGINT,
SIGTERM and SIGHUP are handed on to it. If the lock is lost, it gets SIGTERM, then SIGKILL; what it has started is not
ended. If holdfast itself is ended by SIGKILL, the lock is free, and the program goes on: only with the
fencing token can what it writes to refuse it.`,
    load: async () => (await import('../run/lock.js')).runLock,
  },
  {
    name: 'holder',
    summary: 'Prints who holds the lock of PATH; ends with 1 if it is free.',
    operands: 'PATH',
    options: placeOptions,
    load: async () => (await import('../run/holder.js')).runHolder,
  },
  {
    name: 'break',
    summary: 'Ends a hold by force: of a holder that hangs, or that cannot be judged from here.',
    operands: 'PATH',
    options: {
      fence: { value: 'N', help: 'the fencing token of the hold, which holder prints; required' },
      ...placeOptions,
    },
    notes: 'It ends with 1 if the lock is not held with that fencing token any more: then no other holder is hit.',
    load: async () => (await import('../run/break.js')).runBreak,
  },
  {
    name: 'single',
    summary: 'Runs a program, unless it runs already under this PATH; then prints what that one has published.',
    operands: 'PATH',
    program: 'required',
    options: {
      data: { value: 'JSON', help: 'what others get when the program has been started' },
      'exit-code': { short: 'E', value: 'N', help: 'the status if it runs already (default: 1)' },
      parents,
      label: { value: 'TEXT', help: 'what others see of it' },
      'kill-after': killAfter,
      ...placeOptions,
    },
    load: async () => (await import('../run/single.js')).runSingle,
  },
]
