import type { WriteSink } from './batch-draft.js';
import { ByteArena } from './byte-arena.js';
import { type BlockEpoch, ChangeTable, type GroupDelta, none, presentMark } from './change-table.js';
import type { StoreContext } from './context.js';
import type { HashBatch } from './hasher.js';
import type { CachedRecord } from './packed-cache.js';
import type { LedgerMoves, RangeLedger, RangeMove } from './range-ledger.js';
import type { RecordChange } from './record-change.js';
import { SignedRecords } from './signed-records.js';
import type { BlockUnderWay } from './value-cache.js';

/*
 * From the changes of a block to what the store reads, hashes and writes. The bytes of a block lie in a few arenas: that of the
 * table has what is known without reading, others have the old values that were read, one for each part of the block. Reads,
 * hash batches and writes are views on them: few objects per change.
 *
 * New values are hashed while old ones are read, and each part of these as soon as it is there. A value that turns out to be what
 * it was is then added and subtracted, which leaves no trace in a sum. Meanwhile the writes of the part go into the draft of the
 * block's batch, so that committing has little left to do.
 */

const absentValue = Uint8Array.of(0);

/** Most parts of a block, and fewest changes that are worth a part of their own. */
const maxParts = 4;
const minPartChanges = 256;

/** Some rows of the table, ascending by key. */
interface Part {
  readonly rows: Uint32Array;
  /** Those of their old values that were read. */
  read: ByteArena | undefined;
}

/** Records to hash, and which group of the block each group of the batch is. */
export interface GroupedBatch {
  readonly batch: HashBatch;
  readonly groups: readonly number[];
}

/** What all changes of one state prefix do to its count and bytes. */
export interface PrefixDelta extends Pick<GroupDelta, 'prefix' | 'count' | 'bytes'> {
  /** Indexes of its groups with changes. */
  readonly groups: number[];
}

/** The net changes of one block. All that depends on old values is right when every part was begun and read. */
export class BlockChanges implements BlockUnderWay {
  readonly #context: StoreContext;
  readonly #epoch: BlockEpoch;
  readonly #ledger: RangeLedger | undefined;
  readonly #table: ChangeTable;
  readonly #parts: readonly Part[];
  /** Of which part each row is. */
  readonly #partOf: Uint8Array;

