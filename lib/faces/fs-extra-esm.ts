// `holdfast/fs-extra/esm`: fs-extra's own functions alone, as `fs-extra/esm` has them. See ./fs-extra.ts.

import * as own from './fs-extra/own.js'

export * from './fs-extra/own.js'
export type * from './fs-extra/types.js'

const face = { ...own }

export { face as default, face as 'module.exports' }
