// The few tags of XML that a store reads. Servers write them without attributes and comments, so what looks otherwise
// is refused rather than guessed at.

import type { Listing } from './objects.js'

export function parseListing(xml: string): Listing {
  const [, list] = /<ListBucketResult[^>]*>(.*)<\/ListBucketResult>\s*$/s.exec(xml) ?? []
  const isTruncated = list === undefined ? undefined : textOf(list, 'IsTruncated')
  if (list === undefined || (isTruncated !== 'true' && isTruncated !== 'false')) throw notAListing(xml)
  const names = [...list.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, object = '']) => {
    const name = textOf(object, 'Key')
    if (name === undefined) throw notAListing(xml)
    return name
  })
  const next = textOf(list, 'NextContinuationToken')
  if (isTruncated === 'true' && next === undefined) throw notAListing(xml)
  return { names, next: isTruncated === 'true' ? next : undefined }
}

/** What S3 calls the error. */
export const parseReason = (xml: string): string | undefined => {
  const [, error] = /<Error>(.*)<\/Error>/s.exec(xml) ?? []
  return error === undefined ? undefined : textOf(error, 'Code')
}

function textOf(xml: string, tag: string): string | undefined {
  const [, text] = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml) ?? []
  return text?.replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, decodeEntity)
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntity(spelling: string, name: string): string {
  if (!name.startsWith('#')) return entities[name] ?? spelling
  const isHex = name[1] === 'x' || name[1] === 'X'
  return String.fromCodePoint(Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10))
}

function notAListing(xml: string): Error {
  const message = `S3 replied with something else than a list of objects: ${JSON.stringify(xml.slice(0, 200))}`
  return Object.assign(new Error(message), { code: 'ERR_S3_REPLY' })
}
