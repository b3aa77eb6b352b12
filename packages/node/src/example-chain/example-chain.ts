import type { Chain } from '../chain/chain.js';
import type { ChainSpec } from './chain-spec.js';
import type { ExampleHeader } from './header.js';
import type { VerifySignature } from './signature.js';

/** What {@link createExampleChain} may be given beside the spec. */
export interface ExampleChainOptions {
  /** Default: libsecp256k1 if its native module loads, else noble. */
  readonly verifySignature?: VerifySignature;
}

/** The example chain of a spec. @throws NODE_CONFIGURATION if the spec is not valid */
export function createExampleChain(spec: ChainSpec, options: ExampleChainOptions = {}): Chain<ExampleHeader> {
  throw new Error(`not written: ${spec.name} ${Object.keys(options)}`);
}
