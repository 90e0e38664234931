// What is checked for linearizability, against what, and what comes of it.

/** What a process asked for, when, and what it got. */
export interface Operation<I, O> {
  /** The process, named for the reader. Only the times say what came before what, also within one process. */
  readonly process: string | number
  readonly input: I
  readonly output?: O
  /** When it was called: on one clock for all processes, in any unit. */
  readonly call: number
  /**
   * When it returned; `Infinity` if it never did, or if what it returned leaves open whether it happened (a timeout, a
   * lost reply). Such an operation has no output: it may take effect at any moment after its call, or never.
   */
  readonly ended: number
}

/** The thing itself, as it would be if one process at a time used it. */
export interface Model<S, I, O> {
  readonly initial: S
  /**
   * Returns every state that the operation may leave behind when it takes effect in `state`; none if it cannot have had
   * this output there. `state` must not be changed. `returned` is undefined if the operation never returned: then every
   * outcome is possible. (That it never happens at all needs no state: the search leaves it out.)
   */
  step(state: S, input: I, returned: { readonly output: O } | undefined): readonly S[]
  /** Two states have the same key if, and only if, they are the same state. */
  key(state: S): string
  /**
   * Which of several independent things the operation is about, as one file of many. Each begins as `initial`, and the
   * history is linearizable if the history of each thing is.
   */
  partition?(input: I): string
}

export interface LinearizableOptions {
  /**
   * How many steps of the model to take, for each partition, before giving up. A million take about a second.
   * @default 5_000_000
   */
  readonly budget?: number | undefined
}

/** There is such an order; or there is none, and how far one gets; or the budget was spent before that was known. */
export type Verdict<I, O> =
  | {
      readonly answer: 'yes'
      /** All operations that took effect, in one such order. Of those that never returned, some may be missing. */
      readonly order: readonly Operation<I, O>[]
      /** Steps of the model, in all partitions. */
      readonly steps: number
    }
  | {
      readonly answer: 'no'
      /** The partition that has no such order. */
      readonly part: string | undefined
      /** As many operations as can be put in order: after them none of those that returned can be the next. */
      readonly prefix: readonly Operation<I, O>[]
      /** The key of the state that `prefix` leads to. */
      readonly state: string
      /** The other operations, by the time of their calls. */
      readonly left: readonly Operation<I, O>[]
      readonly steps: number
    }
  | { readonly answer: 'unknown'; readonly part: string | undefined; readonly steps: number }
