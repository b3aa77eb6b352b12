import { networks } from './message-types.js';

/** What differs between the networks of DeSo, as far as peers see it. Passed to whoever needs it; there is no default. */
export interface NetworkParameters {
  /** Number at the start of every frame. */
  readonly network: number;
  /** Where nodes listen for peers. */
  readonly defaultPort: number;
  /** What a node says in its version message. */
  readonly protocolVersion: number;
  /** The oldest protocol version that a node takes from a peer. */
  readonly minProtocolVersion: number;
}

const testnet: NetworkParameters = /* @__PURE__ */ Object.freeze<NetworkParameters>({
  network: networks.testnet,
  defaultPort: 18_000,
  protocolVersion: 2,
  minProtocolVersion: 0,
});

/** The networks of the Go node; its regtest looks like its testnet to peers. */
export const networkParameters: {
  readonly mainnet: NetworkParameters;
  readonly testnet: NetworkParameters;
  readonly regtest: NetworkParameters;
} = /* @__PURE__ */ Object.freeze({
  mainnet: /* @__PURE__ */ Object.freeze<NetworkParameters>({
    network: networks.mainnet,
    defaultPort: 17_000,
    protocolVersion: 2,
    minProtocolVersion: 1,
  }),
  testnet,
  regtest: testnet,
});
