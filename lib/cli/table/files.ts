// The commands that write one file, or one directory, so that no reader sees a part of it.

import { type Command, durability, lockPath, mode, type Option, parents } from '../command.js'

const waitForAll: Option = {
  short: 'w',
  value: 'DUR',
  help: 'take so long at most, the program included, then end with 124',
}

export const files: readonly Command[] = [
  {
    name: 'write',
    summary: 'Writes FILE as a whole, from stdin, or from the output of a program that ends with 0.',
    operands: 'FILE',
    program: 'optional',
    options: {
      parents,
      mode,
      'no-replace': { short: 'n', help: 'if FILE is there, leave it, and end with 1' },
      'in-place': { help: 'write in place what cannot be replaced: a mounted file, a pipe' },
      durability,
    },
    notes: 'Every reader sees the old content or the new. If the program fails, FILE stays as it is.',
    load: async () => (await import('../run/write.js')).runWrite,
  },
  {
    name: 'update',
    summary:
      'Changes FILE under a lock: the program reads the old content from stdin, and writes the new one to stdout.',
    operands: 'FILE',
    program: 'required',
    options: { wait: waitForAll, parents, mode, durability, 'lock-path': lockPath },
    notes: `For instance: holdfast update c.json -- jq '.n+=1'
If the program fails, FILE stays as it is. A FILE that is missing is made; the program then reads nothing.`,
    load: async () => (await import('../run/update.js')).runUpdate,
  },
  {
    name: 'once',
    summary: 'Makes PATH unless it is there: one caller runs the program, the others wait for the result.',
    operands: 'PATH',
    program: 'required',
    options: {
      directory: { short: 'd', help: 'PATH is a directory: the program fills $HOLDFAST_STAGE' },
      refresh: { help: 'make it anew' },
      'max-age': { value: 'DUR', help: 'make it anew if it is older' },
      validate: {
        value: 'CMD',
        help: 'a shell command, run with the path behind it: unless it ends with 0, make PATH anew',
      },
      'no-wait': { short: 'n', help: 'if another caller makes it, end at once, with 1' },
      wait: waitForAll,
      parents,
      durability,
      'lock-path': lockPath,
    },
    notes:
      'Without -d, what the program writes to stdout is the file. If it fails, nothing changes, and its status is returned.',
    load: async () => (await import('../run/once.js')).runOnce,
  },
  {
    name: 'append',
    summary: 'Appends the lines of stdin, or of the output of a program, to FILE: each as a whole.',
    operands: 'FILE',
    program: 'optional',
    options: {
      parents,
      mode,
      durability: { ...durability, help: 'what is on disk before the command ends (default: none)' },
    },
    notes: 'Lines of other callers are never inside of them. Empty lines are left out. A last line needs no line end.',
    load: async () => (await import('../run/append.js')).runAppend,
  },
]
