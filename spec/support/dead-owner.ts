import { spawnSync } from 'node:child_process'
import { driveSync, fs } from 'holdfast/steps'

/** A process of this boot that has ended, as it is spelled in names. */
export const deadOwner = (): string => `${driveSync(fs.self()).split('-')[0]}-${spawnSync('true').pid.toString(36)}-0`
