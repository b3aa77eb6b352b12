import type { PackedRecords } from '@hs/wire';
import { type BatchOperation, ClassicLevel } from 'classic-level';
import { AuditError, codeOf } from '../audit-error.js';
import { genesisMark, type HeaderMark } from '../chain/header-rules.js';
import type { AuditNetwork } from '../chain/networks.js';
import { type DownloadState, emptyDownload } from './download-state.js';
import type { PrefixSum } from './prefix-sum.js';
import {
  downloadPair,
  formatVersion,
  headerKey,
  headerOf,
  headerPair,
  json,
  rangeOf,
  revivedDownload,
  type SavedDownload,
  type SavedSum,
  type StoredPair,
  stateEnd,
  stateKey,
  table,
} from './store-format.js';

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type Operation = BatchOperation<Database, Uint8Array, Uint8Array>;

const maxBatchBytes = 8 * 1024 * 1024;

/**
 * Everything that an audit keeps, in one LevelDB: marks of headers, the records of the state, how far their download is, and the sums of
 * prefixes that are computed. What is written of a chunk before its progress is written counts for nothing: opening the store deletes it.
 */
export class AuditStore {
  readonly #db: Database;
  #download: DownloadState;

  private constructor(db: Database, download: DownloadState) {
    this.#db = db;
    this.#download = download;
  }

