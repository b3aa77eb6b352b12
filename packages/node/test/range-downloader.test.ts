import { HyperSyncProgress } from '@hs/sync-progress';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RangeDownloader } from '../src/sync/range-downloader.js';
import { removeFolder } from './support/cleanups.js';
import { ScriptedPeer } from './support/scripted-peer.js';
import { type FrozenChain, freezeChain } from './support/test-network.js';
import { openParts, type Parts } from './support/test-store.js';

let frozen: FrozenChain;
let provider: Parts;

beforeAll(async () => {
  frozen = await freezeChain({ blocks: 24, followPairs: 300 });
  provider = await openParts(frozen, { folder: frozen.folder });
  await provider.store.maintenance();
});

afterAll(async () => {
  await provider?.close();
  if (frozen !== undefined) removeFolder(frozen.folder);
});

describe('a newer manifest is adopted', () => {
  test('what is known of peers stays, equal ranges are kept, and late answers of the old snapshot do no harm', async () => {
    const parts = await openParts(frozen, { isEmpty: true });
    const [old, newer] = [await provider.store.manifest(10), await provider.store.manifest(20)];
    await parts.store.beginDownload(old);
    const late: (() => void)[] = [];
    let hasCommitted = false;
    let onHeld: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      onHeld = resolve;
    });
    const checkHeld = () => {
      if (hasCommitted && late.length > 0) onHeld();
    };
    const asked: { height: number; startKey: string }[] = [];
    const peer = new ScriptedPeer('provider', async (request) => {
      if (request.type !== 'get-snapshot' || !('height' in request)) return undefined;
      const { height, startKey, endKey, maxBytes } = request;
      asked.push({ height, startKey: startKey.join() });
      const chunk = await provider.store.readChunk({
        height,
        startKey,
        maxBytes,
        ...(endKey.length === 0 ? {} : { endKey }),
      });
      const { records, nextKey = new Uint8Array(0) } = chunk;
      const answer = { type: 'snapshot-data', isAvailable: true, height, records, nextKey };
      // The second half of the old snapshot is answered when the newer one is adopted.
      if (height === 10 && asked.length > 3) {
        await new Promise<void>((resolve) => {
          late.push(resolve);
          checkHeld();
        });
      }
      return answer;
    });
    const progress = new HyperSyncProgress({ maxBytesInFlight: 4096, maxChunkBytes: 2048 });
    const bans: unknown[] = [];
    const downloader = new RangeDownloader({
      store: parts.store,
      progress,
      peers: () => new Map([[peer.id, peer]]),
      timeoutMs: 5_000,
      onBan: (ban) => bans.push(ban),
      onCommitted: () => {
        hasCommitted = true;
        checkHeld();
      },
    });
    const running = downloader.run(new AbortController().signal);
    await held;
    const before = progress.status(performance.now());
    const provedBefore = new Set([...(parts.store.download()?.proved ?? [])].map((i) => old.entries[i]?.start.join()));
    const adopting = downloader.adopt(newer);
    for (const answer of late) answer();
    await adopting;
    const after = progress.status(performance.now());
    expect([before.manifestId, after.manifestId]).toEqual(['10', '20']);
    expect(after.peers[0]?.receivedBytes).toBeGreaterThanOrEqual(before.peers[0]?.receivedBytes ?? Number.NaN);
    expect(before.peers[0]?.receivedBytes).toBeGreaterThan(0);
    expect(after.peers[0]?.bytesPerSecond).toBeGreaterThan(0);
    await running;

    const kept = newer.entries.filter(({ start, sum }) =>
      old.entries.some((entry) => entry.start.join() === start.join() && entry.sum.join() === sum.join()),
    );
    const reused = kept.filter(({ start }) => provedBefore.has(start.join())).map(({ start }) => start.join());
    expect(reused.length).toBeGreaterThan(0);
    for (const { height, startKey } of asked) if (height === 20) expect(reused).not.toContain(startKey);
    expect(bans).toEqual([]);
    const { stateRoot } = provider.store.snapshots().find(({ height }) => height === 20) ?? {};
    await parts.store.finishDownload({ stateRoot: stateRoot ?? new Uint8Array(0) });
    expect(parts.store.height).toBe(20);
    await parts.close();
  });
});
