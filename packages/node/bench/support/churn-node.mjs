/**
 * `node churn-node.mjs JSON`: a node of a churn chain as a process, with the log on standard output. The argument has `spec` (a file),
 * `records`, `data`, and if wanted `connect`, `isProducer`, `blockIntervalMs`, `leaseMs`, `isListening`.
 */
import { readFileSync } from 'node:fs';
import { stateRoot } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import { FullNode, openHttpServer } from '@hs/node';
import { createSealer } from '@hs/node/example-chain';
import pino from 'pino';
import { producerKey } from './bench-chain.mjs';
import { createChurnChain } from './churn-chain.mjs';

const given = JSON.parse(process.argv[2]);
const spec = JSON.parse(readFileSync(given.spec, 'utf8'));
const logger = pino({ level: 'debug', serializers: { err: pino.stdSerializers.err } });
setV8Flags();
const hasher = await createWorkerPool({ threads: 1 });
const chain = createChurnChain(spec, given.records);
const sealer = createSealer({ privateKey: producerKey, chain });
const node = await FullNode.open({
  chain,
  folder: given.data,
  hasher,
  stateRoot,
  logger,
  connect: given.connect ?? [],
  ...(given.isListening === false ? {} : { listen: { host: '127.0.0.1', port: 0 } }),
  ...(given.isProducer === true ? { producer: { sealer, blockIntervalMs: given.blockIntervalMs } } : {}),
  ...(given.leaseMs === undefined ? {} : { serving: { leaseMs: given.leaseMs } }),
  ...(given.sync === undefined ? {} : { sync: given.sync }),
});
const http = await openHttpServer(node, { listen: { host: '127.0.0.1', port: 0 } });
logger.info({ peers: node.address, http: http.address }, 'node is up');
await new Promise((resolve) => process.once('SIGTERM', resolve));
await http.close();
await node.close();
await hasher.close();
