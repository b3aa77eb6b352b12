import { stateRoot } from '@hs/ellipticsum';
import { runSettings } from '../../config/settings.js';
import type { ExampleHeader } from '../../example-chain/header.js';
import { exampleChainRoutes } from '../../example-chain/http-routes.js';
import { createSealer } from '../../example-chain/sealer.js';
import { FullNode } from '../../full-node.js';
import { openHashing } from '../../hashing.js';
import type { HttpServer } from '../../http/http-listener.js';
import { openHttpServer } from '../../http/http-server.js';
import { openLog } from '../../log/open-log.js';
import { formatAddress } from '../../network/address.js';
import { boundYoungGeneration } from '../bound-young-generation.js';
import { type Command, command } from '../command.js';
import { readChain } from '../read-chain.js';
import { readKeyFile } from '../read-key-file.js';

export const run: Command = command({
  name: 'run',
  summary: 'Runs a full node of the example chain until SIGINT or SIGTERM.',
  details: [
    'The log goes to standard output, for people on a terminal and else one JSON object a line, or to --log-file; then standard output has one line that says where the node listens.',
  ],
  settings: runSettings,
  examples: [
    'run --chain chain.json --data ./data --connect 10.0.0.1:18000 --connect 10.0.0.2:18000',
    'run --chain chain.json --producer-key producer.key --log-file node.log',
  ],
  async run({ settings, isJson, signal, note }) {
    const { logFile, peerExchange, advertise, producerKey, listen, scrubBytesPerSecond } = settings;
    boundYoungGeneration();
    const log = await openLog({ level: settings.logLevel, format: settings.logFormat, file: logFile });
    const { logger } = log;
    const chain = readChain(settings.chain);
    const sealer =
      producerKey === undefined ? undefined : createSealer({ privateKey: readKeyFile(producerKey, note), chain });
    const hasher = await openHashing({ backend: settings.hashBackend, threads: settings.hashThreads, logger });
    const node = await FullNode.open({
      chain,
      folder: settings.data,
      hasher,
      stateRoot,
      connect: settings.connect,
      trustedRoots: settings.trustedRoots,
      ...(peerExchange === 'off' ? {} : { peerExchange: advertise === undefined ? {} : { advertise } }),
      sync: {
        mode: settings.sync,
        chunkBytes: settings.chunkBytes,
        trustedChecksums: settings.trustedChecksums,
        agreeingPeers: settings.agreeingPeers,
        isUnpinnedSyncAllowed: settings.allowUnpinnedSync === 'on',
        maxUnprovedBytes: settings.maxUnprovedBytes,
      },
      cacheBytes: settings.cacheBytes,
      ...(scrubBytesPerSecond === undefined ? {} : { scrub: { bytesPerSecond: scrubBytesPerSecond } }),
      logger,
      ...(listen === undefined ? {} : { listen }),
      ...(sealer === undefined ? {} : { producer: { sealer, blockIntervalMs: settings.blockIntervalMs } }),
    });
    try {
      const http =
        settings.http === undefined
          ? undefined
          : await openHttpServer(node, {
              listen: settings.http,
              routes: exampleChainRoutes(node),
              allowedHosts: settings.httpHosts,
              logger,
            });
      try {
        logger.info({ peers: node.address, http: http?.address, data: settings.data, pid: process.pid }, 'node is up');
        if (logFile !== undefined) process.stdout.write(`${describeRunningNode(node, { http, logFile, isJson })}\n`);
        await Promise.race([aborted(signal), node.ended]);
        logger.info({ reason: signal.reason?.message }, 'stopping');
        return { data: undefined, text: '' };
      } finally {
        await http?.close();
      }
    } finally {
      await node.close();
      await hasher.close();
      await log.close();
    }
  },
});

/** The one line on standard output of a node whose log goes to a file. */
function describeRunningNode(
  node: FullNode<ExampleHeader>,
  {
    http,
    logFile,
    isJson,
  }: { readonly http: HttpServer | undefined; readonly logFile: string; readonly isJson: boolean },
): string {
  const peers = node.address === undefined ? undefined : formatAddress(node.address);
  const url = http === undefined ? undefined : `http://${formatAddress(http.address)}`;
  if (isJson) return JSON.stringify({ peers, url, logFile, pid: process.pid });
  const status = url === undefined ? 'off' : `${url}/status`;
  return `node is up: peers ${peers ?? 'none'}, status ${status}, log ${logFile}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
