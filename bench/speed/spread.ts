// ext4 puts what is in one directory close together, and without a journal, as in many virtual machines, it looks past all
// that was removed there within minutes before it finds room for what is new: a call then takes ten times as long if others
// were measured before it. So what is made in each round is kept apart from that of all others.

import { spawnSync } from 'node:child_process'

/** By the attribute that is made for the tops of hierarchies. Where that is not to be had, it is as it is. */
export function spread(dir: string, filesystem: string): void {
  if (/^ext[234]$/.test(filesystem)) spawnSync('chattr', ['+T', dir])
}
