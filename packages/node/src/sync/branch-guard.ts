import type { StateStore } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import type { Chain } from '../chain/chain.js';
import type { ChainStore } from '../chain/chain-store.js';
import type { Logger } from '../logger.js';
import { NodeError } from '../node-error.js';
import { dropBranch } from './drop-branch.js';
import { type Equivocation, equivocationWrite, readEquivocations, split } from './equivocation.js';
import { formatTrustedRoot, isTrusted, type TrustedRoot, untrusted } from './trusted-roots.js';

export interface BranchGuardOptions<Header> {
  readonly store: StateStore;
  readonly chain: Chain<Header>;
  readonly chainStore: ChainStore<Header>;
  readonly trustedRoots: readonly TrustedRoot[];
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  readonly logger: Logger;
}

/** What a node trusts beyond the rules of its chain, and what it has seen of splits. */
export interface TrustStatus {
  /** Each with whether a header at its height is stored here, which then is the one it names. */
  readonly trustedRoots: readonly { readonly trustedRoot: string; readonly isReached: boolean }[];
  readonly equivocations: readonly Equivocation[];
}

/**
 * Keeps a node on the branch that its operator trusts.
 *
 * Producers that sign two headers of one height split the chain, and no node can tell which branch is right. So the node
 * stops at the proof, keeps it, and does not start again until a trusted root says which of the two headers counts. The
 * other one is refused from then on, with everything that stands on it.
 */
export class BranchGuard<Header> {
  readonly #options: BranchGuardOptions<Header>;
  readonly #trusted: ReadonlyMap<number, readonly TrustedRoot[]>;
  #equivocations: Equivocation[] = [];
  #refused: ReadonlySet<string> = new Set();

  private constructor(options: BranchGuardOptions<Header>) {
    this.#options = options;
    const byHeight = new Map<number, TrustedRoot[]>();
    for (const root of options.trustedRoots) byHeight.set(root.height, [...(byHeight.get(root.height) ?? []), root]);
    this.#trusted = byHeight;
  }

