// Names that Windows takes for something else than a file of that name.

/** `C:x`, `file:stream`, and the names that Windows takes for devices in every directory, whatever follows them. */
export const isDeviceName = (name: string): boolean =>
  name.includes(':') || /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i.test(name)

/**
 * Why a path of Windows names no file that can be published, if it does not: a stream of a file, a device, or a name at the
 * end of which Windows leaves out dots and blanks. Behind `\\?\` all but streams are plain names.
 */
export function oddName(path: string): string | undefined {
  const isVerbatim = path.startsWith('\\\\?\\')
  const below = path.replace(/^(\\\\[?.]\\)?[a-z]:/i, '')
  const name = below.slice(below.lastIndexOf('\\') + 1)
  if (name.includes(':')) return 'a path without a stream'
  if (isVerbatim || name === '.' || name === '..') return undefined
  if (isDeviceName(name)) return 'a path that names no device'
  return /[. ]$/.test(name) ? 'a path without dots or blanks at its end' : undefined
}
