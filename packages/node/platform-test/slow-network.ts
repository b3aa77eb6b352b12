import { join } from 'node:path';
import { type ExampleMessage, MeddlingProxy } from '../test/support/meddling-proxy.js';
import { NodeProcess } from '../test/support/node-process.js';
import { makeChain, writeChainFiles } from '../test/support/test-network.js';
import { waitFor } from '../test/support/wait.js';

/** A producer, four peers that pass on what it says as slowly as they are told to, and a newcomer: all real processes. */
export interface SlowNetwork extends AsyncDisposable {
  readonly newcomer: NodeProcess;
  /** Base URL of the newcomer's HTTP server. */
  readonly url: string;
  /** Address of the peer that lies once `isLying` is set. */
  readonly liar: string;
  isLying: boolean;
  /** What each chunk takes, more for some peers. */
  chunkDelayMs: number;
}

const peers = 4;

/** Starts all of it in a folder, and waits until the newcomer is up. */
export async function startSlowNetwork(folder: string): Promise<SlowNetwork> {
  const made = await makeChain({
    followPairs: 6000,
    parameters: { snapshotPeriod: 60, snapshotLag: 6, maxRangeRecords: 16 },
  });
  const { chainFile, keyFile } = writeChainFiles(made, folder);
  const nodes: NodeProcess[] = [];
  const proxies: MeddlingProxy[] = [];
  const start = (name: string, args: readonly string[]): NodeProcess => {
    const data = ['--data', join(folder, name), '--http', '127.0.0.1:0'];
    const started = new NodeProcess(['run', '--chain', chainFile, ...data, ...args], {}, { isKept: true });
    nodes.push(started);
    return started;
  };
  const close = async () => {
    for (const started of nodes.reverse()) await started.signal('SIGTERM');
    for (const proxy of proxies) await proxy.close();
  };
  try {
    const produce = (blockIntervalMs: number) => {
      const producing = ['--producer-key', keyFile, '--block-interval-ms', String(blockIntervalMs)];
      return start('producer', ['--listen', '127.0.0.1:0', ...producing]);
    };
    const quick = produce(80);
    await waitFor('the first snapshot', async () => ((await quick.status()).height ?? 0) >= 70, 60_000);
    await quick.signal('SIGTERM');
    // From now on slowly: a newcomer that had fallen behind by a snapshot would take that one, too.
    const producer = produce(1500);
    await producer.url();
    const { peers: listening } = producer.log.find(({ msg }) => msg === 'node is up') as unknown as {
      readonly peers: { readonly host: string; readonly port: number };
    };
    const { host, port } = listening;
    const control = { isLying: false, chunkDelayMs: 500 };
    for (let index = 0; index < peers; index++) {
      const delayMs = ({ type }: ExampleMessage) =>
        type === 'snapshot-data' ? control.chunkDelayMs * (1 + index / peers) : 0;
      const answer = (message: ExampleMessage) => (control.isLying ? spoil(message) : message);
      const meddling = index === 1 ? { delayMs, answer } : { delayMs };
      proxies.push(await MeddlingProxy.open(made.chain, `${host}:${port}`, meddling));
    }
    const connect = proxies.flatMap(({ address }) => ['--connect', address]);
    const newcomer = start('newcomer', ['--listen', 'off', '--chunk-bytes', '8192', ...connect]);
    const url = await newcomer.url();
    const liar = proxies[1]?.address ?? '';
    return Object.assign(control, { newcomer, url, liar, [Symbol.asyncDispose]: close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Changes the last byte of the last key of a chunk. */
function spoil(message: ExampleMessage): ExampleMessage {
  if (message.type !== 'snapshot-data' || !('requestId' in message) || message.records.offsets.length === 0) {
    return message;
  }
  const { offsets } = message.records;
  const bytes = message.records.bytes.slice();
  const last = (offsets.at(-3) ?? 1) - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return { ...message, records: { bytes, offsets } };
}
