/**
 * The command `ellipticsum`.
 *
 * The arguments say what to do, a command makes one partial sum or one report of a snapshot file, and what comes of it
 * goes to standard output at the very end: nothing is printed there unless all input was good. Messages and progress go to standard error. Every way out has an
 * exit code of its own; a mismatch has 1, so nothing else may.
 */
import { readFileSync } from 'node:fs';
import { parseCommandLine } from './arguments.js';
import { mergeFiles, sumFiles } from './commands.js';
import { CommandFailure, exitCodes } from './exit-codes.js';
import { helpTexts } from './help.js';
import { compare, isSnapshotReport, reportText } from './report.js';
import { snapshotReportText } from './snapshot-report.js';

async function run(args: readonly string[]): Promise<number> {
  const options = parseCommandLine(args);
  if (options.kind === 'help') {
    process.stdout.write(helpTexts[options.topic]);
    return exitCodes.ok;
  }
  if (options.kind === 'version') {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    process.stdout.write(`${manifest.version}\n`);
    return exitCodes.ok;
  }
  const sums = await (options.kind === 'merge' ? mergeFiles(options) : sumFiles(options));
  const verdict = compare(sums, options.expectations);
  if (isSnapshotReport(sums)) {
    process.stdout.write(snapshotReportText(sums, verdict, options));
    return verdict.isMatch && sums.damaged.length === 0 ? exitCodes.ok : exitCodes.mismatch;
  }
  process.stdout.write(reportText(sums, verdict, options));
  return verdict.isMatch ? exitCodes.ok : exitCodes.mismatch;
}

function fail(error: unknown): number {
  if (!(error instanceof CommandFailure)) {
    process.stderr.write(`ellipticsum: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCodes.internal;
  }
  process.stderr.write(`ellipticsum: ${error.message}\n`);
  if (error.exitCode === exitCodes.usage) process.stderr.write('Try "ellipticsum --help".\n');
  return error.exitCode;
}

function stopOn(signal: 'SIGINT' | 'SIGTERM', exitCode: number): void {
  process.on(signal, () => {
    process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}ellipticsum: stopped by ${signal}\n`);
    // Nothing is half-written anywhere, so there is nothing to wait for.
    process.exit(exitCode);
  });
}

/** Whoever read our output may stop reading; any other failure to write is one of ours. */
function watchOutput(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    if (stream !== process.stderr) process.stderr.write(`ellipticsum: standard output: ${error.message}\n`);
    process.exit(exitCodes.input);
  });
}

process.on('uncaughtException', (error) => process.exit(fail(error)));
stopOn('SIGINT', exitCodes.interrupted);
stopOn('SIGTERM', exitCodes.terminated);
watchOutput(process.stdout);
watchOutput(process.stderr);
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = fail(error);
}
