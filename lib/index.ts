// The public names, and nothing else. Start reading at ./mkdirp.ts; how it works is in ./core/achieve.ts.

export type { Durability, Patience } from './core/input.js'
export { type CreateExclusiveOptions, createExclusive } from './create-exclusive.js'
export { type EmplaceOptions, emplace } from './emplace.js'
export { type Existing, type LinkOptions, link } from './link.js'
export { type MkdirpOptions, mkdirp } from './mkdirp.js'
