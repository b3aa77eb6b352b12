import type { Attempt } from './attempt.js';
import type { Peer } from './peer.js';

/** Adjacent ranges to ask one peer for. */
export interface Span {
  readonly peer: Peer;
  readonly first: number;
  /** One after the last. */
  readonly end: number;
  /** The half-received first range that this goes on with. */
  readonly partial: Attempt | undefined;
  /** What its ranges lack. */
  readonly bytes: number;
  /** What to ask for now; less than `bytes` only if the span is one range. */
  readonly maxBytes: number;
}

/** A request that was sent. */
export class SpanRequest {
  readonly id: number;
  readonly span: Span;
  readonly requestedAtMs: number;
  /** When its peer should have answered, as far as its rate is known. */
  readonly expectedAtMs: number;
  /** For the budget. */
  reservedBytes: number;
  /** It takes longer than the rate of its peer explains. */
  isOverdue = false;
  /** Its answer is not wanted any more, but may come. */
  isCancelled = false;

  constructor(id: number, span: Span, times: { readonly requestedAtMs: number; readonly expectedAtMs: number }) {
    this.id = id;
    this.span = span;
    this.requestedAtMs = times.requestedAtMs;
    this.expectedAtMs = times.expectedAtMs;
    this.reservedBytes = span.bytes;
  }
}
