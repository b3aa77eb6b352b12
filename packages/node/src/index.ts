export { type ActivityEvents, NodeActivity, type RecentBlock } from './activity/node-activity.js';
export type { ActivityCounters, RateHistory, RateName, Rates } from './activity/rate-history.js';
export type { CellStage, MapCell, MapPrefix, StateMap } from './activity/state-map.js';
export { BlockProcessor, type BlockProcessorOptions, type ConnectedBlock } from './chain/block-processor.js';
export type {
  BlockContents,
  BlockSealer,
  BlockTemplate,
  Chain,
  ChainParameters,
  ExecutionView,
  ForkedView,
  HeaderFacts,
  HeaderReader,
  PackedRecords,
  Payer,
  SnapshotChoice,
} from './chain/chain.js';
export { ChainStore, nodePrefixes, type TransactionPlace } from './chain/chain-store.js';
export { defaultServices, FullNode, type FullNodeOptions, type NodeStatus, type PeerSummary } from './full-node.js';
export { HttpError, type HttpErrorCode, httpErrors } from './http/http-error.js';
export { defaultHttpLimits, type HttpLimits, type HttpServer } from './http/http-listener.js';
export type { HttpNode } from './http/http-node.js';
export { type HttpServerOptions, openHttpServer } from './http/http-server.js';
export type { JsonSchema } from './http/json-schema.js';
export {
  flagParameter,
  hexParameter,
  integerParameter,
  optionalHexParameter,
  optionalIntegerParameter,
  type Parameter,
  textParameter,
} from './http/parameter.js';
export type { BodyDescription, Reply, ReplyDescription, Route, RouteRequest } from './http/route.js';
export { type Logger, silentLogger } from './logger.js';
export { formatAddress, parseAddress } from './network/address.js';
export type { BanRecord, BanStorage } from './network/ban-record.js';
export { type Clock, systemClock } from './network/clock.js';
export type { AnswerTo, PeerRequest } from './network/message-roles.js';
export {
  defaultAllowances,
  defaultNetworkLimits,
  defaultNetworkTimeouts,
  defaultRedialOptions,
  defaultScoreOptions,
} from './network/network-defaults.js';
export type { BanOptions, NetworkEvents } from './network/network-events.js';
export type {
  Allowances,
  NetworkLimits,
  NetworkOptions,
  NetworkTimeouts,
  RedialOptions,
} from './network/network-options.js';
export type { Peer, RemoteFacts } from './network/peer.js';
export { defaultPeerExchangeOptions, PeerExchange, type PeerExchangeOptions } from './network/peer-exchange.js';
export { PeerNetwork } from './network/peer-network.js';
export type { ScoreOptions } from './network/peer-scores.js';
export { tcpTransport } from './network/tcp-transport.js';
export type { Connection, ConnectionHandlers, HostAndPort, Listener, Transport } from './network/transport.js';
export { hasCode, NodeError, type NodeErrorCode, nodeErrorCodes } from './node-error.js';
export { defaultServingLimits, PeerServer, type PeerServerOptions, type ServingLimits } from './serving/peer-server.js';
export type { SnapshotPromise } from './serving/snapshot-leases.js';
export type { ScrubPass, ScrubSettings, ScrubStatus } from './state/background-scrub.js';
export { type BlockView, createBlockView } from './state/block-view.js';
export { writeGenesis } from './state/genesis.js';
export type { BlockEstimate } from './sync/block-estimate.js';
export type { TrustStatus } from './sync/branch-guard.js';
export type { CatchUp, SnapshotDifference } from './sync/catch-up.js';
export type { DownloadBegan, DownloadEvent, RangeMoved, RangesAsked, RecordsKept } from './sync/download-event.js';
export type { Equivocation } from './sync/equivocation.js';
export type { HyperSyncReport } from './sync/hyper-sync.js';
export type { Authentication, StateOrigin } from './sync/state-origin.js';
export {
  defaultSyncSettings,
  type NodePhase,
  type SyncManagerStatus,
  type SyncMode,
  type SyncSettings,
} from './sync/sync-manager.js';
export { formatTrustedChecksum, parseTrustedChecksum, type TrustedChecksum } from './sync/trusted-checksums.js';
export { formatTrustedRoot, parseTrustedRoot, type TrustedRoot } from './sync/trusted-roots.js';
export type { UnprovedSyncSettings } from './sync/unproved-sync.js';
export { TransactionPool, type TransactionPoolOptions } from './transaction-pool.js';
