import { open, rename, rm } from 'node:fs/promises';
import { openSnapshotFile } from '@hs/ancestral-records/node';
import { hasCode, NodeError } from '../node-error.js';
import type { NodeClient } from './node-client.js';
import type { ProgressLine } from './progress-line.js';
import { bytesText } from './units.js';

/**
 * Has a running node send a snapshot file. It is written under another name (`*.part`) until it is complete and on the disk.
 *
 * @throws NODE_UNREACHABLE if there is no answer, or none that is complete; ANCESTRAL_RECORDS_IDENTITY_MISMATCH if the node is
 *   of another chain
 */
export async function downloadSnapshot(
  client: NodeClient,
  options: {
    readonly path: string;
    readonly height: number;
    readonly identity: Uint8Array;
    readonly signal: AbortSignal;
    readonly progress: ProgressLine;
  },
): Promise<void> {
  const { path, height, identity, signal, progress } = options;
  const address = `/v1/snapshots/${height}/file`;
  const response = await client.fetch(address);
  if (!response.ok || response.body === null) throw client.refused(address, response.status, await response.text());
  const part = `${path}.part`;
  try {
    await save(response.body, part, { signal, progress });
    // Length and manifest are checked: what the node sent is whole. It has proved every range before it sent it.
    await (await openSnapshotFile(part, { identity, signal })).close();
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    signal.throwIfAborted();
    const isCut = error instanceof TypeError || hasCode(error, 'ANCESTRAL_RECORDS_INVALID_SNAPSHOT_FILE');
    if (!isCut) throw error;
    const message = `the node at ${client.url} ended the snapshot file early: its log says why; "hs-node verify" checks its database`;
    throw new NodeError('NODE_UNREACHABLE', message, { cause: error, details: { url: client.url, height } });
  }
}

async function save(
  body: AsyncIterable<Uint8Array>,
  part: string,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: ProgressLine },
): Promise<void> {
  const file = await open(part, 'w');
  try {
    const startedMs = performance.now();
    let received = 0;
    for await (const chunk of body) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
      received += chunk.length;
      const perSecond = (1000 * received) / Math.max(1, performance.now() - startedMs);
      progress.show(() => `downloading: ${bytesText(received)}, ${bytesText(Math.round(perSecond))}/s`);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
