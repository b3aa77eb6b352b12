import { statSync } from 'node:fs';
import { type RangeSource, SnapshotFile, type SnapshotHead, type StateStore, storeSource } from '@hs/ancestral-records';
import { stateRoot } from '@hs/ellipticsum';
import { NodeError } from '../node-error.js';
import { openDatabase, openStateStore } from '../state/open-state.js';
import type { OfflineNode } from './offline-node.js';
import { openSnapshot } from './open-snapshot.js';

/** Where replacements for damaged ranges are taken from. */
export interface RepairSource extends RangeSource {
  /** For messages. */
  readonly name: string;
  /** The head of a snapshot file; undefined for the database of another node. */
  readonly head: SnapshotHead | undefined;
}

/**
 * Opens snapshot files, URLs of such, and folders of other nodes' databases, for as long as `work` takes.
 *
 * @throws NODE_CONFIGURATION if a source cannot be read in any order
 */
export async function withRepairSources<Result>(
  names: readonly string[],
  options: {
    readonly node: Pick<OfflineNode, 'chain' | 'hasher'>;
    /** The snapshot that is asked of databases; the newest that they have if it is left out. */
    readonly height: number | undefined;
    readonly signal: AbortSignal;
  },
  work: (sources: readonly RepairSource[]) => Promise<Result>,
): Promise<Result> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const sources: RepairSource[] = [];
    for (const name of names) {
      sources.push(await (isFolder(name) ? openFolder(name, options, closers) : openFile(name, options, closers)));
    }
    return await work(sources);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function openFile(
  name: string,
  { node, signal }: { readonly node: Pick<OfflineNode, 'chain'>; readonly signal: AbortSignal },
  closers: (() => Promise<void>)[],
): Promise<RepairSource> {
  const file = await openSnapshot(name, { identity: node.chain.genesisHash, signal });
  closers.push(() => file.close());
  if (!(file instanceof SnapshotFile)) {
    const message = `${name} can only be read from its beginning to its end: save it to a file first`;
    throw new NodeError('NODE_CONFIGURATION', message, { details: { source: name } });
  }
  const { manifest } = file;
  return { name, head: file, manifest, readRange: (index, given) => file.readRange(index, given) };
}

async function openFolder(
  name: string,
  { node, height }: { readonly node: Pick<OfflineNode, 'chain' | 'hasher'>; readonly height: number | undefined },
  closers: (() => Promise<void>)[],
): Promise<RepairSource> {
  const database = await openDatabase(name, { mustExist: true });
  closers.push(() => database.close());
  const store = await openStateStore(database, { chain: node.chain, hasher: node.hasher, stateRoot });
  closers.push(() => store.close());
  const source = storeSource(store, await store.manifest(snapshotHeight(store, name, height)));
  return { name, head: undefined, ...source };
}

function snapshotHeight(store: StateStore, name: string, height: number | undefined): number {
  const heights = store.snapshots().map((snapshot) => snapshot.height);
  const chosen = height ?? heights.at(-1);
  if (chosen !== undefined && heights.includes(chosen)) return chosen;
  const kept = heights.length === 0 ? 'none' : heights.join(', ');
  const message = `the database in ${name} does not keep snapshot ${height}; it keeps ${kept}`;
  throw new NodeError('NODE_CONFIGURATION', message, { details: { source: name, snapshots: heights } });
}
