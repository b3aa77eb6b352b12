import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import { type AuditedNode, downloadFrom } from './audit.js';
import { AuditError, codeOf } from './audit-error.js';
import { type Options, parseOptions, usage } from './options.js';
import { exitCodeOfError, exitCodeOfVerdict, exitCodes } from './report/exit-codes.js';
import { ProgressLines } from './report/progress-lines.js';
import { type AuditReport, makeReport } from './report/report.js';
import { reportText } from './report/report-text.js';
import { startKeyOf } from './state/download.js';
import { AuditStore } from './state/store.js';
import { sumState, totalSum } from './state/sum-state.js';

setV8Flags();

const interrupted = new AbortController();
// A second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}; the same command goes on from here`)));
}
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`deso-audit: ${(error as Error).message}\n`);
    return exitCodes.badArguments;
  }
  if (options.isHelpWanted) {
    process.stdout.write(usage);
    return exitCodes.match;
  }
  try {
    const report = await audit(options, interrupted.signal);
    process.stdout.write(options.isJson ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report));
    return exitCodeOfVerdict(report.verdict);
  } catch (error) {
    const code = codeOf(error);
    process.stderr.write(`deso-audit: ${(error as Error).message}${code === undefined ? '' : ` (${code})`}\n`);
    return interrupted.signal.aborted ? exitCodes.interrupted : exitCodeOfError(error);
  }
}

async function audit(options: Options, signal: AbortSignal): Promise<AuditReport> {
  const write = (line: string): void => void (options.isQuiet || process.stderr.write(`${line}\n`));
  const progress = new ProgressLines(write, () => performance.now());
  const store = await AuditStore.open(join(options.folder, 'db'), options.network);
  try {
    if (options.isFresh) await store.startOver(0);
    if (options.isOffline) await store.forgetSums();
    const audited = options.isOffline ? undefined : await download(store, { options, progress, signal });
    const report = await sumAndReport(store, { options, progress, signal, audited });
    writeReport(join(options.folder, 'report.json'), report);
    return report;
  } finally {
    await store.close();
  }
}

interface Work {
  readonly options: Options;
  readonly progress: ProgressLines;
  readonly signal: AbortSignal;
}

function download(store: AuditStore, { options, progress, signal }: Work): Promise<AuditedNode> {
  return downloadFrom(store, {
    ...options,
    handshakeTimeoutMs: 30_000,
    signal,
    onHeaders: (tip) => progress.headers(tip),
    onState: (state) => progress.state(state),
    onRetry: (error, waitMs) => progress.note(`${error.message}; trying again in ${waitMs / 1000} s`),
  });
}

async function sumAndReport(
  store: AuditStore,
  { options, progress, signal, audited }: Work & { readonly audited: AuditedNode | undefined },
): Promise<AuditReport> {
  const { claim, progress: position } = store.download;
  if (claim === undefined || startKeyOf(position) !== undefined) {
    throw new AuditError(
      'AUDIT_STORE_UNUSABLE',
      `there is no complete download in ${options.folder}; run the audit with an address first`,
    );
  }
  const threads = options.threads ?? availableParallelism();
  await using backend = await createWorkerPool({ threads });
  const sums = await sumState(store, {
    backend,
    threads,
    params: options.network.encoder,
    height: claim.height,
    signal,
    onProgress: (soFar) => progress.sum(soFar),
  });
  return makeReport({
    network: options.network,
    address: `${options.host}:${options.port}`,
    audited,
    tip: await store.tip(),
    claim,
    download: store.download,
    sums,
    computed: totalSum(sums),
    expected: options.expected,
    snapshotPeriod: options.snapshotPeriod,
  });
}

function writeReport(file: string, report: AuditReport): void {
  try {
    writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    throw new AuditError('AUDIT_STORE_FAILED', `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}
