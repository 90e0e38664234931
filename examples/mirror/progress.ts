import { SingleBar } from 'cli-progress'
import type { Report } from './worker.js'

export interface Progress {
  show(report: Report): void
  end(): void
}

/** Shows a bar on a terminal; elsewhere prints a line each second, and one at the end. */
export function progressOf(title: string, total: number): Progress {
  return process.stdout.isTTY ? bar(title, total) : lines(title, total)
}

const rejectedIn = ({ rejected }: Report): number => Object.values(rejected).reduce((sum, times) => sum + times, 0)

function bar(title: string, total: number): Progress {
  const format = `${title} {bar} {percentage}%  {rejected} rejected, {removed} removed`
  const shown = new SingleBar({ format, stream: process.stdout, barsize: 30, hideCursor: true })
  shown.start(total, 0, { rejected: 0, removed: 0 })
  return {
    show: report => shown.update(report.entries, { rejected: rejectedIn(report), removed: report.removed }),
    end: () => shown.stop(),
  }
}

function lines(title: string, total: number): Progress {
  let saidAt = performance.now()
  let line = ''
  const say = () => {
    if (line) console.log(line)
    line = ''
    saidAt = performance.now()
  }
  return {
    show(report) {
      const { entries, removed } = report
      line = `${title} ${Math.floor((100 * entries) / total)}%  ${rejectedIn(report)} rejected, ${removed} removed`
      if (performance.now() - saidAt >= 1000) say()
    },
    end: say,
  }
}
