// A small S3 server in memory, on a free port of loopback: objects, conditions, ranges and pages of names, as S3 has
// them, and what goes wrong with it. It is one thread, so each request is one step. Signatures are not looked at.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Stored {
  readonly body: Buffer
  readonly etag: string
}

/** What goes wrong. Each may be changed while the server runs. */
export interface Faults {
  /** Conditions that are not obeyed. */
  ignores: ('if-none-match' | 'if-match' | 'delete')[]
  /** The server says that it knows no condition of DELETE. */
  refusesDelete: boolean
  /**
   * What becomes of a request, by its number among those that change something; `reply lost`: it is carried out first.
   */
  fate: (change: number) => Fate | undefined
  /** The clock of the server is ahead by so much. */
  aheadMs: number
}

export type Fate = 'request lost' | 'reply lost' | 'conflict' | 'slow down' | 'error' | 'error, but done' | 'silence'

export interface S3Server {
  readonly endpoint: string
  readonly objects: ReadonlyMap<string, Stored>
  readonly faults: Faults
  /** How many requests there were that change something, and how many whose condition was refused. */
  readonly counts: { requests: number; changes: number; refused: number; lost: number }
  close(): Promise<void>
}

export async function startS3(faults: Partial<Faults> = {}): Promise<S3Server> {
  const bucket = new Objects({ ignores: [], refusesDelete: false, fate: () => undefined, aheadMs: 0, ...faults })
  const server = createServer((request, response) => void bucket.serve(request, response))
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  const { objects, counts } = bucket
  return { endpoint: `http://127.0.0.1:${port}`, objects, faults: bucket.faults, counts, close }
}

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string
}

const failed = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})

class Objects {
  readonly objects = new Map<string, Stored>()
  readonly counts = { requests: 0, changes: 0, refused: 0, lost: 0 }
  readonly faults: Faults

  constructor(faults: Faults) {
    this.faults = faults
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      // The client has gone away.
      return
    }
    this.counts.requests++
    const isChange = request.method === 'PUT' || request.method === 'DELETE'
    const fate = isChange ? this.faults.fate(this.counts.changes++) : undefined
    const lose = () => {
      this.counts.lost++
      request.socket.destroy()
    }
    if (fate === 'request lost') return lose()
    if (fate === 'silence') return
    const answer = refusalOf(fate) ?? this.#carryOut(request, Buffer.concat(chunks))
    if (answer.status === 412) this.counts.refused++
    if (fate === 'reply lost') return lose()
    const { status, headers, body = '' } = fate === 'error, but done' ? failed(500, 'InternalError') : answer
    const date = new Date(Date.now() + this.faults.aheadMs).toUTCString()
    response.writeHead(status, { date, ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
  }

  #carryOut(request: IncomingMessage, body: Buffer): Answer {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const path = decodeURIComponent(url.pathname)
    if (path.startsWith('/missing')) return failed(404, 'NoSuchBucket')
    if (request.method === 'PUT') return this.#put(path, body, request)
    if (request.method === 'DELETE') return this.#delete(path, request)
    return url.searchParams.has('list-type') ? this.#list(path, url.searchParams) : this.#get(path, request)
  }

  #put(path: string, body: Buffer, { headers }: IncomingMessage): Answer {
    const there = this.objects.get(path)
    const ignores = new Set(this.faults.ignores)
    const ifMatch = ignores.has('if-match') ? undefined : headers['if-match']
    if (ifMatch !== undefined && !there) return failed(404, 'NoSuchKey')
    const isRefused = headers['if-none-match'] === '*' && there && !ignores.has('if-none-match')
    if (isRefused || (ifMatch !== undefined && ifMatch !== there?.etag)) return failed(412, 'PreconditionFailed')
    const etag = `"${createHash('md5').update(body).digest('hex')}"`
    this.objects.set(path, { body, etag })
    return { status: 200, headers: { etag } }
  }

  #delete(path: string, { headers }: IncomingMessage): Answer {
    if (this.faults.refusesDelete) return failed(501, 'NotImplemented')
    const there = this.objects.get(path)
    const ifMatch = this.faults.ignores.includes('delete') ? undefined : headers['if-match']
    if (ifMatch !== undefined && !there) return failed(404, 'NoSuchKey')
    if (ifMatch !== undefined && ifMatch !== there?.etag) return failed(412, 'PreconditionFailed')
    this.objects.delete(path)
    return { status: 204 }
  }

  #get(path: string, { headers }: IncomingMessage): Answer {
    const there = this.objects.get(path)
    if (!there) return failed(404, 'NoSuchKey')
    if (headers['if-match'] !== undefined && headers['if-match'] !== there.etag)
      return failed(412, 'PreconditionFailed')
    const [, last] = /^bytes=0-(\d+)$/.exec(headers.range ?? '') ?? []
    const body = last === undefined ? there.body : there.body.subarray(0, Number(last) + 1)
    return { status: last === undefined ? 200 : 206, headers: { etag: there.etag }, body }
  }

  #list(path: string, query: URLSearchParams): Answer {
    const bucket = `${path.replace(/\/$/, '')}/`
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString()
    const most = Number(query.get('max-keys') ?? 1000)
    const names = [...this.objects.keys()]
      .filter(name => name.startsWith(`${bucket}${query.get('prefix') ?? ''}`))
      .map(name => name.slice(bucket.length))
      .filter(name => name > after)
      .sort()
    const page = names.slice(0, most)
    const more = names.length > most
    const next = more
      ? `<NextContinuationToken>${Buffer.from(page.at(-1) as string).toString('base64')}</NextContinuationToken>`
      : ''
    const contents = page.map(name => `<Contents><Key>${escaped(name)}</Key><Size>1</Size></Contents>`).join('')
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${more}</IsTruncated>${contents}${next}</ListBucketResult>`,
    }
  }
}

function refusalOf(fate: Fate | undefined): Answer | undefined {
  if (fate === 'conflict') return failed(409, 'ConditionalRequestConflict')
  if (fate === 'slow down') return failed(503, 'SlowDown')
  return fate === 'error' ? failed(500, 'InternalError') : undefined
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`)
