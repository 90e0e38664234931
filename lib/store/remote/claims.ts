// Claims in a store that several machines use. Where the thread that made a claim runs on this machine, its death is
// evident; elsewhere it is watched for as long as its lease.

import { fs } from '../../core/steps.js'
import type { ClaimEvidence } from '../backing.js'

export const claimsByEvidence: ClaimEvidence = {
  self: () => fs.thread(),
  alive: owner => fs.alive(owner),
}
