// Tests that cannot pass on Windows, or under Wine, and why. A test is named by a part of its name; `*` is each test of a file.

/** What Windows lacks. */
const modes = 'Windows keeps one bit of a mode, and no owner'
const claims = 'on Windows no claim is made for a directory, and none can be told by its mode'
const devices = 'Windows has no devices among files'
const refusesDirectory = 'Windows reports EPERM of a directory in the way, and ENOENT of a file on the way'
const turns = 'on Windows the calls take turns by a lock, which stays'
const signals = 'Windows has no signals: they end a process at once'
const later = 'on Windows what cannot be removed is removed in the background'
const shell = 'it needs a program that Windows lacks'
const anyBytes = 'names of Windows are text'
const unseenBirths =
  'Windows shows no births of processes: a file that the owner keeps open is looked at (windows/rules)'
const ownClocks = 'the clock of Windows goes on while it sleeps, so a heartbeat is not judged by it at one look'
const descriptors = 'how many descriptors a process has is shown by Linux alone'
const oneSpelling = 'on Windows two names that differ only in case are one'
/** What Wine lacks. */
const links = 'Wine reports that it has made a symbolic link, and makes none'
const births = 'under Wine the time of birth changes with each change'
const readOnly = 'Wine removes nothing that is read-only, which libuv asks NTFS to ignore'
const processes = 'it starts a hundred processes, each of which takes seconds under Wine'
const openTargets = 'Wine replaces no file that is open, also by those who share it'
const network = 'no program reaches a server in the jail: Wine reports UNKNOWN of each connection'
const bundled = 'there a spec and all that it imports is one file, so what it requires is another copy'
const slow = 'under Wine a look below a root takes longer than the time that is left for it after a time-out'
const spelling = 'Wine reports that it has changed the case of a name, and does not'

type Lacks = Readonly<Record<string, Readonly<Record<string, string>>>>

export const lacksOfWindows: Lacks = {
  'append-lines': { 'each record is a line, in both forms': turns },
  'append-lines/split': { '*': turns },
  causes: { 'the error of mkdirp names what was asked for': refusesDirectory },
  cell: { 'a tombstone that could not be removed': later },
  'cli/files': {
    'write: from stdin': modes,
    'a signal in the middle': signals,
    'once: one of several runs the program': shell,
  },
  'cli/locks': {
    'a program that cannot be run': modes,
    'single: the first runs its program': signals,
    'signals are handed on': signals,
    'a program that a signal ends': signals,
    'when the lock is lost, the program gets SIGTERM': signals,
  },
  'cli/names': { 'mkdir, rm, empty and ln': modes, 'scratch: the directory is there': signals },
  content: { 'executable and not are two inodes': modes },
  copy: {
    'copies a file: its bytes and its mode': modes,
    'merges with what is there': modes,
    'one kind of thing in the place of another': refusesDirectory,
  },
  'copy/one-name': { '*': oneSpelling },
  'copy/source': { 'with its own mode': modes },
  'create-exclusive': { 'creates a file once, whole': modes },
  'faces/fs-extra/unlike': {
    'with the mode of the old one': modes,
    'what cannot be replaced is written': devices,
    'a path of bytes may be any path': anyBytes,
  },
  'faces/write-file-atomic': {
    'an owner': modes,
    'a directory': refusesDirectory,
    'options are not changed, and nothing is left beside the file': modes,
  },
  'get-or-create': { 'a directory is made once, whole': modes },
  'json-files': { 'what was written is read': modes },
  lock: { 'a pid that is used again': unseenBirths },
  'lock/apart': { stopped: signals },
  'lock/lease': { 'after a holder elsewhere that was silent': ownClocks },
  'lock/waiting': { 'the channels carry waits and takeovers': ownClocks },
  mkdirp: {
    'a mode goes to what is made': modes,
    'no permission is an error at once': modes,
  },
  move: {
    'what cannot be replaced at once is an error': refusesDirectory,
    'with a gap, too: a source that is in the target': refusesDirectory,
    'what is missing is an error, and nothing is made': refusesDirectory,
  },
  'move/claims': { '*': claims },
  'move/strangers': { 'a claim of a process that was killed': claims },
  probe: { 'whenever it is aborted': later },
  remove: { 'emptyDir empties, keeps the directory': modes },
  'store/files': {
    'in a directory that only its user may read': modes,
    'what may not be read is an error': modes,
  },
  'store/get-or-set/race': { 'stopped for longer than its lease': signals },
  'support/laws': { 'a descriptor that is left behind': descriptors },
  'temp-dir': { 'it is private, empty, and gone': modes },
  'update-file': { 'the mode stays': modes },
  'within/same': { 'below a file': refusesDirectory },
  'write-file': {
    'keeps the mode of the file it replaces': modes,
    'several names of one file': modes,
    'what is no file is refused': devices,
  },
}

