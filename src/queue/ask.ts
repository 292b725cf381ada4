import type { Answer, Given, OperationName } from './operations.ts';

/** Asks the storage for one operation; resolves after the commit that made it true. */
export type Ask = <N extends OperationName>(name: N, given: Given<N>) => Promise<Answer<N>>;