  /** @throws AuditError `AUDIT_STORE_UNUSABLE`, `AUDIT_STORE_FAILED` */
  static async open(folder: string, network: AuditNetwork): Promise<AuditStore> {
    const db: Database = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
    try {
      await db.open();
    } catch (error) {
      const cause = (error as { readonly cause?: unknown }).cause;
      const why = codeOf(cause) === 'LEVEL_LOCKED' ? 'another process is using it' : String((cause as Error) ?? error);
      throw new AuditError('AUDIT_STORE_UNUSABLE', `cannot open the data folder ${folder}: ${why}`, { cause: error });
    }
    try {
      return await guarded(() => AuditStore.#prepare(db, folder, network));
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  static async #prepare(db: Database, folder: string, network: AuditNetwork): Promise<AuditStore> {
    const expected = { formatVersion, network: network.name, proofOfStakeHeight: network.proofOfStakeHeight };
    const known = await readJson(db, table.format);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(expected)) {
      const said = JSON.stringify(known);
      throw new AuditError(
        'AUDIT_STORE_UNUSABLE',
        `the data folder ${folder} is of another audit (${said}); take another folder, or delete this one`,
      );
    }
    if (known === undefined) {
      await db.batch([
        put({ key: Uint8Array.of(table.format), value: json(expected) }),
        put(headerPair(genesisMark(network))),
      ]);
    }
    const saved = (await readJson(db, table.download)) as SavedDownload | undefined;
    const store = new AuditStore(db, saved === undefined ? emptyDownload : revivedDownload(saved));
    if (saved?.isClearing === true) await store.#clearState();
    else await store.#trim();
    return store;
  }

  get download(): DownloadState {
    return this.#download;
  }

  /** The newest header. */
  async tip(): Promise<HeaderMark> {
    return guarded(async () => {
      const [entry] = await this.#db.iterator({ ...rangeOf(table.header), reverse: true, limit: 1 }).all();
      return headerOf(entry as [Uint8Array, Uint8Array]);
    });
  }

  async header(height: number): Promise<HeaderMark | undefined> {
    return guarded(async () => {
      const key = headerKey(height);
      const value = await this.#db.get(key);
      return value === undefined ? undefined : headerOf([key, value]);
    });
  }

  /** Appends headers that follow each other, in place of any that are there from the first one's height on. */
  async putHeaders(marks: readonly HeaderMark[]): Promise<void> {
    const [first] = marks;
    if (first === undefined) return;
    await guarded(async () => {
      const stale: Operation[] = [];
      for await (const key of this.#db.keys({
        gt: headerKey((marks.at(-1) as HeaderMark).height),
        lt: Uint8Array.of(table.header + 1),
      })) {
        stale.push({ type: 'del', key });
      }
      await this.#db.batch([...stale, ...marks.map((mark) => put(headerPair(mark)))]);
    });
  }

  async record(key: Uint8Array): Promise<Uint8Array | undefined> {
    return guarded(() => this.#db.get(stateKey(key)));
  }

  /** Writes the records of a chunk, and last, with the last of them, how far the download is. */
  async putChunk({ bytes, offsets }: PackedRecords, download: DownloadState): Promise<void> {
    await guarded(async () => {
      let operations: Operation[] = [];
      let size = 0;
      for (let at = 0; at < offsets.length; at += 4) {
        const [keyStart = 0, keyEnd = 0, valueStart = 0, valueEnd = 0] = offsets.subarray(at, at + 4);
        const key = stateKey(bytes.subarray(keyStart, keyEnd));
        operations.push({ type: 'put', key, value: bytes.subarray(valueStart, valueEnd) });
        size += keyEnd - keyStart + valueEnd - valueStart;
        if (size < maxBatchBytes) continue;
        await this.#db.batch(operations);
        operations = [];
        size = 0;
      }
      await this.#db.batch([...operations, put(downloadPair(download))], { sync: true });
      this.#download = download;
    });
  }

  /** Gives up the state that is there. */
  async startOver(restarts: number): Promise<void> {
    await guarded(async () => {
      this.#download = { ...emptyDownload, restarts };
      await this.#clearState();
    });
  }

  /** Records of a prefix, in the order of their keys. Both byte strings belong to the caller. */
  async *records(prefix: number, signal: AbortSignal): AsyncGenerator<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const iterator = this.#db.iterator({
      gte: stateKey(Uint8Array.of(prefix)),
      lt: stateEnd(prefix),
      highWaterMarkBytes: 1024 * 1024,
    });
    try {
      for (;;) {
        signal.throwIfAborted();
        const entries = await guarded(() => iterator.nextv(4096));
        if (entries.length === 0) return;
        yield entries.map(([key, value]) => [key.subarray(1), value] as const);
      }
    } finally {
      await iterator.close();
    }
  }

  async prefixSum(prefix: number, height: number): Promise<PrefixSum | undefined> {
    const found = (await guarded(() => readJson(this.#db, table.sum, prefix))) as SavedSum | undefined;
    return found?.height === height ? found.sum : undefined;
  }

  async putPrefixSum(sum: PrefixSum, height: number): Promise<void> {
    const saved: SavedSum = { height, sum };
    await guarded(() => this.#db.put(Uint8Array.of(table.sum, sum.prefix), json(saved)));
  }

  async forgetSums(): Promise<void> {
    await guarded(() => this.#db.clear(rangeOf(table.sum)));
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  /** Deletes what a chunk left behind whose progress was never written. */
  async #trim(): Promise<void> {
    const { prefix, lastKey } = this.#download.progress;
    if (prefix === undefined) return;
    const from = stateKey(lastKey ?? Uint8Array.of(prefix));
    const range = lastKey === undefined ? { gte: from } : { gt: from };
    await this.#db.clear({ ...range, lt: Uint8Array.of(table.sum) });
  }

  /** Marked as begun until it is done, so that an end in between leaves nothing of the old state. */
  async #clearState(): Promise<void> {
    await this.#db.batch([put(downloadPair(this.#download, true))], { sync: true });
    await this.#db.clear({ gte: Uint8Array.of(table.state), lt: Uint8Array.of(table.end) });
    await this.#db.batch([put(downloadPair(this.#download))], { sync: true });
  }
}

function put(pair: StoredPair): Operation {
  return { type: 'put', ...pair };
}

async function readJson(db: Database, ...key: readonly number[]): Promise<unknown> {
  const value = await db.get(Uint8Array.from(key));
  return value === undefined ? undefined : JSON.parse(new TextDecoder().decode(value));
}

/** @throws AuditError `AUDIT_STORE_FAILED` in place of what the database throws */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuditError) throw error;
    const cause = (error as { readonly cause?: Error }).cause ?? (error as Error);
    throw new AuditError('AUDIT_STORE_FAILED', `the data folder cannot be read or written: ${cause.message}`, {
      cause: error,
    });
  }
}
