import type { Abortable } from '../store-types.js';

/** Bytes of a file that can be read anywhere: a file on a disk, a `Blob`, an HTTP server that answers range requests. */
export interface SnapshotSource {
  /** Length of the file. */
  readonly size: number;
  /** Exactly these bytes, which lie within `size`, in memory that nothing else uses. Reads may overlap. */
  read(offset: number, length: number, options?: Abortable): Promise<Uint8Array>;
  /** Lets go of what it holds. */
  close?(): Promise<void>;
}

/** The part of a `Blob` or `File` that is relied on. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** Reads from a `Blob`, which a `File` of a browser is too. */
export function blobSource(blob: BlobLike): SnapshotSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}
