// Changes that are refused, because what is there is not what the caller wants to change.

import { refusal } from '../core/input.js'
import type { Kept } from './backing.js'
import type { Change, Entry, Gone } from './contract.js'

export const refused = <T>(entry: Entry<T> | Gone | undefined): Change<T> => ({ ok: false, entry })

export function asVersion(ifVersion: unknown): string | undefined {
  if (ifVersion === undefined || typeof ifVersion === 'string') return ifVersion
  throw refusal('ERR_INVALID_ARG_TYPE', 'options.ifVersion', 'of type string', ifVersion)
}

export const isVersion = ({ version }: Kept, ifVersion: string | undefined): boolean =>
  ifVersion === undefined || version === ifVersion
