import type { StateStore } from '@hs/ancestral-records';
import type { Transaction } from '@hs/wire';
import type { NodeActivity } from '../activity/node-activity.js';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { NodeStatus } from '../full-node.js';
import type { Clock } from '../network/clock.js';
import type { NodePhase } from '../sync/sync-manager.js';

/** What the HTTP server needs of a node; `FullNode` has it. */
export interface HttpNode<Header> {
  readonly phase: NodePhase;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly store: StateStore;
  readonly activity: NodeActivity;
  readonly clock: Clock;
  status(): NodeStatus;
  submit(transaction: Transaction): Promise<Uint8Array>;
  pendingTransaction(id: Uint8Array): Transaction | undefined;
}
