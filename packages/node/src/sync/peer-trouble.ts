import { hasCode } from '../node-error.js';

/** The peer is gone, late, or asked for too much: nothing that proves a lie, and no trouble of this node. */
export function isPeerTrouble(error: unknown): boolean {
  return ['NODE_PEER_CLOSED', 'NODE_PEER_TIMEOUT', 'NODE_PEER_LIMIT'].some((code) => hasCode(error, code));
}
