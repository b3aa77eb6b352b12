import { setTimeout as sleep } from 'node:timers/promises';
import type { StateHasher, StateStore, UnprovedTarget } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import {
  type ClaimBasis,
  type ClaimDecision,
  type ClaimPolicy,
  chooseClaim,
  type UnprovedBlame,
  UnprovedProgress,
  type UnprovedStatus,
} from '@hs/sync-progress';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import type { Peer } from '../network/peer.js';
import { NodeError } from '../node-error.js';
import type { HyperSyncReport } from './hyper-sync.js';
import { StateClaims } from './state-claims.js';
import { originWrite, resetState, type StateOrigin } from './state-origin.js';
import { formatTrustedChecksum, type TrustedChecksum } from './trusted-checksums.js';
import { gaveUp, UnprovedDownloader } from './unproved-downloader.js';

/** What an operator takes for good where headers carry no roots, and how much may be downloaded on that. */
export interface UnprovedSyncSettings {
  /** Checksums that the operator vouches for. */
  readonly trustedChecksums: readonly TrustedChecksum[];
  /** So many configured peers must name the same checksum; undefined if no number of them is enough. */
  readonly agreeingPeers: number | undefined;
  /** Whether the mere word of any peer is enough. */
  readonly isUnpinnedSyncAllowed: boolean;
  /** Bytes of state that may be downloaded unproved, what was thrown away included. */
  readonly maxUnprovedBytes: number;
}

export interface UnprovedSyncOptions<Header> extends UnprovedSyncSettings {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly hasher: StateHasher;
  /** Peers that serve snapshots in the extended layout, by id. */
  readonly peers: () => ReadonlyMap<string, Peer<Header>>;
  /** The configured address that a peer answers for, if it does. */
  readonly voterOf: (peer: Peer<Header>) => string | undefined;
  readonly maxBytesInFlight: number;
  readonly chunkBytes: number;
  readonly requestTimeoutMs: number;
  readonly patienceMs: number;
  /** How long to wait for somebody who confirms a pinned checksum that others contradict. */
  readonly contradictionPatienceMs: number;
  /** Peers are asked for their checksums this often. */
  readonly refreshMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  readonly onMisbehaved: (peer: Peer<Header>, error: NodeError) => void;
  readonly onBan: (peer: string, blame: UnprovedBlame & { readonly height: number }) => void;
  readonly onText: (text: string) => void;
  readonly logger: Logger;
}

/** A state to download, and why. */
interface Choice {
  readonly target: UnprovedTarget;
  readonly basis: ClaimBasis;
  readonly voters: readonly string[];
}

const pollMs = 300;
/** How often another state may be begun, because nobody serves the last one any more. */
const maxTargets = 16;

/**
 * Brings an empty store to a state that nothing proves before it is whole, on a chain whose headers carry no roots.
 *
 * Flow: ask peers what the state is at their snapshots -> choose by what is pinned or agreed -> download prefix by prefix into a store
 * that is marked dirty -> compare the whole with the checksum -> ready, unauthenticated. If nobody serves that state any more and
 * another one may be taken, what was written is deleted, and it begins again.
 */
export class UnprovedSync<Header> {
  readonly #options: UnprovedSyncOptions<Header>;
  readonly #claims: StateClaims<Header>;
  #progress = new UnprovedProgress();
  #downloader: UnprovedDownloader<Header> | undefined;
  #joined: ReadonlySet<string> = new Set();
  #origin: StateOrigin | undefined;