export const lacksOfWine: Lacks = {
  'append-lines': { 'a link is followed, a directory above': links },
  'cli/names': { 'probe: prints what the filesystem keeps': openTargets },
  content: {
    'what is put can be read': readOnly,
    'a digest that is given is checked': readOnly,
    'adopt takes the file itself': readOnly,
    'nothing is left behind, whichever call': readOnly,
    'a stream comes to its end although the blob': readOnly,
    'a checkout is a read-only link': readOnly,
    'a lease of several blobs': readOnly,
    'a put that passes a limit': readOnly,
    'a use is a checkout': readOnly,
    'maxAge removes what was not used': readOnly,
    'a blob that is missed after': readOnly,
    'says: evicted.json': readOnly,
    'a checkout to a name that has the blob': readOnly,
  },
  'content/growth': { 'an eviction costs one scan': readOnly },
  'content/kills': {
    'a process ends at any call': readOnly,
    'any call of any operation fails': readOnly,
    'without hard links every operation': readOnly,
  },
  'content/race': { '*': readOnly },
  causes: { 'symlink: ENOENT says': links, 'where the directory is there, or a link to nowhere': links },
  copy: {
    'copies a tree: directories in directories': links,
    'without `overwrite` what is there stays': links,
    'onto itself: a file stays as it is': links,
    'a directory into itself is refused': links,
    dereference: links,
    'makes what is missing above the target': links,
    'counts up to the very end': links,
  },
  'copy/refusals': { 'a link never takes the place': links, 'is told what each thing is': links },
  'create-exclusive/linkless': { 'a link that leads nowhere': links },
  'create-exclusive': { 'what is no file, and a link that leads nowhere': links },
  emplace: {
    'two spellings of one name': links,
    'where case does not count': spelling,
    'a link is put there as a link': links,
  },
  'faces/atomically': { 'require()': bundled },
  'faces/fs-extra': { 'the names are those of fs-extra': bundled },
  'faces/fs-extra/unlike': {
    'ensureFile leaves a file as it is': links,
    'move never replaces a link': links,
    'move refuses a link': links,
  },
  'faces/fs-promises': {
    'also for require()': bundled,
    'a link never replaces': links,
    'cp keeps the texts of links': links,
  },
  'faces/fs-extra/race': { 'four ensure one link': links },
  'faces/links-in-trees': { '*': links },
  'faces/make-dir': { 'require()': bundled },
  'faces/mkdirp': { 'require()': bundled },
  'faces/move-file': { 'require()': bundled },
  'faces/proper-lockfile': {
    'for import and require': bundled,
    'links are followed': links,
  },
  'faces/rimraf': { 'require()': bundled },
  'faces/write-file-atomic': { 'require()': bundled },
  'get-or-create/response': { '*': network },
  'get-or-create': {
    'what is of another kind': links,
    'links are followed': links,
    'what is there costs one call': links,
  },
  'json-files': { 'exists says whether anything is there': links },
  link: { 'gives a file a second name': links, 'what else has the name is an error': links },
  move: {
    'a link gets a fresh name': links,
    'an empty directory and a full one, a link': links,
    'by default nothing is overwritten': links,
    'with overwrite a file or a link': links,
    'with a gap everything is replaced': links,
    'with a gap, a link onto': links,
    'onto a link': links,
    'onto itself, however that is spelt': links,
    'where case does not count': spelling,
    'the same on a real disk': spelling,
    'a directory into itself is an error': links,
    'a link to a directory is moved itself': links,
    'private names are made where the target is in truth': links,
    'a link: whichever call fails': links,
  },
  mkdirp: { 'a file in the way, or a link that leads nowhere': links },
  'lock/foreign': { 'is named below a root': slow },
  'lock/itself': { 'by a link to its directory': links },
  'lock/lost': { 'lock.sync is refused at once': links },
  'lock/place': {
    'all spellings of one path, and all ways through links': links,
    'follows the link of a file to another lock': links,
    'a lockDir serves shared locks': links,
  },
  'lock/planted': { 'a link at the name of a lock': links, 'a heartbeat writes nothing': links },
  'lock/several': { 'by whatever spelling or link': links },
  'move/refusals': { '*': links },
  'parts/reused': { '*': births },
  'parts/take-name': { 'a link that comes there': links },
  probe: {
    'require: an error names': openTargets,
    'another path to the same directory': links,
    'what is not kept between two mounts': links,
    'what one mount made': links,
  },
  'publish-directory': {
    'the link leads to the version': links,
    'old versions go, and never': links,
    'a directory that is no link is refused': links,
    'what build throws comes out': links,
    'what dead publishers have left': links,
    'whichever call fails, its error': links,
    'three publish beside four readers': links,
  },
  remove: { 'a root, and what is no name': links, 'removes files, links and whole trees': links },
  'store/files': { 'the root may be a link': links },
  'store/files/engine': { 'what a thread remembers': links },
  steps: { 'every call of the alphabet': links },
  sweep: { 'whatever is killed, at whichever call': processes },
  symlink: { '*': links },
  'temp-dir': {
    'withTempDir gives it to a function': births,
    'what a dead process has left': births,
    'nothing of withTempDir is left behind': births,
  },
  'update-file': { 'links to one file share': links, 'a link that leads elsewhere': links },
  'update-file/several-race': { 'eight change two files': links },
  'update-file/several': {
    'one file that is named twice': links,
    'links that come to lead elsewhere': links,
    'several files may share one lock': links,
    'a lock that is held shows that it lives': links,
  },
  within: {
    'no function leads out: a link': links,
    'no function leads out: a relative link': links,
    'no function leads out: an absolute link': links,
    'no function leads out: a slash behind a link': links,
    'no function leads out: a dot behind a link': links,
    'a link that leads out, at the end': links,
    'links that stay inside': links,
    'more than 40 links': links,
  },
  'within/dereference': { '*': links },
  'within/locks': { 'a hold that is had as steps': links },
  'within/recent': { '*': links },
  'within/same': { 'through a link': links },
  'write-file': { 'follows links to where they lead': links, 'makes missing parents only when asked': links },
}

export const lacksOfScanned: Lacks = {
  'windows/real': {
    'a writer comes to its turn': 'the scanner has each file of the writer open, and none of the loop beside it',
  },
  'lock/race': {
    'the dead one’s lock is unlinked':
      'Wine keeps the name of a removed file as long as a scanner has that open, so it is taken by one alone',
  },
}

/** Why the test of this name cannot pass here; undefined if it can. */
export function lackOf(tables: readonly Lacks[], spec: string, name: string): string | undefined {
  for (const table of tables)
    for (const [part, why] of Object.entries(table[spec] ?? {})) if (part === '*' || name.includes(part)) return why
  return undefined
}
