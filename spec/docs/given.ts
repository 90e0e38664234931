// What the examples of doc comments take for granted, by the file of the comment; and which of them are compiled and not run.

interface Given {
  /** Stands in front of the example. */
  readonly before?: string
  /** Why it is not run. */
  readonly onlyCompiled?: string
}

const imports = (names: string, from: string): string => `import ${names} from 'node:${from}'\n`
const fsOf = (...names: string[]): string => imports(`{ ${names.join(', ')} }`, 'fs')
const store = `const store = memoryStore<unknown>()\n`
const server = 'it needs a server'

export const given: Readonly<Record<string, Given>> = {
  'append-lines': { before: `const event = { by: 'anna' }\nconst replay = (_: unknown) => {}` },
  cache: {
    before: `const openSession = async (id: string, _: { signal: AbortSignal }) =>
      ({ isAlive: async () => true, close: async () => {}, ask: async (text: string) => id + text })`,
  },
  content: {
    before: `${fsOf('createReadStream', 'mkdirSync', 'writeFileSync')}mkdirSync('./var/cache', { recursive: true }); writeFileSync('left-pad.js', 'x')`,
  },
  copy: { before: `${fsOf('mkdirSync')}mkdirSync('template')` },
  'core/drive': { before: `const error = Object.assign(new Error('EIO'), { code: 'EIO' })` },
  'create-exclusive': { before: `const job = { id: 17 }\nconst start = async (_: object) => {}` },
  emplace: { before: `const json = '{}'` },
  exists: {
    before: `import { ServerResponse, IncomingMessage } from 'node:http'\nimport { Socket } from 'node:net'
    const response = new ServerResponse(new IncomingMessage(new Socket()))`,
  },
  'faces/proper-lockfile': {
    before: `import lockfile from 'holdfast/proper-lockfile'\n${fsOf('writeFileSync')}writeFileSync('state.json', '')\nconst change = async (_: string) => {}`,
  },
  'get-or-create': {
    before: `${fsOf('mkdirSync')}mkdirSync('cache')\nconst url = 'data:application/json,%7B%7D'\nconst expected = 'e'\nconst sha256 = async (_: string) => 'e'`,
  },
  lines: {
    before: `const handle = (_: unknown) => {}\n${fsOf('writeFileSync')}writeFileSync('events.jsonl', '{}\\n')`,
  },
  link: {
    before: `${fsOf('writeFileSync')}writeFileSync('blob', 'x')\nconst store = { currentPathOf: async (_: string) => 'blob' }\nconst digest = 'd'`,
  },
  lock: { before: `const deploy = async (_: { fence: number; signal: AbortSignal }) => {}` },
  move: { before: `${fsOf('mkdirSync', 'writeFileSync')}mkdirSync('uploads'); writeFileSync('upload.tmp', 'x')` },
  postgres: {
    before: `declare const pg: { Pool: new () => import('holdfast/postgres').PostgresLike }`,
    onlyCompiled: server,
  },
  probe: {
    before: `${fsOf('mkdirSync', 'symlinkSync')}mkdirSync('./mnt/a', { recursive: true }); symlinkSync('a', './mnt/b'); mkdirSync('data')`,
  },
  'publish-directory': {
    before: `import { realpath } from 'node:fs/promises'\nconst pages = ['index']\nconst render = async (_: readonly string[], __: string) => {}`,
  },
  'read-json': { before: `${fsOf('writeFileSync')}writeFileSync('package.json', '{ "name": "x" }')` },
  redis: {
    before: `declare const createClient: (options: object) => import('holdfast/redis').RedisLike & { connect(): Promise<void> }
    declare const login: () => Promise<string>`,
    onlyCompiled: server,
  },
  remove: { before: `const bar = { update: (_: number, __: { total: number | undefined }) => {} }` },
  s3: {
    before: `declare const AwsClient: new (options: object) => import('holdfast/s3').S3Like
    declare const accessKeyId: string, secretAccessKey: string`,
    onlyCompiled: server,
  },
  single: { before: `${fsOf('mkdirSync')}mkdirSync('.app')\nconst startServer = async () => 'http://localhost'` },
  sqlite: { onlyCompiled: 'Node 20 has no node:sqlite' },
  'store/enabled': { before: store },
  'store/evict': { before: `const cache = memoryStore()` },
  'store/files': {
    before: `${fsOf('mkdirSync')}mkdirSync('./var/lib/app', { recursive: true })\ninterface Token { secret: string }\nconst token: Token = { secret: 'x' }`,
  },
  'store/get-or-set-many': {
    before: `${store}const loadUsers = async (keys: readonly string[]) => new Map(keys.map(key => [key, { key }]))`,
  },
  'store/get-or-set': { before: `${store}const fetchRates = async (_: { signal: AbortSignal }) => ({ EUR: 1 })` },
  'store/get-or-set-2': {
    before: `interface Token { refresh: string }
    const store = memoryStore<Token>()
    const redeem = async (refresh = ''): Promise<Token> => ({ refresh })
    await store.create('token', { refresh: 'r' })
    const rejected = { version: (await store.get('token'))?.version ?? '' }`,
  },
  'store/limiter': {
    before: `import { ServerResponse, IncomingMessage } from 'node:http'\nimport { Socket } from 'node:net'
    const request = { ip: '127.0.0.1' }\nconst response = new ServerResponse(new IncomingMessage(new Socket()))
    ${fsOf('mkdirSync')}mkdirSync('./var/lib/app', { recursive: true })`,
  },
  'store/memory': { before: `interface Session { user: string }\nconst id = 'i', user = 'anna'` },
  'store/open': {
    before: `interface Settings { dark: boolean }\ndeclare const myBacking: import('holdfast/store').Backing`,
    onlyCompiled: 'it has no engine',
  },
  'store/overwrite': { before: `const rates = memoryStore<{ rate: number }>()` },
  'store/prefix': { before: store },
  'store/refreshing': {
    before: `${store}const request = { headers: { 'cache-control': 'no-cache' } }\nconst render = async () => '<p>'`,
  },
  'store/remove-many': { before: `const sessions = memoryStore()` },
  'store/scope': { before: `${store}const id = 7\nconst render = async (_: number) => '<p>'` },
  'store/scope-2': { before: `${store}const id = 7` },
  'store/stats': { before: store },
  'store/store-lock': { before: `${store}const deploy = async (_: { fence: number; signal: AbortSignal }) => {}` },
  'store/tiers': { before: `declare const client: import('holdfast/redis').RedisLike`, onlyCompiled: server },
  sweep: { before: `${fsOf('mkdirSync')}mkdirSync('uploads')` },
  'temp-dir': { before: `const archive = 'a.tar'\nconst unpack = async (_: string, __: string) => {}` },
  'testing/linearizable-2': {
    before: `const counter: Model<number, 'add', number> = {
      initial: 0, step: (state, _, returned) => (!returned || returned.output === state + 1 ? [state + 1] : []), key: String }
    const rounds: readonly (readonly Result[])[] = []`,
  },
  'testing/store-contract': {
    before: `declare const myBacking: (place: string) => import('holdfast/store').Backing
    declare const test: (name: string, run: () => unknown) => void`,
    onlyCompiled: 'it has no engine',
  },
  'update-file': {
    before: `const YAML = JSON\ninterface Account { balance: number }
    const transfer = (a: Account = { balance: 9 }, b: Account = { balance: 0 }, sum: number): [Account, Account] =>
      [{ balance: a.balance - sum }, { balance: b.balance + sum }]`,
  },
  'with-lock': {
    before: `const add = async (n: number, _: { fence: number }) => n\nconst readIndex = async () => ['a']`,
  },
  'with-temp-dir': { before: `import { join } from 'node:path'\nconst render = async (_: string) => ({ size: 3 })` },
  within: {
    before: `${fsOf('mkdirSync')}mkdirSync('./srv/uploads', { recursive: true })\nconst user = 'anna', name = 'cat.jpg', request = { body: 'x' }`,
  },
  'write-file': { before: `const settings = { a: 1 }\nconst response = new Response('x')` },
  'write-files': { before: `const a = '{}', b = '{}'` },
  'write-json': { before: `const settings = { a: 1 }` },
}
