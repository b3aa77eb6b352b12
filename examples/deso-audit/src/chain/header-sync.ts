import { AuditError } from '../audit-error.js';
import type { NodeConnection } from '../network/node-connection.js';
import type { AuditStore } from '../state/store.js';
import { checkHeader, type HeaderMark } from './header-rules.js';
import { locatorHeights } from './locator.js';
import type { AuditNetwork } from './networks.js';

/** Where the node's chain ends. */
export interface ChainTips {
  /** The newest header that it has given. */
  readonly header: HeaderMark;
  /** Its best block, as it says. */
  readonly blockHeight: number;
}

/** What a header sync needs besides the store and the connection. */
export interface HeaderSyncOptions {
  readonly network: AuditNetwork;
  readonly onProgress: (tip: HeaderMark) => void;
}

/** Hashing headers must not keep the connection waiting, nor a person who wants to stop. */
const headersPerTurn = 200;
/** A node may leave its newest headers for others that are as many or fewer, but not over and over. */
const maxShorterBranches = 3;
const noStop = new Uint8Array(32);

/**
 * Downloads the headers that the store lacks, checks each, and follows the node onto another branch if it has left the one in the store.
 *
 * @throws AuditError `AUDIT_OTHER_CHAIN`, `AUDIT_HEADER_INVALID`, and what the connection and the store throw
 */
export async function syncHeaders(
  connection: NodeConnection,
  store: AuditStore,
  options: HeaderSyncOptions,
): Promise<ChainTips> {
  for (let shorterBranches = 0; ; ) {
    const tip = await store.tip();
    const locator = await Promise.all(locatorHeights(tip.height).map(async (height) => hashAt(store, height)));
    const request = { type: 'get-headers' as const, stopHash: noStop, locator };
    const { headers, tipHeight } = await connection.request(request, 'header-bundle');
    const [first] = headers;
    if (first === undefined) {
      if (tipHeight > tip.height) {
        throw new AuditError(
          'AUDIT_OTHER_CHAIN',
          `the node has blocks up to ${tipHeight}, but no header after any that this audit knows up to ${tip.height}: its chain has another ` +
            'genesis block, or its headers are not ready',
        );
      }
      return { header: tip, blockHeight: tipHeight };
    }
    let parent = first.height > tip.height ? tip : await store.header(first.height - 1);
    if (parent === undefined)
      throw new AuditError('AUDIT_HEADER_INVALID', `the first header says height ${first.height}`);
    const marks: HeaderMark[] = [];
    for (const [index, header] of headers.entries()) {
      parent = checkHeader(header, { parent, network: options.network, nowMs: Date.now() });
      marks.push(parent);
      if (index % headersPerTurn === headersPerTurn - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    if (parent.height <= tip.height && ++shorterBranches > maxShorterBranches) {
      throw new AuditError('AUDIT_HEADER_INVALID', 'the node goes back and forth between branches of its chain');
    }
    await store.putHeaders(marks);
    options.onProgress(parent);
  }
}

async function hashAt(store: AuditStore, height: number): Promise<Uint8Array> {
  const mark = await store.header(height);
  if (mark === undefined)
    throw new AuditError('AUDIT_STORE_UNUSABLE', `the data folder has no header ${height}; delete it`);
  return mark.hash;
}
