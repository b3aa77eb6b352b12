import type { RangeEntry } from '@hs/ancestral-records';

/** A download of these ranges begins; some of them were committed by an earlier run. */
export interface DownloadBegan {
  readonly type: 'began';
  readonly height: number;
  readonly entries: readonly RangeEntry[];
  readonly proved: ReadonlySet<number>;
}

/** A peer is asked for adjacent ranges, or the request for them is over, whatever came of it. */
export interface RangesAsked {
  readonly type: 'asked' | 'answered';
  readonly peer: string;
  readonly firstRange: number;
  readonly rangeCount: number;
}

/** Records of a range arrived in good order. */
export interface RecordsKept {
  readonly type: 'kept';
  readonly peer: string;
  readonly records: number;
  readonly bytes: number;
}

/**
 * One range as one peer delivered it: `received`: complete, and being hashed; `proved`: it adds up to its sum, and is being
 * written; `committed`: in the store; `refuted`: it does not add up; `dropped`: not wanted any more.
 */
export interface RangeMoved {
  readonly type: 'received' | 'proved' | 'committed' | 'refuted' | 'dropped';
  readonly peer: string;
  readonly range: number;
}

/** What happens in the download of a snapshot. */
export type DownloadEvent = DownloadBegan | RangesAsked | RecordsKept | RangeMoved;
