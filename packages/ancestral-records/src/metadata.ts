import { type ByteReader, ByteWriter } from '@hs/bytes';
import { copyBytes } from './copy-bytes.js';
import { encodedSumBytes, uncompressedSumBytes } from './hasher.js';
import { corrupt, number, readerOf } from './stored-bytes.js';

/** Phases as stored. `clearing` is a reset or an unfinished genesis: all state is to be deleted, then it is `empty`. */
export const durablePhases = ['empty', 'clearing', 'downloading', 'ready', 'rewinding', 'unproved'] as const;
export type DurablePhase = (typeof durablePhases)[number];

/** Where the store stands; part of every batch that moves it. */
export interface Tip {
  readonly phase: DurablePhase;
  /** Height of the state when ready or rewinding, else 0. */
  readonly height: number;
  /** Where a rewind goes. */
  readonly target: number;
  readonly stateRoot: Uint8Array;
}

/** What is known of all records of one state prefix. Prefixes without records have none. */
export interface Summary {
  readonly count: number;
  readonly bytes: number;
  /** Uncompressed sum. */
  readonly sum: Uint8Array;
  /** The same sum, encoded. */
  readonly checksum: Uint8Array;
}

/** Everything stored about a snapshot apart from its manifest pages. */
export interface SnapshotRecord {
  readonly height: number;
  readonly stateRoot: Uint8Array;
  /** Root and number of pages of its manifest; undefined while that is being built. */
  readonly manifest: { readonly root: Uint8Array; readonly pageCount: number } | undefined;
  readonly summaries: ReadonlyMap<number, Summary>;
}

export const noRoot: Uint8Array = new Uint8Array(32);

export function encodeTip(tip: Tip): Uint8Array {
  return new ByteWriter()
    .byte(durablePhases.indexOf(tip.phase))
    .u64be(tip.height)
    .u64be(tip.target)
    .bytes(tip.stateRoot)
    .finish();
}

export function decodeTip(bytes: Uint8Array | undefined): Tip {
  const reader = readerOf(bytes, 'tip');
  const phase = durablePhases[reader.byte()];
  if (phase === undefined) throw corrupt('tip', 'unknown phase');
  const tip = { phase, height: number(reader), target: number(reader), stateRoot: copyBytes(reader.bytes(32)) };
  reader.end();
  return tip;
}

export function encodeSummary(summary: Summary): Uint8Array {
  return writeSummary(new ByteWriter(), summary).finish();
}

export function decodeSummary(bytes: Uint8Array): Summary {
  const reader = readerOf(bytes, 'summary');
  const summary = readSummary(reader);
  reader.end();
  return summary;
}

export function encodeSnapshot(snapshot: SnapshotRecord): Uint8Array {
  const writer = new ByteWriter()
    .u64be(snapshot.height)
    .bytes(snapshot.stateRoot)
    .u32be(snapshot.manifest?.pageCount ?? 0)
    .bytes(snapshot.manifest?.root ?? noRoot)
    .u32be(snapshot.summaries.size);
  for (const [prefix, summary] of snapshot.summaries) writeSummary(writer.byte(prefix), summary);
  return writer.finish();
}

export function decodeSnapshot(bytes: Uint8Array): SnapshotRecord {
  const reader = readerOf(bytes, 'snapshot record');
  const height = number(reader);
  const stateRoot = copyBytes(reader.bytes(32));
  const pageCount = reader.u32be();
  const root = copyBytes(reader.bytes(32));
  const summaries = new Map<number, Summary>();
  const size = reader.u32be();
  for (let i = 0; i < size; i++) summaries.set(reader.byte(), readSummary(reader));
  reader.end();
  return { height, stateRoot, manifest: pageCount === 0 ? undefined : { root, pageCount }, summaries };
}

export function encodeDownload(height: number, pageCount: number): Uint8Array {
  return new ByteWriter().u64be(height).u32be(pageCount).finish();
}

export function decodeDownload(bytes: Uint8Array | undefined): { height: number; pageCount: number } {
  const reader = readerOf(bytes, 'download record');
  const download = { height: number(reader), pageCount: reader.u32be() };
  reader.end();
  return download;
}

function writeSummary(writer: ByteWriter, { count, bytes, sum, checksum }: Summary): ByteWriter {
  return writer.u64be(count).u64be(bytes).bytes(sum).bytes(checksum);
}

function readSummary(reader: ByteReader): Summary {
  return {
    count: number(reader),
    bytes: number(reader),
    sum: copyBytes(reader.bytes(uncompressedSumBytes)),
    checksum: copyBytes(reader.bytes(encodedSumBytes)),
  };
}