  /**
   * Checks what is stored against the trusted roots, and settles splits that they decide.
   *
   * @throws NODE_EQUIVOCATION if a split is undecided
   * @throws NODE_TRUSTED_ROOT_MISMATCH if a stored header is not the one that a trusted root names
   * @throws NODE_CONFIGURATION if the headers of the chain carry no state root
   */
  static async open<Header>(options: BranchGuardOptions<Header>): Promise<BranchGuard<Header>> {
    const guard = new BranchGuard(options);
    guard.#take(await readEquivocations(options.store));
    for (const equivocation of guard.#equivocations) await guard.#settle(equivocation);
    await guard.#checkStored();
    return guard;
  }

  status(): TrustStatus {
    const { trustedRoots, chainStore } = this.#options;
    return {
      trustedRoots: trustedRoots.map((root) => ({
        trustedRoot: formatTrustedRoot(root),
        isReached: root.height <= chainStore.tipHeight,
      })),
      equivocations: this.#equivocations,
    };
  }

  /** True if this header was ruled out by a trusted root. */
  isRefused(hash: Uint8Array): boolean {
    return this.#refused.has(toHex(hash));
  }

  /**
   * Checks a header that follows the rules of the chain, before it is stored.
   *
   * @throws NODE_TRUSTED_ROOT_MISMATCH, NODE_BRANCH_REFUSED
   */
  check(header: Header): void {
    const { chain } = this.#options;
    const { height } = chain.describeHeader(header);
    if (this.#refused.size > 0 && this.isRefused(chain.hashHeader(header))) throw branchRefused(height);
    for (const root of this.#trusted.get(height) ?? []) {
      const where = `header ${height}, which a peer sent`;
      if (!isTrusted(root, header, chain)) throw untrusted(root, { header, chain, where });
    }
  }

  /** Keeps the proof of a split, and gives the error that stops the node. */
  async split(
    height: number,
    headers: { readonly ours: Header; readonly theirs: Header; readonly peer: string },
  ): Promise<NodeError> {
    const { chain, store, wallMs, logger } = this.#options;
    const { ours, theirs, peer } = headers;
    const rootOf = (header: Header) => {
      const { stateRoot } = chain.describeHeader(header);
      return stateRoot === undefined ? null : toHex(stateRoot);
    };
    const equivocation: Equivocation = {
      height,
      ours: toHex(chain.headerCodec.encode(ours)),
      ourHash: toHex(chain.hashHeader(ours)),
      ourStateRoot: rootOf(ours),
      theirs: toHex(chain.headerCodec.encode(theirs)),
      theirHash: toHex(chain.hashHeader(theirs)),
      theirStateRoot: rootOf(theirs),
      producerKey: toHex(chain.describeHeader(theirs).producerKey),
      peer,
      seenAtMs: wallMs(),
      refusedHash: null,
    };
    await store.write([equivocationWrite(equivocation)]);
    this.#take([...this.#equivocations, equivocation]);
    logger.error({ equivocation }, 'two valid headers of one height');
    return split(equivocation);
  }

  /** The refusal of a header that was ruled out, for whoever sent it. */
  refusal(height: number): NodeError {
    return branchRefused(height);
  }

  #take(equivocations: readonly Equivocation[]): void {
    this.#equivocations = [...equivocations].sort((a, b) => a.height - b.height);
    this.#refused = new Set(this.#equivocations.flatMap(({ refusedHash }) => refusedHash ?? []));
  }

  async #settle(equivocation: Equivocation): Promise<void> {
    const { store, chainStore, logger } = this.#options;
    const { height, ourHash, theirHash } = equivocation;
    let { refusedHash } = equivocation;
    if (refusedHash === null) {
      // A split on top of a branch that was given up meanwhile is no question any more.
      if (!(await this.#isStored(height, ourHash))) return;
      refusedHash = await this.#decide(equivocation);
      // Written before anything is taken back: a crash in the middle must not ask the operator again.
      const settled = { ...equivocation, refusedHash };
      await store.write([equivocationWrite(settled)]);
      this.#take(this.#equivocations.map((other) => (other === equivocation ? settled : other)));
      logger.warn({ height, refusedHash }, 'a trusted root has decided which branch to follow');
    }
    if (refusedHash !== ourHash || !(await this.#isStored(height, ourHash))) return;
    logger.warn({ height, from: chainStore.tipHeight }, 'the branch that is refused is taken back');
    await dropBranch(this.#options, height);
    await chainStore.append([this.#decode(equivocation.theirs)]);
    logger.info({ height, hash: theirHash }, 'following the other branch');
  }

  /** Hash of the header to refuse. */
  async #decide(equivocation: Equivocation): Promise<string> {
    const { chain, chainStore, trustedRoots } = this.#options;
    const { height, ourHash, theirHash } = equivocation;
    const [ours, theirs] = [this.#decode(equivocation.ours), this.#decode(equivocation.theirs)];
    for (const root of trustedRoots) {
      if (root.height === height) {
        const [isOurs, isTheirs] = [isTrusted(root, ours, chain), isTrusted(root, theirs, chain)];
        if (isOurs && isTheirs) continue;
        if (!isOurs && !isTheirs) {
          const where = `neither of the two headers at height ${height} is trusted: the one stored here`;
          throw untrusted(root, { header: ours, chain, where });
        }
        return isOurs ? theirHash : ourHash;
      }
      if (root.height > height && root.height <= chainStore.tipHeight) {
        return isTrusted(root, await chainStore.headerAt(root.height), chain) ? theirHash : ourHash;
      }
    }
    throw split(equivocation);
  }

  async #isStored(height: number, hash: string): Promise<boolean> {
    const { chainStore } = this.#options;
    return height <= chainStore.tipHeight && toHex(await chainStore.hashAt(height)) === hash;
  }

  async #checkStored(): Promise<void> {
    const { chain, chainStore, trustedRoots } = this.#options;
    for (const root of trustedRoots) {
      if (root.height > chainStore.tipHeight) continue;
      const header = await chainStore.headerAt(root.height);
      const where = `header ${root.height}, which is stored here`;
      if (!isTrusted(root, header, chain)) throw untrusted(root, { header, chain, where });
    }
  }

  #decode(hex: string): Header {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
    return this.#options.chain.headerCodec.decode(bytes, 0).header;
  }
}

function branchRefused(height: number): NodeError {
  const message = `header ${height} is of a branch that a trusted root has ruled out`;
  return new NodeError('NODE_BRANCH_REFUSED', message, { details: { height } });
}
