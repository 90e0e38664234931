// What a user has who compiles with the types of browsers: their streams and responses are data, too.

import { writeFile } from 'holdfast'
import { contentStore } from 'holdfast/content'

export async function fromBrowser(stream: ReadableStream<Uint8Array>, stop: AbortSignal) {
  const response: Response = await fetch('https://example.org/', { signal: stop })
  await writeFile('page', response)
  await writeFile('stream', stream, { signal: stop })
  return (await contentStore('blobs').put(response)).digest
}
