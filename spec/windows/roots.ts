// Spellings of roots, and of what is none, for tests elsewhere and on Windows.

const volume = 'Volume{01234567-89ab-cdef-0123-456789abcdef}'

export const roots: readonly string[] = [
  ...[
    'V:\\',
    'V:/',
    'V:',
    'v:\\',
    'V:\\\\',
    'V:\\.',
    'V:\\..',
    'V:\\x\\..',
    'V:\\x\\..\\..',
    'V:/./',
    'V:\\...',
    'V:\\ ',
  ],
  ...[
    '\\\\srv\\share',
    '\\\\srv\\share\\',
    '//srv/share',
    '//srv/share/',
    '\\\\SRV\\share\\.',
    '\\\\srv\\share\\x\\..',
  ],
  ...['\\\\srv\\share\\..', '\\\\srv', '\\\\?\\V:\\', '\\\\?\\V:', '\\\\.\\V:\\', '\\\\.\\V:', '//?/V:/', '\\??\\V:\\'],
  ...['\\\\?\\UNC\\srv\\share', '\\\\?\\UNC\\srv\\share\\', '\\\\?\\unc\\srv\\share\\.', '\\\\.\\UNC\\srv\\share'],
  ...[
    `\\\\?\\${volume}\\`,
    `\\\\?\\${volume}`,
    '\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\',
    '\\\\.\\PhysicalDrive0',
  ],
  ...['\\', '/', '\\.', '\\x\\..'],
]

export const names: readonly string[] = [
  ...[
    'V:\\x',
    'V:/x',
    'V:x',
    'V:.',
    'V:\\x\\y\\..',
    'V:\\.x',
    'V:\\x.',
    'V:\\..\\x',
    '\\\\srv\\share\\x',
    '//srv/share/x',
  ],
  ...[
    '\\\\?\\V:\\x',
    '\\\\.\\V:\\x',
    '\\\\?\\UNC\\srv\\share\\x',
    `\\\\?\\${volume}\\x`,
    '\\x',
    '/x',
    'x',
    '.',
    '..',
    'x\\..',
  ],
]