  /** Copies changes, of which the last one of a key counts. Ranges of a ledger are kept apart. */
  constructor(context: StoreContext, changes: Iterable<RecordChange>, epoch: BlockEpoch, ledger?: RangeLedger) {
    this.#context = context;
    this.#epoch = epoch;
    this.#ledger = ledger;
    this.#table = new ChangeTable(context, changes, ledger);
    const order = this.#table.order();
    const size = Math.max(minPartChanges, Math.ceil(order.length / maxParts));
    this.#parts = Array.from({ length: Math.ceil(order.length / size) }, (_, i) => ({
      rows: order.subarray(i * size, (i + 1) * size),
      read: undefined,
    }));
    this.#partOf = new Uint8Array(order.length);
    for (let rank = 0; rank < order.length; rank++) this.#partOf[order[rank] as number] = Math.floor(rank / size);
  }

  /** In how many parts it is worked on. */
  get partCount(): number {
    return this.#parts.length;
  }

  /** Prefixes in which something changes. */
  prefixDeltas(): PrefixDelta[] {
    const deltas = new Map<number, PrefixDelta>();
    for (const [group, { prefix, count, bytes, isChanged }] of this.#table.deltas.entries()) {
      if (!isChanged) continue;
      const before = deltas.get(prefix);
      const groups = before?.groups ?? [];
      groups.push(group);
      deltas.set(prefix, { prefix, count: (before?.count ?? 0) + count, bytes: (before?.bytes ?? 0) + bytes, groups });
    }
    return [...deltas.values()];
  }

  /** What the ledger is to know when the block is written, from the sums of each group; undefined without a ledger. */
  ledgerMoves(sumsOf: ReadonlyMap<number, readonly Uint8Array[]>): LedgerMoves | undefined {
    if (this.#ledger === undefined) return undefined;
    const moves: RangeMove[] = [];
    for (const [group, { cell, count, bytes, isChanged }] of this.#table.deltas.entries()) {
      if (cell !== -1 && isChanged) moves.push({ cell, count, bytes, sums: sumsOf.get(group) ?? [] });
    }
    return { grid: this.#ledger.grid, moves, unread: this.#table.unreadCells() };
  }

  /** Keys whose value really changes. */
  get changedRecords(): number {
    return this.#table.isSame.filter((isSame) => !isSame).length;
  }

  /**
   * Looks up one part in the cache, and gives what can be hashed of it before anything is read: new values, and old ones that the
   * cache knew; undefined if there are none. To be called once for each part.
   */
  begin(index: number): GroupedBatch | undefined {
    const part = this.#parts[index] as Part;
    this.#table.lookUp(this.#context, this.#epoch, part.rows);
    return this.#knownRecords(part);
  }

  /**
   * Reads the old values of a part that the cache did not know, which are then to be hashed, and which ancestral records exist: part
   * by part, so that a database with several threads uses them. To be called once for each part, when it was begun.
   */
  async read(index: number): Promise<GroupedBatch | undefined> {
    const part = this.#parts[index] as Part;
    const { rows } = part;
    const { disk } = this.#context;
    const table = this.#table;
    const unread = rows.filter((row) => table.isRead[row] === true);
    const unmarked = rows.filter((row) => table.hasAncestral(row) && table.isFirst[row] === false);
    const [values, ancestral] = await Promise.all([
      disk.getMany(Array.from(unread, (row) => table.stateKey(row))),
      disk.getMany(Array.from(unmarked, (row) => table.ancestralKey(row))),
    ]);
    for (let i = 0; i < unmarked.length; i++) {
      if (ancestral[i] !== undefined) table.ancestralStarts[unmarked[i] as number] = none;
    }
    const read = new ByteArena(this.#bytesOf(unread, values));
    part.read = read;
    const records = new SignedRecords(unread.length);
    const groups = new GroupNumbers();
    for (let i = 0; i < unread.length; i++) {
      const row = unread[i] as number;
      const value = values[i];
      if (value === undefined) {
        table.settle(row, undefined, undefined);
        continue;
      }
      const key = read.append(table.gathered.view(table.key(row)));
      read.appendByte(presentMark);
      const before = read.append(value);
      records.add(key, before, { sign: -1, group: groups.numberOf(table.groups[row] as number) });
      table.settle(row, value, before);
    }
    for (const row of rows) if (table.isSame[row] === false) this.#count(row);
    return groups.batchOf(records, read);
  }

  /** Hands over the writes of state and ancestral records. Their bytes are views that keep the whole block in memory. */
  write(sink: WriteSink): void {
    for (const i of this.#parts.keys()) this.writePart(i, sink);
  }

  /** Hands over the writes of one part, when it was read. */
  writePart(index: number, sink: WriteSink): void {
    const { rows } = this.#parts[index] as Part;
    const table = this.#table;
    for (const row of rows) {
      if (table.isSame[row] === true) continue;
      const key = table.stateKey(row);
      if (table.hasAfter(row)) sink.put(key, table.gathered.view(table.after(row)));
      else sink.del(key);
      if (table.hasAncestral(row)) sink.put(table.ancestralKey(row), this.#ancestralValue(row));
    }
  }

  /** What a key was before the block, borrowed; undefined if the block does not speak of it. To be asked when all was read. */
  before(keyText: string): CachedRecord | undefined {
    const table = this.#table;
    const row = table.rowOf(keyText);
    if (row === undefined) return undefined;
    const value = table.hasBefore(row) ? this.#arenaOfBefore(row).view(table.before(row)) : undefined;
    return { value, recordedIn: -1 };
  }

  /** Tells the cache what the block makes of its keys. */
  remember(): void {
    const { cache } = this.#context;
    const table = this.#table;
    if (this.#epoch.isFirstBlock) cache.beginEpoch(this.#epoch.height);
    for (let row = 0; row < table.size; row++) {
      if (table.isSame[row] === true) continue;
      const value = table.hasAfter(row) ? table.gathered.view(table.after(row)) : undefined;
      const record = { value, recordedIn: this.#epoch.height };
      cache.remember(table.texts[row] as string, table.hashes[row] as number, record);
    }
  }

  /** What can be hashed before anything is read. */
  #knownRecords({ rows }: Part): GroupedBatch | undefined {
    const table = this.#table;
    const records = new SignedRecords(2 * rows.length);
    const groups = new GroupNumbers();
    for (const row of rows) {
      if (table.isSame[row] === true) continue;
      const key = table.key(row);
      const group = groups.numberOf(table.groups[row] as number);
      if (table.hasBefore(row)) records.add(key, table.before(row), { sign: -1, group });
      if (table.hasAfter(row)) records.add(key, table.after(row), { sign: 1, group });
    }
    return groups.batchOf(records, table.gathered);
  }

  /** Bytes that an arena for old values will have. */
  #bytesOf(rows: Uint32Array, values: readonly (Uint8Array | undefined)[]): number {
    let bytes = 0;
    for (let i = 0; i < rows.length; i++) {
      const value = values[i];
      if (value !== undefined) bytes += this.#table.keyLength(rows[i] as number) + 1 + value.length;
    }
    return bytes;
  }

  #count(row: number): void {
    const table = this.#table;
    const delta = table.deltas[table.groups[row] as number] as GroupDelta;
    const keyLength = table.keyLength(row);
    delta.isChanged = true;
    if (table.hasBefore(row)) {
      const { start, end } = table.before(row);
      delta.count--;
      delta.bytes -= keyLength + end - start;
    }
    if (table.hasAfter(row)) {
      const { start, end } = table.after(row);
      delta.count++;
      delta.bytes += keyLength + end - start;
    }
  }

  #ancestralValue(row: number): Uint8Array {
    const table = this.#table;
    if (!table.hasBefore(row)) return absentValue;
    const { start, end } = table.before(row);
    return this.#arenaOfBefore(row).view({ start: start - 1, end });
  }

  #arenaOfBefore(row: number): ByteArena {
    if (this.#table.isRead[row] === false) return this.#table.gathered;
    const { read } = this.#parts[this.#partOf[row] as number] as Part;
    if (read === undefined) throw new Error('unreachable: the old value was not read yet');
    return read;
  }
}

/** Numbers the groups of a part in the order in which they come: its rows ascend by key, so that it has few of the ranges. */
class GroupNumbers {
  readonly #numbers = new Map<number, number>();

  numberOf(group: number): number {
    const known = this.#numbers.get(group);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(group, number);
    return number;
  }

  /** Records that lie in an arena, with these numbers; undefined if there are none. */
  batchOf(records: SignedRecords, { bytes }: ByteArena): GroupedBatch | undefined {
    if (records.count === 0) return undefined;
    return { batch: records.batch(bytes, this.#numbers.size), groups: [...this.#numbers.keys()] };
  }
}
