import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** A number that processes share: what was done so far, for those that begin later. It is written in one piece. */
export class Floor {
  readonly #fd: number
  readonly #bytes = Buffer.alloc(8)

  constructor(path: string) {
    this.#fd = openSync(path, 'a+')
    closeSync(this.#fd)
    this.#fd = openSync(path, 'r+')
  }

  /** A file with the number. */
  static lay(path: string, value: number): void {
    const floor = new Floor(path)
    floor.raise(value)
    closeSync(floor.#fd)
  }

  raise(value: number): void {
    this.#bytes.writeDoubleBE(value)
    writeSync(this.#fd, this.#bytes, 0, 8, 0)
  }

  read(): number {
    return readSync(this.#fd, this.#bytes, 0, 8, 0) === 8 ? this.#bytes.readDoubleBE() : Number.NEGATIVE_INFINITY
  }
}
