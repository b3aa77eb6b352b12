/**
 * `node prepare-provider.mjs FOLDER RECORDS BLOCKS PERIOD`: writes chain.json, producer.key and the database of a provider that
 * made so many empty blocks. In a process of its own, so that its memory and its heated-up code are in no measurement.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stateRoot } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import { FullNode } from '@hs/node';
import { createSealer } from '@hs/node/example-chain';
import { createBenchChain, producerKey, sealBenchSpec } from './bench-chain.mjs';

const [folder, records, blocks, period] = [process.argv[2], ...process.argv.slice(3).map(Number)];
mkdirSync(folder, { recursive: true });
setV8Flags();
const hasher = await createWorkerPool({ threads: 2 });
const spec = await sealBenchSpec({ records, hasher, parameters: { snapshotPeriod: period, snapshotLag: 1 } });
writeFileSync(join(folder, 'chain.json'), JSON.stringify(spec));
writeFileSync(join(folder, 'producer.key'), Buffer.from(producerKey).toString('hex'), { mode: 0o600 });
const chain = createBenchChain(spec, records);
const producer = { sealer: createSealer({ privateKey: producerKey, chain }), blockIntervalMs: 20 };
const node = await FullNode.open({ chain, folder: join(folder, 'data'), hasher, stateRoot, producer, isSynced: false });
while ((node.status().height ?? 0) < blocks) await sleep(10);
await node.store.maintenance();
await node.close();
await hasher.close();
