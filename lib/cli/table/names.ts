// The commands of what names are: files, links and directories are moved, copied, removed and made.

import { type Command, durability, mode, type Option, parents } from '../command.js'

const force: Option = { short: 'f', help: 'replace what is there' }

export const names: readonly Command[] = [
  {
    name: 'mv',
    summary: 'Moves SOURCE to TARGET, which is its new name; never replaces without -f.',
    operands: 'SOURCE TARGET',
    options: {
      force,
      'with-gap': { help: 'replace full directories and things of another kind, too' },
      parents,
      durability,
    },
    notes: 'It ends with 1 if TARGET is there. Of several that move to one TARGET without -f, one ends with 0.',
    load: async () => (await import('../run/names.js')).runMove,
  },
  {
    name: 'cp',
    summary: 'Copies SOURCE, with all that is in it, to TARGET, which is its new name.',
    operands: 'SOURCE TARGET',
    options: {
      'no-replace': { short: 'n', help: 'if a file or link of TARGET is there, end with 1' },
      dereference: { short: 'L', help: 'copy what links lead to' },
      'preserve-times': { short: 't', help: 'keep the times of files and directories' },
      parents,
      durability: { ...durability, help: 'what is on disk before the command ends (default: none)' },
    },
    load: async () => (await import('../run/names.js')).runCopy,
  },
  {
    name: 'rm',
    summary: 'Removes files, links, and directories with all that is in them. What is missing is no failure.',
    operands: 'PATH...',
    options: {},
    load: async () => (await import('../run/names.js')).runRemove,
  },
  {
    name: 'mkdir',
    summary: 'Makes directories, and those above them. One that is there is no failure.',
    operands: 'DIR...',
    options: { mode },
    load: async () => (await import('../run/names.js')).runMakeDirectory,
  },
  {
    name: 'ln',
    summary: 'Gives the file EXISTING a second name, PATH; with -s, makes PATH a link with this text.',
    operands: 'EXISTING PATH',
    options: {
      symbolic: { short: 's', help: 'make a symbolic link' },
      force,
      copy: { help: 'where there can be no hard link, copy the file' },
      parents,
    },
    notes: 'It ends with 1 if something else is there; a PATH that is the same link already is no failure.',
    load: async () => (await import('../run/names.js')).runLink,
  },
  {
    name: 'empty',
    summary: 'Removes what is in directories, and makes those that are missing.',
    operands: 'DIR...',
    options: {},
    load: async () => (await import('../run/names.js')).runEmpty,
  },
  {
    name: 'scratch',
    summary: 'Runs a program with a temporary directory, $HOLDFAST_DIR, which is removed afterwards.',
    operands: '',
    program: 'required',
    options: {
      in: { value: 'DIR', help: 'where it is made (default: the directory of temporary files)' },
      prefix: { value: 'TEXT', help: 'how its name begins (default: holdfast)' },
      cd: { help: 'run the program in it' },
    },
    load: async () => (await import('../run/scratch.js')).runScratch,
  },
  {
    name: 'sweep',
    summary: 'Removes what processes that were killed have left in DIR, and prints the names.',
    operands: 'DIR',
    options: {
      recursive: { short: 'r', help: 'the directories below, too' },
      'dry-run': { help: 'change nothing, and print what would be removed' },
      grace: { value: 'DUR', help: 'how old a name must be whose owner cannot be judged from here (default: 1d)' },
      locks: { help: 'remove locks, too, that are free' },
      null: { short: '0', help: 'end each name with a NUL instead of a line end' },
    },
    load: async () => (await import('../run/sweep.js')).runSweep,
  },
  {
    name: 'probe',
    summary: 'Prints what the filesystem of DIR keeps, found out by trying.',
    operands: 'DIR',
    options: {
      through: { value: 'PATH', help: 'the same directory through another mount' },
      require: { value: 'NAMES', help: 'with commas between them: end with 1 unless it keeps all of these' },
    },
    load: async () => (await import('../run/probe.js')).runProbe,
  },
]
