export { accountPrivateKey } from './account-key.js';
export {
  type ChainSpec,
  type ChainSpecDraft,
  type ChainSpecOptions,
  type ComputeStateRoot,
  defaultChainParameters,
  draftChainSpec,
  type GenesisSpec,
  parseChainSpec,
  producerKeys,
  sealChainSpec,
} from './chain-spec.js';
export { createExampleChain, type ExampleChain, type ExampleChainOptions } from './example-chain.js';
export type { ExampleHeader } from './header.js';
export { exampleHeaderCodec } from './header-codec.js';
export { exampleChainRoutes } from './http-routes.js';
export { createSealer } from './sealer.js';
export { defaultSecp256k1, loadNativeSecp256k1 } from './secp256k1-native.js';
export { nobleSecp256k1 } from './secp256k1-noble.js';
export type { Secp256k1, VerifySignature } from './signature.js';
export { balanceKey, examplePrefixes, exampleStatePrefixes, followKeys, usedNonceKey } from './state-keys.js';
export { exampleTransactionTypes } from './transaction-types.js';
export { createWallet, type ProfileFields, signAtomically, type TransactionOptions, type Wallet } from './wallet.js';
