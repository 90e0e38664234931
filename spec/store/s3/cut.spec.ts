// The connection to S3 is cut at every request of each operation.

import { s3Store } from 'holdfast/s3'
import { startProxy } from '../../support/cutting-proxy.js'
import { holds } from '../../support/kit.js'
import { noS3Clients, s3Clients } from '../../support/s3-clients.js'
import { startS3 } from '../../support/s3-server.js'
import { cutEverywhere } from '../../support/store-cuts.js'

const bare = { name: 'fetch', connect: () => fetch }

for (const one of [bare, ...s3Clients.filter(({ name }) => name.startsWith('@aws-sdk'))]) {
  const title = `${one.name}: wherever the connection is cut, each operation is done once, or confirm finds out`
  if (one !== bare && noS3Clients) holds.skip(title, noS3Clients)
  else
    holds(title, async () => {
      const server = await startS3()
      const proxy = await startProxy(Number(new URL(server.endpoint).port))
      const endpoint = `http://127.0.0.1:${proxy.port}`
      const options = { bucket: 'specs', prefix: 'cut/' }
      const direct = s3Store<string>(fetch, { ...options, endpoint: server.endpoint })
      const cut = s3Store<string>(one.connect(endpoint), { ...options, endpoint, timeout: 10_000 })
      await direct.get('opened')
      await cut.get('opened')
      try {
        await cutEverywhere({ direct, cut, proxy })
      } finally {
        await proxy.close()
        await server.close()
      }
    })
}
