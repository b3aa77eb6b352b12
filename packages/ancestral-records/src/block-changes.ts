import { ByteArena, type Span } from './byte-arena.js';
import type { StoreContext } from './context.js';
import type { DatabaseWrite } from './database.js';
import type { HashBatch } from './hasher.js';
import { ancestralKey, recordKeyOffset, stateKey } from './layout.js';
import { checkStateRecord, type RecordChange } from './record-change.js';
import { SignedRecords } from './signed-records.js';

/*
 * From the changes of a block to what the store reads, hashes and writes. The bytes of a block lie in a few arenas: `gathered` has
 * what is known without reading (database keys, new values, cached old values), others have the old values that were read, one for each
 * part of the reading. Reads, hash batches and writes are views on them: few objects per change, and each byte is copied once.
 *
 * New values are hashed while old ones are read, and each part of these as soon as it is there. A value that turns out to be what
 * it was is then added and subtracted, which leaves no trace in a sum.
 */

/** The net change of one key. */
interface Change {
  readonly text: string;
  readonly group: number;
  /** The record key in `gathered`; with the tag before it, it is the database key of the state record. */
  readonly key: Span;
  /** The new value in `gathered`; undefined if the record is deleted. */
  after: Span | undefined;
  /** The old value, if there is one: in the arena of its part if `isRead`, else in `gathered`. With the mark before it, it is the ancestral value. */
  before: Span | undefined;
  isRead: boolean;
  /** The database key of the ancestral record in `gathered`; undefined if that exists already. */
  ancestral: Span | undefined;
  /** True if that surely does not exist. */
  isFirst: boolean;
  /** True if the old value is known to be the new one. */
  isSame: boolean;
}

/** What the changes of one state prefix do to its count and bytes. */
export interface PrefixDelta {
  readonly prefix: number;
  count: number;
  bytes: number;
  /** False if all its changes leave the values as they were. */
  isChanged: boolean;
}

const noBytes = new Uint8Array(0);
const stateTag = stateKey(noBytes);
const absentValue = Uint8Array.of(0);
const presentMark = 1;

/** Most parts of the reading of a block, and fewest changes that are worth a part of their own. */
const readParts = 4;
const minPartChanges = 256;

/** The net changes of one block. All that depends on old values is right when the parts of `readOldValues` have resolved. */
export class BlockChanges {
  readonly #context: StoreContext;
  readonly #epoch: number;
  readonly #isFirstBlock: boolean;
  readonly #gathered = new ByteArena(64 * 1024);
  readonly #changes: Change[] = [];
  readonly #deltas: PrefixDelta[] = [];
  /** The writes of each part, in the order of the parts. */
  readonly #writes: DatabaseWrite[][] = [];

  /** Copies changes, of which the last one of a key counts, and looks up what the cache knows. */
  constructor(
    context: StoreContext,
    changes: Iterable<RecordChange>,
    epoch: { readonly height: number; readonly isFirstBlock: boolean },
  ) {
    this.#context = context;
    this.#epoch = epoch.height;
    this.#isFirstBlock = epoch.isFirstBlock;
    this.#gather(changes);
    this.#lookUp();
  }

  /** One for each prefix of a change: their indexes are the groups of the hash batches. */
  get deltas(): readonly PrefixDelta[] {
    return this.#deltas;
  }

  /** False if the cache knows already that nothing changes. */
  get hasUnsettled(): boolean {
    return this.#changes.some(({ isSame }) => !isSame);
  }

