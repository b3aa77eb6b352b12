import type { UnprovedPrefix } from './unproved-messages.js';

/** A request whose answer is awaited. */
export interface OpenRequest {
  readonly request: number;
  readonly peer: string;
  readonly sentMs: number;
  readonly maxBytes: number;
}

/** A chunk that came and is not written yet. */
export interface HeldChunk {
  readonly request: number;
  readonly peer: string;
  readonly records: number;
  readonly bytes: number;
  readonly nextKey: Uint8Array | undefined;
}

/** How long the holder of a prefix let us wait, and for what. */
interface Tenure {
  waitedMs: number;
  bytes: number;
  emptyChunks: number;
}

/** Chunks that wait for their turn to be written; while so many wait, no further one is asked for. */
const maxHeldChunks = 2;

/**
 * One prefix of an unproved download: what is written, what came, and what is asked for, from one peer at a time.
 *
 * open -> whole when its last chunk is written; open or whole -> clearing -> open when what was written is thrown away.
 */
export class PrefixWork {
  readonly prefix: number;
  readonly expected: UnprovedPrefix['expected'];
  state: 'open' | 'clearing' | 'whole';
  records: number;
  bytes: number;
  /** Where the store goes on; where the next request goes on. */
  nextKey: Uint8Array;
  cursor: Uint8Array | undefined;
  holder: string | undefined;
  tenure: Tenure = { waitedMs: 0, bytes: 0, emptyChunks: 0 };
  request: OpenRequest | undefined;
  /** In the order in which they came; the first one may be being written. */
  readonly chunks: HeldChunk[] = [];
  isWriting = false;
  /** Peers of which something was written, or is being written. */
  readonly senders: Set<string> = new Set();
  /** True if something was there when this began. */
  hasEarlier: boolean;
  /** True if all of it must come from one peer. */
  isAlone = false;
  /** What is written is to be thrown away as soon as nothing is being written. */
  isDoomed = false;

  constructor({ prefix, isWhole, nextKey, records, bytes, expected }: UnprovedPrefix) {
    this.prefix = prefix;
    this.expected = expected;
    this.state = isWhole ? 'whole' : 'open';
    this.records = records;
    this.bytes = bytes;
    this.nextKey = nextKey;
    this.cursor = isWhole ? undefined : nextKey;
    this.hasEarlier = nextKey.length > 1 || records > 0;
  }

  /** True if there is something in the store that somebody sent. */
  get hasContent(): boolean {
    return this.senders.size > 0 || this.hasEarlier;
  }

  /** True if the next chunk can be asked for. */
  get isReady(): boolean {
    const isBusy = this.request !== undefined || this.chunks.length >= maxHeldChunks;
    return this.state === 'open' && !this.isDoomed && this.cursor !== undefined && !isBusy;
  }

  /** Bytes that are asked for or held. */
  get reservedBytes(): number {
    return this.chunks.reduce((sum, { bytes }) => sum + bytes, this.request?.maxBytes ?? 0);
  }

  /** Where it goes on if what came and is not written is dropped. */
  goBack(): void {
    this.cursor = this.state === 'open' ? this.nextKey : undefined;
  }

  /** Everything that was written is gone. */
  empty(): void {
    this.state = 'open';
    this.records = 0;
    this.bytes = 0;
    this.nextKey = Uint8Array.of(this.prefix);
    this.cursor = this.nextKey;
    this.senders.clear();
    this.hasEarlier = false;
    this.isDoomed = false;
  }
}
