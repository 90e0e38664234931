// The commands of what is kept in a directory for all processes: limits, values by key, bytes by digest.

import { type Command, type Option, parents, wait } from '../command.js'

const ttl: Option = { value: 'DUR', help: 'for how long the value is there (default: for ever)' }
const bytes: Option = { help: 'values are bytes, as they are, and not JSON' }
const nul: Option = { short: '0', help: 'end each name with a NUL instead of a line end' }
const jsonValues = `Values are JSON, unless --bytes is given, which must then be given to each command on DIR.`

const store = async () => await import('../run/store.js')
const content = async () => await import('../run/content.js')

export const stores: readonly Command[] = [
  {
    name: 'limit',
    summary: 'Runs a program if the limit of KEY allows that; otherwise ends with 1.',
    operands: 'DIR KEY',
    program: 'required',
    options: {
      rate: { value: 'N/DUR', help: 'so many in this time, as 5/1m; required' },
      sliding: { help: 'in no interval of this time, wherever it begins, are more' },
      wait,
      'exit-code': { short: 'E', value: 'N', help: 'the status if it is not allowed (default: 1, or 124 with -w)' },
    },
    notes: 'All processes that give the same DIR, KEY and rate share the limit.',
    load: async () => (await import('../run/limit.js')).runLimit,
  },
  {
    name: 'store get',
    summary: 'Prints the value of KEY; ends with 1 if there is none.',
    operands: 'DIR KEY',
    options: { bytes },
    notes: `${jsonValues} With --json, prints value, version and times.`,
    load: async () => (await store()).runGet,
  },
  {
    name: 'store set',
    summary: 'Stores VALUE, or what stdin has, under KEY, whatever is there.',
    operands: 'DIR KEY [VALUE]',
    options: { 'no-replace': { short: 'n', help: 'if KEY has a value, leave it, and end with 1' }, ttl, bytes },
    notes: jsonValues,
    load: async () => (await store()).runSet,
  },
  {
    name: 'store update',
    summary: 'Changes the value of KEY: the program reads the old one from stdin, and writes the new one to stdout.',
    operands: 'DIR KEY',
    program: 'required',
    options: { ttl: { value: 'DUR', help: 'for how long the new value is there (default: as the old one)' }, bytes },
    notes: `${jsonValues}
It ends with 1 if there is no value. If another caller changes the value meanwhile, the program runs again.`,
    load: async () => (await store()).runUpdateValue,
  },
  {
    name: 'store delete',
    summary: 'Removes the value of KEY; ends with 1 if there is none.',
    operands: 'DIR KEY',
    options: {},
    load: async () => (await store()).runDelete,
  },
  {
    name: 'store keys',
    summary: 'Prints the keys that have a value.',
    operands: 'DIR',
    options: { prefix: { value: 'TEXT', help: 'only keys that begin so' }, null: nul },
    load: async () => (await store()).runKeys,
  },
  {
    name: 'content put',
    summary: 'Stores the bytes of stdin, or of the output of a program, and prints their digest.',
    operands: 'DIR',
    program: 'optional',
    options: {
      digest: { value: 'DIGEST', help: 'refuse other bytes' },
      executable: { help: 'checkouts may be executed' },
    },
    load: async () => (await content()).runPut,
  },
  {
    name: 'content checkout',
    summary:
      'Makes TO a file with the bytes of DIGEST: a read-only link, or a copy; ends with 1 if they are not there.',
    operands: 'DIR DIGEST TO',
    options: {
      copy: { help: 'a file of its own' },
      force: { short: 'f', help: 'replace what is there' },
      executable: { help: 'the file may be executed' },
      parents,
    },
    load: async () => (await content()).runCheckout,
  },
  {
    name: 'content evict',
    summary: 'Removes what was not used for longest, until DIR is within the limits.',
    operands: 'DIR',
    options: {
      'max-bytes': { value: 'SIZE', help: 'how much may be there (1024, 64k, 10M, 2G)' },
      'max-count': { value: 'N', help: 'how many may be there' },
      'max-age': { value: 'DUR', help: 'how long ago they may have been used' },
    },
    load: async () => (await content()).runEvict,
  },
  {
    name: 'content verify',
    summary: 'Reads all that is in DIR, and prints the digests of what is damaged; ends with 1 if something is.',
    operands: 'DIR',
    options: {},
    load: async () => (await content()).runVerify,
  },
]
