import { ByteArena, type Span } from './byte-arena.js';
import type { StoreContext } from './context.js';
import { ancestralKey, ancestralKeyOffset, recordKeyOffset, stateKey } from './layout.js';
import { checkStateRecord, type RecordChange } from './record-change.js';

/** Where there is no span: a deleted record, an absent value, an ancestral record that exists already. */
export const none: number = -1;

const noBytes = new Uint8Array(0);
const stateTag = stateKey(noBytes);
export const presentMark = 1;

/** What the changes of one state prefix do to its count and bytes. */
export interface PrefixDelta {
  readonly prefix: number;
  count: number;
  bytes: number;
  /** False if all its changes leave the values as they were. */
  isChanged: boolean;
}

/** Which ancestral records a block writes. */
export interface BlockEpoch {
  /** Its snapshot height. */
  readonly height: number;
  readonly isFirstBlock: boolean;
}

/**
 * The net changes of a block, and what is known of each without reading: one row for each key, in columns of numbers, because
 * an object for each change, alive until the block is written, costs more than everything that is done with it. All bytes lie
 * in one arena, and each is copied into it once.
 */
export class ChangeTable {
  /** Database keys, new values, and old values that the cache knew. */
  readonly gathered: ByteArena = new ByteArena(64 * 1024);
  /** Record keys with one character per byte. */
  readonly texts: string[] = [];
  /** Indexes of the deltas. */
  readonly groups: number[] = [];
  readonly deltas: PrefixDelta[] = [];
  /** Record keys in `gathered`; with the tag before it, each is the database key of the state record. */
  readonly keyStarts: number[] = [];
  readonly keyEnds: number[] = [];
  /** New values in `gathered`; starts at `none` if the record is deleted. */
  readonly afterStarts: number[] = [];
  readonly afterEnds: number[] = [];
  /** Old values; starts at `none` if there is none. With the mark before it, each is the ancestral value. */
  readonly beforeStarts: number[] = [];
  readonly beforeEnds: number[] = [];
  /** Database keys of ancestral records in `gathered`; `none` if there is nothing to write. */
  readonly ancestralStarts: number[] = [];
  /** True if the cache did not know the old value: it is read, and lies in the arena of its part. */
  readonly isRead: boolean[] = [];
  /** True if there is surely no ancestral record. */
  readonly isFirst: boolean[] = [];
  /** True if the old value is known to be the new one. */
  readonly isSame: boolean[] = [];

  /** Copies changes, of which the last one of a key counts, and looks up what the cache knows. */
  constructor(context: StoreContext, changes: Iterable<RecordChange>, epoch: BlockEpoch) {
    this.#gather(context, changes);
    this.#lookUp(context, epoch);
  }

  get size(): number {
    return this.texts.length;
  }

  /** Rows ascending by key: databases read and write neighbours faster. */
  order(): Uint32Array {
    const { texts } = this;
    // Most keys differ in the first bytes, and numbers compare faster than strings.
    const heads = Float64Array.from(texts, headOf);
    const rows = Uint32Array.from(heads, (_, row) => row);
    return rows.sort((a, b) => {
      const order = (heads[a] as number) - (heads[b] as number);
      return order || ((texts[a] as string) < (texts[b] as string) ? -1 : 1);
    });
  }

  key(row: number): Span {
    return { start: this.keyStarts[row] as number, end: this.keyEnds[row] as number };
  }

  /** The new value, which there must be. */
  after(row: number): Span {
    return { start: this.afterStarts[row] as number, end: this.afterEnds[row] as number };
  }

  /** The old value, which there must be. */
  before(row: number): Span {
    return { start: this.beforeStarts[row] as number, end: this.beforeEnds[row] as number };
  }

  hasAfter(row: number): boolean {
    return this.afterStarts[row] !== none;
  }

  hasBefore(row: number): boolean {
    return this.beforeStarts[row] !== none;
  }

  hasAncestral(row: number): boolean {
    return this.ancestralStarts[row] !== none;
  }

  stateKey(row: number): Uint8Array {
    return this.gathered.view({
      start: (this.keyStarts[row] as number) - recordKeyOffset,
      end: this.keyEnds[row] as number,
    });
  }

  /** The database key of the ancestral record to write, which there must be. */
  ancestralKey(row: number): Uint8Array {
    const start = this.ancestralStarts[row] as number;
    const keyLength = (this.keyEnds[row] as number) - (this.keyStarts[row] as number);
    return this.gathered.view({ start, end: start + ancestralKeyOffset + keyLength });
  }

  /** Takes note of an old value, or of its absence, and whether it is the new one. `span` is where its arena has it. */
  settle(row: number, value: Uint8Array | undefined, span: Span | undefined): void {
    this.beforeStarts[row] = span === undefined ? none : span.start;
    this.beforeEnds[row] = span === undefined ? none : span.end;
    this.isSame[row] = this.hasAfter(row)
      ? value !== undefined && this.gathered.equals(this.after(row), value)
      : value === undefined;
  }

  #gather({ parameters }: StoreContext, changes: Iterable<RecordChange>): void {
    const { gathered } = this;
    const rows = new Map<string, number>();
    const groups = new Map<number, number>();
    for (const { key, value } of changes) {
      checkStateRecord(parameters, key, value);
      const { start } = gathered.append(stateTag);
      const span = gathered.append(key);
      const text = gathered.text(span);
      let row = rows.get(text);
      if (row === undefined) {
        row = this.texts.length;
        rows.set(text, row);
        this.#append(text, span, this.#groupOf(key[0] as number, groups));
      } else {
        gathered.truncate(start);
      }
      this.afterStarts[row] = value === undefined ? none : gathered.append(value).start;
      this.afterEnds[row] = gathered.length;
    }
  }

  #groupOf(prefix: number, groups: Map<number, number>): number {
    let group = groups.get(prefix);
    if (group === undefined) {
      group = this.deltas.push({ prefix, count: 0, bytes: 0, isChanged: false }) - 1;
      groups.set(prefix, group);
    }
    return group;
  }

  #append(text: string, key: Span, group: number): void {
    this.texts.push(text);
    this.groups.push(group);
    this.keyStarts.push(key.start);
    this.keyEnds.push(key.end);
    this.afterStarts.push(none);
    this.afterEnds.push(none);
    this.beforeStarts.push(none);
    this.beforeEnds.push(none);
    this.ancestralStarts.push(none);
    this.isRead.push(true);
    this.isFirst.push(false);
    this.isSame.push(false);
  }

  #lookUp({ cache }: StoreContext, epoch: BlockEpoch): void {
    const { gathered, texts } = this;
    const ancestralTag = ancestralKey(epoch.height, noBytes);
    for (let row = 0; row < texts.length; row++) {
      const text = texts[row] as string;
      const known = cache.lookUp(text);
      if (known !== undefined) {
        this.isRead[row] = false;
        if (known.valueText !== undefined) gathered.appendByte(presentMark);
        const span = known.valueText === undefined ? undefined : gathered.appendText(known.valueText);
        this.settle(row, span && gathered.view(span), span);
      }
      if (this.isSame[row] === true || known?.recordedIn === epoch.height) continue;
      this.ancestralStarts[row] = gathered.append(ancestralTag).start;
      gathered.appendSpan(this.key(row));
      this.isFirst[row] = epoch.isFirstBlock || cache.isUnrecorded(text, epoch.height);
    }
  }
}

/** The first six bytes of a key as a number that orders keys as they do, if they differ there. */
function headOf(text: string): number {
  let head = 0;
  for (let i = 0; i < 6; i++) head = head * 256 + (i < text.length ? text.charCodeAt(i) : 0);
  return head;
}
