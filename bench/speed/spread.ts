// ext4 puts the files of one directory close together. Without a journal, as in many virtual machines, it does not
// reuse an inode for minutes after its file was removed, and searches past those: a call then takes ten times as long
// if others were measured before it. So the files of each round are kept apart from those of all others.

import { spawnSync } from 'node:child_process'

/** Sets the attribute that ext4 has for the top of a directory hierarchy. Best effort: without it the run goes on. */
export function spread(dir: string, filesystem: string): void {
  if (/^ext[234]$/.test(filesystem)) spawnSync('chattr', ['+T', dir])
}
