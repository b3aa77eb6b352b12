import { readFileSync } from 'node:fs';
import { stateRoot } from '@hs/ellipticsum';
import pino from 'pino';
import { describeSettings, type RunConfig, readRunConfig } from './config.js';
import type { ChainSpec } from './example-chain/chain-spec.js';
import { createExampleChain } from './example-chain/example-chain.js';
import type { ExampleHeader } from './example-chain/header.js';
import { createSealer } from './example-chain/sealer.js';
import { FullNode } from './full-node.js';
import { openHashing } from './hashing.js';
import { type HttpStatusServer, openHttpStatus } from './http/http-status.js';
import { formatAddress } from './network/address.js';
import { hasCode, NodeError } from './node-error.js';
import { packageVersion } from './package-version.js';

/** Exit codes of `hs-node`. */
const exitCodes = { ok: 0, failed: 1, usage: 2, untrusted: 3 } as const;

const usage = `usage: hs-node run [settings]
       hs-node --help | --version

Runs a full node of the example chain until SIGINT or SIGTERM. Settings come from flags, then from the environment
(--log-level is HS_NODE_LOG_LEVEL), then from the JSON file that --config names.

${describeSettings()}

Exit codes: 0 stopped by a signal, 1 the node could not go on, 2 wrong usage or configuration, 3 the chain has split or a
trusted root does not match, and somebody has to decide.
`;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === '--help' || command === '-h' || rest.includes('--help')) {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  if (command === '--version') {
    process.stdout.write(`${packageVersion()}\n`);
    return exitCodes.ok;
  }
  if (command !== 'run') {
    process.stderr.write(usage);
    return exitCodes.usage;
  }
  return run(readRunConfig(rest, process.env));
}

async function run(config: RunConfig): Promise<number> {
  const destination = pino.destination({ dest: config.logFile ?? 1, sync: false, mkdir: true });
  const logger = pino({ level: config.logLevel, serializers: { err: pino.stdSerializers.err } }, destination);
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => resolve(signal));
    }
  });
  const chain = createExampleChain(readSpec(config.chain));
  const hasher = await openHashing({ backend: config.hashBackend, threads: config.hashThreads, logger });
  const node = await FullNode.open({
    chain,
    folder: config.data,
    hasher,
    stateRoot,
    connect: config.connect,
    trustedRoots: config.trustedRoots,
    ...(config.peerExchange === 'off'
      ? {}
      : { peerExchange: config.advertise === undefined ? {} : { advertise: config.advertise } }),
    sync: { mode: config.sync, chunkBytes: config.chunkBytes },
    cacheBytes: config.cacheBytes,
    logger,
    ...(config.listen === undefined ? {} : { listen: config.listen }),
    ...(config.producerKey === undefined
      ? {}
      : {
          producer: {
            sealer: createSealer({ privateKey: readKey(config.producerKey), chain }),
            blockIntervalMs: config.blockIntervalMs,
          },
        }),
  });
  try {
    const http = config.http === undefined ? undefined : await openHttpStatus(node, config.http);
    try {
      logger.info({ peers: node.address, http: http?.address, data: config.data, pid: process.pid }, 'node is up');
      if (config.logFile !== undefined) process.stdout.write(`${describeRunningNode(node, http, config.logFile)}\n`);
      const signal = await Promise.race([stop, node.ended.then(() => undefined)]);
      logger.info({ signal }, 'stopping');
      return exitCodes.ok;
    } finally {
      await http?.close();
    }
  } finally {
    await node.close();
    await hasher.close();
    destination.flushSync();
  }
}

/** The one line on standard output of a node whose log goes to a file. */
function describeRunningNode(
  node: FullNode<ExampleHeader>,
  http: HttpStatusServer | undefined,
  logFile: string,
): string {
  const peers = node.address === undefined ? 'none' : formatAddress(node.address);
  const status = http === undefined ? 'off' : `http://${formatAddress(http.address)}/status`;
  return `node is up: peers ${peers}, status ${status}, log ${logFile}`;
}

function readSpec(path: string): ChainSpec {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', `cannot read the chain spec ${path}`, { cause, details: { path } });
  }
}

function readKey(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new NodeError('NODE_CONFIGURATION', `cannot read the producer key ${path}`, { cause, details: { path } });
  }
  if (!/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new NodeError('NODE_CONFIGURATION', `${path} must hold a private key as 64 hex digits`, {
      details: { path },
    });
  }
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage = hasCode(error, 'NODE_CONFIGURATION');
  process.stderr.write(`hs-node: ${error instanceof Error ? error.message : String(error)}\n`);
  for (let cause = (error as { cause?: unknown }).cause; cause instanceof Error; cause = cause.cause) {
    process.stderr.write(`  because: ${cause.message}\n`);
  }
  const isUntrusted = hasCode(error, 'NODE_EQUIVOCATION') || hasCode(error, 'NODE_TRUSTED_ROOT_MISMATCH');
  process.exitCode = isUsage ? exitCodes.usage : isUntrusted ? exitCodes.untrusted : exitCodes.failed;
}
