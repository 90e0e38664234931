// This process, as it is spelled in private names.

import { dual, fs, type Steps } from 'holdfast/steps'

export const self = dual(function* self(): Steps<string> {
  return yield* fs.self()
}).sync
