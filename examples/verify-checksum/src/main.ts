import { createReadStream } from 'node:fs';
import { createNobleBackend, type HashBackend } from '@hs/ellipticsum';
import { parseRecordFile } from './core/record-file.js';
import { parseRecordLines } from './core/record-lines.js';
import { summarise, type Tally } from './core/state-summary.js';
import { type Options, parseOptions, usage } from './options.js';
import { summaryLines, tallyLine, verdict } from './report.js';

const exitCodes = { ok: 0, mismatch: 1, badInput: 2 } as const;

try {
  process.exitCode = await run(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`verify-checksum: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCodes.badInput;
}

async function run(options: Options): Promise<number> {
  if (options.isHelpWanted) {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  const backend: HashBackend = createNobleBackend(options.domain === undefined ? {} : { domain: options.domain });
  const input: AsyncIterable<Uint8Array> = options.file === undefined ? process.stdin : createReadStream(options.file);
  const batches = options.format === 'jsonl' ? parseRecordLines(input) : parseRecordFile(input);

  const started = performance.now();
  const summary = await summarise(batches, { backend, onProgress: progressLine(started) });
  const elapsedMs = performance.now() - started;
  await backend.close();

  const lines = [tallyLine(summary, elapsedMs), '', ...summaryLines(summary)];
  if (options.expectation === undefined) {
    process.stdout.write(`${lines.join('\n')}\n`);
    return exitCodes.ok;
  }
  const { isMatch, line } = verdict(summary, options.expectation);
  process.stdout.write(`${[...lines, '', line].join('\n')}\n`);
  return isMatch ? exitCodes.ok : exitCodes.mismatch;
}

/** On a terminal, shows about once a second how far it is. */
function progressLine(started: number): (soFar: Tally) => void {
  let shownAt = started;
  return (soFar) => {
    const now = performance.now();
    if (!process.stderr.isTTY || now - shownAt < 1000) return;
    shownAt = now;
    process.stderr.write(`\r${tallyLine(soFar, now - started)}  `);
  };
}