  constructor(options: UnprovedSyncOptions<Header>) {
    this.#options = options;
    const { chain, chainStore, hasher, voterOf, requestTimeoutMs, refreshMs, maxUnprovedBytes, onMisbehaved } = options;
    this.#claims = new StateClaims({
      ...{ chain, chainStore, hasher, voterOf, refreshMs, onMisbehaved, logger: options.logger },
      timeoutMs: requestTimeoutMs,
      maxBytes: maxUnprovedBytes,
    });
  }

  status(): UnprovedStatus {
    return this.#progress.status(performance.now());
  }

  /** Where the state came from, once it is there. */
  get origin(): StateOrigin | undefined {
    return this.#origin;
  }

  peerLeft(id: string): void {
    this.#claims.forget(id);
    this.#updatePeers();
  }

  /**
   * Runs until the store is ready at a snapshot height.
   *
   * @throws NODE_UNPINNED_SYNC, NODE_CHECKSUM_MISMATCH, NODE_CHECKSUM_DISPUTED, NODE_UNPROVED_SYNC_FAILED
   */
  async run(signal: AbortSignal): Promise<HyperSyncReport> {
    const started = performance.now();
    const { store, logger } = this.#options;
    let resumedRecords: number | undefined;
    for (let targets = 0; targets < maxTargets; targets++) {
      const choice = await this.#choose(signal);
      const { height, checksum } = choice.target;
      if (store.phase === 'unproved' && !this.#isUnderWay(choice.target)) {
        logger.info({ height }, 'unproved sync: what was downloaded of another state is deleted');
        await resetState(store);
      }
      await store.beginUnprovedDownload(choice.target, { signal });
      const { intervals = [] } = store.unprovedDownload() ?? {};
      resumedRecords ??= intervals.reduce((sum, { records }) => sum + records, 0);
      const { basis, voters } = choice;
      const fields = { height, checksum: toHex(checksum), basis, voters, resumedRecords };
      logger.warn(fields, 'unproved sync: downloading a state that its checksum alone speaks for');
      if (!(await this.#download(choice, signal))) continue;
      const status = this.status();
      return {
        snapshotHeight: height,
        stateRoot: toHex(store.stateRoot()),
        records: status.done.records,
        bytes: status.done.bytes,
        resumedRecords,
        elapsedMs: performance.now() - started,
        peers: status.peers.map(({ peer, records, bytes }) => ({ peer, records, bytes })),
      };
    }
    throw gaveUp(`${maxTargets} states were begun, and each was given up by those who served it`, {
      reason: 'targets',
    });
  }

  /** Waits until there is a state that may be downloaded. */
  async #choose(signal: AbortSignal): Promise<Choice> {
    const { store, peers, patienceMs, contradictionPatienceMs, onText } = this.#options;
    const started = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const decision = this.#decide();
      if (decision.kind === 'not-allowed') throw unpinned();
      if (decision.kind === 'disputed') throw disputed(decision);
      if (decision.kind === 'chosen') {
        const choice = this.#choiceOf(decision);
        if (choice !== undefined) return choice;
      }
      if (decision.kind === 'contradicted' && performance.now() - started >= contradictionPatienceMs) {
        if (store.phase === 'unproved') await resetState(store);
        throw contradicted(decision);
      }
      if (decision.kind === 'waiting') onText(decision.text);
      if (decision.kind === 'contradicted') onText('Waiting for a peer that confirms the pinned checksum.');
      await this.#claims.refresh(peers(), { waitMs: patienceMs, signal });
      if (this.#decide().kind !== 'chosen') await sleep(pollMs, undefined, { signal });
    }
  }

  /** What is under way is finished as long as it is as good as any. */
  #decide(): ClaimDecision {
    const { store, trustedChecksums, agreeingPeers, isUnpinnedSyncAllowed } = this.#options;
    const policy: ClaimPolicy = {
      pinned: trustedChecksums.map(({ height, checksum }) => ({ height, checksum: toHex(checksum) })),
      agreeing: agreeingPeers,
      isUnpinnedAllowed: isUnpinnedSyncAllowed,
    };
    const claims = this.#claims.claims();
    const current = store.unprovedDownload();
    if (current !== undefined) {
      const same = chooseClaim(
        claims.filter(({ height }) => height === current.height),
        policy,
      );
      if (same.kind === 'chosen' && same.checksum === toHex(current.checksum)) return same;
    }
    return chooseClaim(claims, policy);
  }

  #choiceOf({ tables, basis, voters }: Extract<ClaimDecision, { readonly kind: 'chosen' }>): Choice | undefined {
    const targets = tables.map(({ table }) => this.#claims.targetOf(table)).filter((target) => target !== undefined);
    const target = targets.find((candidate) => this.#isUnderWay(candidate)) ?? targets[0];
    return target === undefined ? undefined : { target, basis, voters };
  }

  #isUnderWay(target: UnprovedTarget): boolean {
    const current = this.#options.store.unprovedDownload();
    return current !== undefined && textOf(current) === textOf(target);
  }

  /** True when the store is ready; false when another state should be downloaded instead. */
  async #download({ target, basis, voters }: Choice, signal: AbortSignal): Promise<boolean> {
    const { store, peers, onBan, requestTimeoutMs, patienceMs, refreshMs, wallMs, onText, logger } = this.#options;
    const { height } = target;
    const progress = new UnprovedProgress({
      maxBytesInFlight: this.#options.maxBytesInFlight,
      maxChunkBytes: this.#options.chunkBytes,
      maxReceivedBytes: this.#options.maxUnprovedBytes,
      requestTimeoutMs: Math.max(1, Math.floor(requestTimeoutMs / 4)),
      maxIdleMs: Math.max(1, Math.floor(requestTimeoutMs / 2)),
    });
    const another = new AbortController();
    const origin = (): StateOrigin => {
      return { basis, height, checksum: toHex(target.checksum), voters, atMs: wallMs() };
    };
    const lookForAnother = (): void => {
      const decision = this.#decide();
      const choice = decision.kind === 'chosen' ? this.#choiceOf(decision) : undefined;
      if (choice !== undefined && !this.#isUnderWay(choice.target)) another.abort();
    };
    const downloader = new UnprovedDownloader<Header>({
      ...{ store, target, progress, peers, timeoutMs: requestTimeoutMs },
      otherWrites: () => [originWrite(origin())],
      onBan: (command) => {
        const { prefix, reason, details } = command;
        this.#claims.forget(command.peer);
        onBan(command.peer, { prefix, reason, details, height });
      },
      onUnnamed: ({ type: _, ...fields }) => {
        const text =
          'unproved sync: one of several peers lied, and nothing tells which; from now on one sends all of it';
        logger.warn({ height, ...fields }, text);
      },
      onStuck: lookForAnother,
    });
    this.#progress = progress;
    this.#downloader = downloader;
    this.#joined = this.#claims.peersOf(target);
    const combined = AbortSignal.any([signal, another.signal]);
    const refresh = setInterval(
      () => {
        onText(progress.status(performance.now()).text);
        this.#claims.refresh(peers(), { waitMs: patienceMs, signal: combined }).then(
          () => {
            this.#updatePeers();
            if (this.#joined.size === 0) lookForAnother();
          },
          () => undefined,
        );
      },
      Math.min(refreshMs, 1_000),
    );
    try {
      await downloader.run(this.#joined, combined);
      this.#origin = origin();
      return true;
    } catch (error) {
      if (another.signal.aborted && !signal.aborted) return false;
      throw error;
    } finally {
      clearInterval(refresh);
      this.#downloader = undefined;
    }
  }

  /** Tells the download who takes part now. */
  #updatePeers(): void {
    const target = this.#options.store.unprovedDownload();
    if (target === undefined || this.#downloader === undefined) return;
    const now = this.#claims.peersOf(target);
    const before = this.#joined;
    this.#joined = now;
    this.#downloader.setPeers(before, now);
  }
}

