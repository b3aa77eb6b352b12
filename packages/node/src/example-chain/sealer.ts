import type { BlockSealer, Chain } from '../chain/chain.js';
import type { ExampleHeader } from './header.js';

/** Signs blocks of the example chain with a 32-byte private key. @throws NODE_CONFIGURATION if the key is not a producer's */
export function createSealer(options: {
  readonly privateKey: Uint8Array;
  readonly chain: Chain<ExampleHeader>;
}): BlockSealer<ExampleHeader> {
  throw new Error(`not written: ${options.chain.name}`);
}
