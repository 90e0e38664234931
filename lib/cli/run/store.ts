// Values by key, in a store of files.

import type { Change, Store } from '../../store/contract.js'
import { fileStore } from '../../store/files.js'
import { overwrite } from '../../store/overwrite.js'
import type { Call } from '../command.js'
import { EndsWith, status } from '../failure.js'
import { parseJson } from '../given.js'
import { collect, outputOf } from '../pipe.js'

/** How values are read and printed: JSON, or bytes as they are. */
interface Form {
  readonly codec: 'json' | 'bytes'
  parse(text: Buffer, shown: string): unknown
  print(value: unknown): string | Uint8Array
}

const json: Form = {
  codec: 'json',
  parse: (text, shown) => parseJson(text.toString('utf8'), shown),
  print: value => `${JSON.stringify(value)}\n`,
}

const bytes: Form = { codec: 'bytes', parse: text => text, print: value => value as Uint8Array }

const formOf = ({ given }: Call): Form => (given.flag('bytes') ? bytes : json)

async function within<T>(call: Call, use: (store: Store<unknown>, form: Form, key: string) => Promise<T>): Promise<T> {
  const [dir = '', key = ''] = call.operands
  const form = formOf(call)
  await using store = fileStore<unknown>(dir, { codec: form.codec as 'json' })
  return await use(store, form, key)
}

const missing = ({ say }: Call, key: string): number => {
  say.remark(`it has no value: ${key}`)
  return status.no
}

export const runGet = (call: Call): Promise<number> =>
  within(call, async (store, form, key) => {
    const found = await store.get(key, { signal: call.signal })
    if (!found || found.gone) return missing(call, key)
    if (call.say.isJson) call.say.result(form === bytes ? { ...found, value: asBase64(found.value) } : found)
    else call.say.raw(form.print(found.value))
    return 0
  })

const asBase64 = (value: unknown): string => Buffer.from(value as Uint8Array).toString('base64')

export const runSet = (call: Call): Promise<number> =>
  within(call, async (store, form, key) => {
    const { given, operands, say, signal } = call
    const [, , text] = operands
    const data = text === undefined ? await collect(process.stdin as AsyncIterable<Buffer>) : Buffer.from(text)
    const value = form.parse(data, 'the value')
    const options = { signal, ttl: given.duration('ttl') }
    if (!given.flag('no-replace')) await overwrite(store, key, value, options)
    else if (!(await store.create(key, value, options)).ok) {
      say.remark(`it has a value already: ${key}`)
      return status.no
    }
    return 0
  })

export const runUpdateValue = (call: Call): Promise<number> =>
  within(call, async (store, form, key) => {
    const { given, program, signal } = call
    const change = async ({ value }: { readonly value: unknown }): Promise<unknown> => {
      const output = await collect(outputOf(call, program, { input: form.print(value) }))
      return form === json ? asPrinted(output, call) : output
    }
    return statusOfChange(call, key, await store.update(key, change, { signal, ttl: given.duration('ttl') ?? 'keep' }))
  })

/** It is no wrong usage of this command if the program has not written JSON. */
function asPrinted(output: Buffer, { say }: Call): unknown {
  try {
    return JSON.parse(output.toString('utf8'))
  } catch (error) {
    say.error(`what the program has written is no JSON: ${(error as Error).message}`)
    throw new EndsWith(status.dataError)
  }
}

export const runDelete = (call: Call): Promise<number> =>
  within(call, async (store, _, key) => statusOfChange(call, key, await store.remove(key, { signal: call.signal })))

const statusOfChange = (call: Call, key: string, { ok }: Change<unknown>): number => (ok ? 0 : missing(call, key))

export const runKeys = (call: Call): Promise<number> =>
  within(call, async store => {
    const keys: string[] = []
    for await (const key of store.keys({ prefix: call.given.text('prefix') })) {
      call.signal.throwIfAborted()
      keys.push(key)
    }
    call.say.list(keys.sort(), call.given)
    return 0
  })
