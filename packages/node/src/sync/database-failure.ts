import type { StateStore } from '@hs/ancestral-records';
import { hasCode, NodeError } from '../node-error.js';

/**
 * What ended a node, or, if its database could not be written, that: whoever came after the failed write knows only that the
 * store is closed, and the operator has to know why.
 */
export async function describeFailure(error: unknown, store: StateStore): Promise<unknown> {
  try {
    await store.get(new Uint8Array([0]));
    return error;
  } catch (cause) {
    if (!hasCode(cause, 'ANCESTRAL_RECORDS_WRITE_FAILED')) return error;
    const why = deepestMessage(cause);
    const message =
      `the database cannot be written: ${why}. Nothing is half-written: make room on the disk, or see to what is wrong ` +
      'with it, and start again';
    return new NodeError('NODE_DATABASE', message, { cause, details: { why } });
  }
}

function deepestMessage(error: unknown): string {
  let found = error;
  while (typeof found === 'object' && found !== null && 'cause' in found && found.cause !== undefined)
    found = found.cause;
  return hasMessage(found) ? found.message : String(found);
}

function hasMessage(value: unknown): value is { readonly message: string } {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}
