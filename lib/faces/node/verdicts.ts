// Why a copy or a move is refused. Each peer has its own words for it, and its users compare them.

/** `link into itself`: the text of the source leads above that of the target; `link over its own`: below it. */
export type Verdict =
  | 'same'
  | 'directory over other'
  | 'other over directory'
  | 'into itself'
  | 'link into itself'
  | 'link over its own'
  | 'exists'
  | 'socket'
  | 'pipe'

/** Makes the error of a peer. The paths are spelt as the caller has spelt them; of links they are the texts. */
export type Word = (verdict: Verdict, source: string, target: string, more?: More) => Error

export interface More {
  /** What was reported by the function behind the face. */
  readonly cause?: unknown
  /** The path of the target, where `target` is the text of a link. */
  readonly at?: string
}
