// The commands about the command line itself, and about a project that comes to this package.

import type { Command } from '../command.js'

export const tools: readonly Command[] = [
  {
    name: 'migrate',
    summary:
      'Lists where the sources in DIR import packages that this one has a face of; with --write, rewrites the imports.',
    operands: 'DIR',
    options: {
      write: { help: 'rewrite them; each file is replaced as a whole' },
      'node-fs': { help: "Node's own fs/promises, too" },
    },
    notes: `Directories named node_modules, and those whose names begin with a dot, are left out, and so are links. It looks at
texts, not at syntax: what stands like an import in a comment or a string counts, too. What each face does in another way
is in docs/from-*.md.`,
    load: async () => (await import('../run/migrate.js')).runMigrate,
  },
  {
    name: 'completion',
    summary: 'Prints a script that completes command lines: of bash, zsh or fish.',
    operands: 'SHELL',
    options: {},
    notes: `bash: eval "$(holdfast completion bash)"  zsh: the same with zsh, after compinit
fish: holdfast completion fish | source`,
    load: async () => (await import('../run/completion.js')).runCompletion,
  },
]
