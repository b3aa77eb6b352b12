import { createReadStream } from 'node:fs';
import { createBackend } from '@hs/ellipticsum';
import { firstBytes } from './core/first-bytes.js';
import { formatOf } from './core/record-format.js';
import { type StateSummary, summarise } from './core/state-summary.js';
import { errorText, tallyText, verdict } from './core/wording.js';
import { type Options, parseOptions, usage } from './options.js';
import { summaryLines } from './report.js';

const exitCodes = { ok: 0, mismatch: 1, badInput: 2 } as const;

try {
  process.exitCode = await run(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`verify-checksum: ${errorText(error)}\n`);
  process.exitCode = exitCodes.badInput;
}

async function run(options: Options): Promise<number> {
  if (options.isHelpWanted) {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  const { summary, elapsedMs } = await sum(options);
  const lines = [tallyText(summary, elapsedMs), '', ...summaryLines(summary)];
  if (options.expectation === undefined) {
    process.stdout.write(`${lines.join('\n')}\n`);
    return (summary.snapshot?.damaged.length ?? 0) === 0 ? exitCodes.ok : exitCodes.mismatch;
  }
  const { isMatch, text } = verdict(summary, options.expectation);
  process.stdout.write(`${[...lines, '', `${isMatch ? 'OK' : 'MISMATCH'}: ${text}`].join('\n')}\n`);
  return isMatch ? exitCodes.ok : exitCodes.mismatch;
}

async function sum({ domain, file, format }: Options): Promise<{ summary: StateSummary; elapsedMs: number }> {
  await using backend = await createBackend(domain === undefined ? {} : { domain });
  const input: AsyncIterable<Uint8Array> = file === undefined ? process.stdin : createReadStream(file);
  const { start, chunks } = await firstBytes(input);
  const started = performance.now();
  const known = format ?? formatOf(file ?? '', start);
  const summary = await summarise(chunks, { backend, format: known, onProgress: progressLine(started) });
  return { summary, elapsedMs: performance.now() - started };
}

/** On a terminal, shows about once a second how far it is. */
function progressLine(started: number): (soFar: { readonly records: number; readonly bytes: number }) => void {
  let shownAt = started;
  return (soFar) => {
    const now = performance.now();
    if (!process.stderr.isTTY || now - shownAt < 1000) return;
    shownAt = now;
    process.stderr.write(`\r${tallyText(soFar, now - started)}  `);
  };
}