  /** Keys whose value really changes. */
  get changedRecords(): number {
    let count = 0;
    for (const { isSame } of this.#changes) if (!isSame) count++;
    return count;
  }

  /** What can be hashed before anything is read: new values, and cached old ones. */
  knownRecords(): HashBatch {
    const records = new SignedRecords(2 * this.#changes.length);
    for (const { key, before, after, group, isSame } of this.#changes) {
      if (isSame) continue;
      if (before !== undefined) records.add(key, before, { sign: -1, group });
      if (after !== undefined) records.add(key, after, { sign: 1, group });
    }
    return records.batch(this.#gathered.bytes, this.#deltas.length);
  }

  /**
   * Reads old values that the cache did not know, and which ancestral records exist, in parts side by side, so that a database
   * with several threads uses them. Each part resolves to what is to be hashed then, if anything. To be called once.
   */
  readOldValues(): readonly Promise<HashBatch | undefined>[] {
    // Databases read and write neighbours faster.
    const sorted = [...this.#changes].sort((a, b) => (a.text < b.text ? -1 : 1));
    const size = Math.max(minPartChanges, Math.ceil(sorted.length / readParts));
    const parts: Promise<HashBatch | undefined>[] = [];
    for (let at = 0; at < sorted.length; at += size) parts.push(this.#readPart(sorted.slice(at, at + size)));
    return parts;
  }

  /** The writes of state and ancestral records. Their bytes are views that keep the whole block in memory. */
  writes(): DatabaseWrite[] {
    return this.#writes.flat();
  }

  /** Tells the cache what the block, now written, made of its keys. */
  remember(): void {
    const { cache } = this.#context;
    if (this.#isFirstBlock) cache.beginEpoch(this.#epoch);
    for (const { text, after, isSame } of this.#changes) {
      if (!isSame) cache.remember(text, after && this.#gathered.text(after), this.#epoch);
    }
  }

  #gather(changes: Iterable<RecordChange>): void {
    const gathered = this.#gathered;
    const byText = new Map<string, Change>();
    const groups = new Map<number, number>();
    for (const { key: recordKey, value } of changes) {
      checkStateRecord(this.#context.parameters, recordKey, value);
      const { start } = gathered.append(stateTag);
      const key = gathered.append(recordKey);
      const text = gathered.text(key);
      let change = byText.get(text);
      if (change === undefined) {
        const prefix = recordKey[0] as number;
        let group = groups.get(prefix);
        if (group === undefined) {
          group = this.#deltas.push({ prefix, count: 0, bytes: 0, isChanged: false }) - 1;
          groups.set(prefix, group);
        }
        change = {
          text,
          group,
          key,
          after: undefined,
          before: undefined,
          isRead: true,
          ancestral: undefined,
          isFirst: false,
          isSame: false,
        };
        byText.set(text, change);
        this.#changes.push(change);
      } else {
        gathered.truncate(start);
      }
      change.after = value && gathered.append(value);
    }
  }

  #lookUp(): void {
    const { cache } = this.#context;
    const gathered = this.#gathered;
    const ancestralTag = ancestralKey(this.#epoch, noBytes);
    for (const change of this.#changes) {
      const known = cache.lookUp(change.text);
      if (known !== undefined) {
        change.isRead = false;
        if (known.valueText !== undefined) {
          gathered.appendByte(presentMark);
          change.before = gathered.appendText(known.valueText);
        }
        change.isSame = this.#isSame(change.after, change.before && gathered.view(change.before));
      }
      if (change.isSame || known?.recordedIn === this.#epoch) continue;
      const { start } = gathered.append(ancestralTag);
      change.ancestral = { start, end: gathered.appendSpan(change.key).end };
      change.isFirst = this.#isFirstBlock || cache.isUnrecorded(change.text, this.#epoch);
    }
  }

  async #readPart(changes: readonly Change[]): Promise<HashBatch | undefined> {
    const { disk } = this.#context;
    const gathered = this.#gathered;
    const writes: DatabaseWrite[] = [];
    this.#writes.push(writes);
    const unread = changes.filter(({ isRead }) => isRead);
    const unmarked = changes.filter(({ ancestral, isFirst }) => ancestral !== undefined && !isFirst);
    const [values, ancestral] = await Promise.all([
      disk.getMany(unread.map(({ key }) => this.#stateKey(key))),
      disk.getMany(unmarked.map((change) => gathered.view(change.ancestral as Span))),
    ]);
    for (const [i, change] of unmarked.entries()) if (ancestral[i] !== undefined) change.ancestral = undefined;
    const read = new ByteArena(64 * 1024);
    const records = new SignedRecords(unread.length);
    for (const [i, change] of unread.entries()) {
      const value = values[i];
      if (value !== undefined) {
        const key = read.append(gathered.view(change.key));
        read.appendByte(presentMark);
        change.before = read.append(value);
        records.add(key, change.before, { sign: -1, group: change.group });
      }
      change.isSame = this.#isSame(change.after, value);
    }
    for (const change of changes) {
      if (change.isSame) continue;
      this.#count(change);
      this.#write(change, change.isRead ? read : gathered, writes);
    }
    return records.count === 0 ? undefined : records.batch(read.bytes, this.#deltas.length);
  }

  #isSame(after: Span | undefined, before: Uint8Array | undefined): boolean {
    return after === undefined ? before === undefined : before !== undefined && this.#gathered.equals(after, before);
  }

  #stateKey({ start, end }: Span): Uint8Array {
    return this.#gathered.view({ start: start - recordKeyOffset, end });
  }

  #count({ key, before, after, group }: Change): void {
    const delta = this.#deltas[group] as PrefixDelta;
    delta.isChanged = true;
    if (before !== undefined) {
      delta.count--;
      delta.bytes -= lengthOf(key) + lengthOf(before);
    }
    if (after !== undefined) {
      delta.count++;
      delta.bytes += lengthOf(key) + lengthOf(after);
    }
  }

  /** `old` is the arena of the old value. */
  #write({ key: recordKey, after, before, ancestral }: Change, old: ByteArena, writes: DatabaseWrite[]): void {
    const gathered = this.#gathered;
    const key = this.#stateKey(recordKey);
    writes.push(after === undefined ? { type: 'del', key } : { type: 'put', key, value: gathered.view(after) });
    if (ancestral === undefined) return;
    const value = before === undefined ? absentValue : old.view({ start: before.start - 1, end: before.end });
    writes.push({ type: 'put', key: gathered.view(ancestral), value });
  }
}

function lengthOf({ start, end }: Span): number {
  return end - start;
}
