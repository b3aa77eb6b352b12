import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StateStore } from '../state-store.js';
import type { Abortable } from '../store-types.js';
import { type ExportOptions, exportSnapshot } from './export-snapshot.js';
import { SnapshotFile } from './snapshot-file.js';
import { sourceFailed } from './snapshot-file-error.js';
import type { SnapshotFileOptions } from './snapshot-input.js';
import type { SnapshotSource } from './snapshot-source.js';

/** Opens a file of this machine for reading anywhere; `close` closes it. @throws ANCESTRAL_RECORDS_SOURCE_FAILED */
export async function fileSource(path: string): Promise<SnapshotSource> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    return new OpenFile(path, handle, size);
  } catch (cause) {
    await handle?.close();
    throw sourceFailed('unreadable', (cause as Error).message, { cause });
  }
}

class OpenFile implements SnapshotSource {
  readonly size: number;
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.size = size;
  }

  async read(offset: number, length: number, { signal }: Abortable = {}): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      signal?.throwIfAborted();
      let bytesRead: number;
      try {
        ({ bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled));
      } catch (cause) {
        throw sourceFailed('unreadable', `${this.#path}: ${(cause as Error).message}`, { cause });
      }
      if (bytesRead === 0) return bytes.subarray(0, filled);
      filled += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * Opens a snapshot file of this machine; closing it closes the file.
 *
 * @throws ANCESTRAL_RECORDS_SOURCE_FAILED, and what `SnapshotFile.open` throws
 */
export async function openSnapshotFile(path: string, options: SnapshotFileOptions = {}): Promise<SnapshotFile> {
  const source = await fileSource(path);
  try {
    return await SnapshotFile.open(source, options);
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

/**
 * Exports a snapshot into a file: under another name (`*.part`) until it is complete and on the disk. A failed export
 * leaves nothing behind, and an existing file as it is.
 *
 * @throws what `exportSnapshot` throws, and the file system
 */
export async function writeSnapshotFile(store: StateStore, path: string, options: ExportOptions): Promise<void> {
  const part = `${path}.part`;
  const handle = await open(part, 'w');
  try {
    try {
      for await (const chunk of exportSnapshot(store, options)) await writeAll(handle, chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}

/** Makes a new name outlast a loss of power, where the platform can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync();
  } catch {
    // Some platforms cannot; the file itself is on the disk.
  } finally {
    await folder?.close();
  }
}
