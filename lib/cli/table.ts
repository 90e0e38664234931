// All commands: help, completion and the check of arguments come out of this one table.

import type { Command } from './command.js'
import { files } from './table/files.js'
import { locks } from './table/locks.js'
import { names } from './table/names.js'
import { stores } from './table/stores.js'
import { tools } from './table/tools.js'

export const commands: readonly Command[] = [...locks, ...files, ...names, ...stores, ...tools]