function textOf({ height, checksum, parts = [] }: UnprovedTarget): string {
  return [
    height,
    toHex(checksum),
    ...parts.map((part) => `${part.prefix} ${part.records} ${part.bytes} ${toHex(part.checksum)}`),
  ].join();
}

function unpinned(): NodeError {
  return new NodeError(
    'NODE_UNPINNED_SYNC',
    'the headers of this chain carry no roots, so nothing can prove a downloaded state, and no checksum is given to compare it with. Pin ' +
      'one that you know to be right with --trusted-checksum HEIGHT:SUM; or have several peers of your choice agree with ' +
      '--agreeing-peers NUMBER; or execute all blocks with --sync block; or take the word of any peer with --allow-unpinned-sync on',
  );
}

function contradicted({ pinned, claims }: Extract<ClaimDecision, { readonly kind: 'contradicted' }>): NodeError {
  const { height, checksum } = pinned;
  const said = claims.map((claim) => `${claim.peer} says ${claim.checksum}`).join(', ');
  const trusted = formatTrustedChecksum({ height, checksum: Uint8Array.from(Buffer.from(checksum, 'hex')) });
  return new NodeError(
    'NODE_CHECKSUM_MISMATCH',
    `--trusted-checksum ${trusted} is not what any peer serves: ${said}. Either the pinned checksum is wrong, or these ` +
      'peers are: check it with somebody you trust, and connect to peers of your choice',
    { details: { height, trusted: checksum, claims } },
  );
}

function disputed({ height, claims }: Extract<ClaimDecision, { readonly kind: 'disputed' }>): NodeError {
  const said = claims.map(({ checksum, voters }) => `${checksum} by ${voters.join(' and ')}`).join('; ');
  return new NodeError(
    'NODE_CHECKSUM_DISPUTED',
    `enough configured peers agree on each of several checksums of snapshot ${height}: ${said}. Nobody can tell from ` +
      'that which is right: find out, and pin it with --trusted-checksum, or raise --agreeing-peers',
    { details: { height, claims } },
  );
}
