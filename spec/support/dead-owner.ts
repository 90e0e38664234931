// A process that has ended, on each system.

import { spawnSync } from 'node:child_process'
import { driveSync, fs } from 'holdfast/steps'
import { isWindows } from '../windows/flavour.js'

/** The id of a process that has ended. */
export const deadPid = (): number => (isWindows ? spawnSync(process.execPath, ['--version']) : spawnSync('true')).pid

/** A process of this boot that has ended, as it is spelled in names. */
export const deadOwner = (): string => `${driveSync(fs.self()).split('-')[0]}-${deadPid().toString(36)}-0`
