// What a request that failed says about its outcome.

/**
 * What an error says of a request. `put off`: it was not carried out, and may be when it is tried again. `in doubt`: it
 * may have been carried out, because only the reply is missing. `refused`: it was not carried out, and waiting does not
 * change that.
 */
export type Failure = 'put off' | 'in doubt' | 'refused'
