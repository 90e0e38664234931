// What is checked for linearizability, against what, and what comes of it.

/** What a process asked for, and what it was told. */
export interface Operation<I, O> {
  /** Who did it: a name for the reader. The times alone say what came before what, also within one process. */
  readonly process: string | number
  readonly input: I
  readonly output?: O
  /** When it was called: on one clock for all processes, in any unit. */
  readonly call: number
  /**
   * When it returned; `Infinity` if it never did, or if what it said does not tell whether it happened (a timeout, a lost
   * reply). Such an operation has no output: it may take effect at any moment after its call, or never.
   */
  readonly ended: number
}

/** The thing itself, as it would be if one process at a time used it. */
export interface Model<S, I, O> {
  readonly initial: S
  /**
   * Every state that the operation may leave behind when it takes effect in `state`, which is not to be changed; none if
   * what it answered is impossible there. Without `answered` (it is no output of `undefined`) it never returned, and
   * every outcome is possible. That it may also not happen at all needs no state: it is left out then.
   */
  step(state: S, input: I, answered: { readonly output: O } | undefined): readonly S[]
  /** Two states have one key if, and only if, they are the same state. */
  key(state: S): string
  /**
   * Which of several independent things the operation is about, as a file of many. Each is a thing of its own, which
   * begins as `initial`, and the history is linearizable if the history of each one is.
   */
  partition?(input: I): string
}

export interface LinearizableOptions {
  /**
   * How many steps of the model are taken, for each partition, before it gives up. A million take about a second.
   * @default 5_000_000
   */
  readonly budget?: number | undefined
}

/** An order there was; or there was none, and how far one comes; or the budget was spent before that was known. */
export type Verdict<I, O> =
  | {
      readonly answer: 'yes'
      /** All that took effect, in one such order. Of those that never returned, only some. */
      readonly order: readonly Operation<I, O>[]
      /** Of the model, in all partitions. */
      readonly steps: number
    }
  | {
      readonly answer: 'no'
      /** The partition it is about. */
      readonly part: string | undefined
      /** As many as can be put in order, in one such order: after them none that returned can be the next. */
      readonly prefix: readonly Operation<I, O>[]
      /** The key of the state that they led to. */
      readonly state: string
      /** The others, by their calls. */
      readonly left: readonly Operation<I, O>[]
      readonly steps: number
    }
  | { readonly answer: 'unknown'; readonly part: string | undefined; readonly steps: number }
