// A small invented run of the bench, whose figures can be told apart in a picture.

const about = {
  ...{ date: '2026-11-21', command: 'npm run bench', seed: 42, node: 'v20.19.0', kernel: 'Linux 6.8.0', cpus: 2 },
  ...{ filesystems: ['ext4', 'tmpfs'], packages: { 'fs-extra': '11.4.1', holdfast: '0.1.0', steno: '4.0.2' } },
}
const raced = (filesystem: string, by: string, bad: number, of: number, promised = true) => {
  return { filesystem, contest: 'link', package: by, verdict: 'rejected', bad, of, unit: 'calls', promised }
}
export const races = (badOfSteno: number) => ({
  about,
  cells: about.filesystems.flatMap(filesystem => [
    ...[raced(filesystem, 'by hand', 1, 120), raced(filesystem, 'fs-extra', 5, 120, false)],
    ...[raced(filesystem, 'steno', badOfSteno, 130), raced(filesystem, 'holdfast', 0, 111)],
  ]),
})
const timed = (side: string, median: number, form = 'async') => {
  return { filesystem: 'ext4', work: 'link', side, form, median, p99: 2 * median, calls: 10 }
}
const cells = [timed('holdfast', 10), timed('steno', 40), timed('fs-extra', 2.5), timed('floor: callbacks', 10)]
export const speed = { about, cells, targets: [], contended: [], growth: [] }
