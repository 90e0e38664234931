// What can stand where on a command line, from the table of commands.

import { type Command, commonOptions, type Option } from '../command.js'

export const optionsOf = ({ options }: Command): [name: string, option: Option][] =>
  Object.entries<Option>({ ...options, ...commonOptions })

export const firstWords = (commands: readonly Command[]): string[] => [
  ...new Set(commands.map(({ name }) => name.split(' ')[0] ?? '')),
]

/** Of commands whose names have two words. */
export const secondWords = (commands: readonly Command[], first: string): string[] =>
  commands.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []))

/** The first words that a second one follows. */
export const groups = (commands: readonly Command[]): string[] =>
  firstWords(commands).filter(first => secondWords(commands, first).length > 0)

/** One word for a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** The words that an option takes, if it takes only these: `a|b`. */
export const choicesOf = (value: string | undefined): readonly string[] =>
  value?.includes('|') === true ? value.split('|') : []
