// Node's own filesystem, for faces that pass something of it through, or compare a given one with it. Beside the one door
// (../core/disk.ts) nothing else imports it.

export { default as nodeFs } from 'node:fs'
