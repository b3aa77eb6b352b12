import { parseArgs } from 'node:util';
import { type Expectation, parseExpectation } from './core/expectation.js';
import type { FileFormat } from './core/record-format.js';

export const usage = `Usage: node dist/main.js [FILE] [options]

Prints the checksums of the records in FILE, or on standard input without FILE or with "-".

  --format FORMAT        how records are written: binary, jsonl or snapshot; by default snapshot if the file begins
                         as a snapshot file does, jsonl for *.jsonl and *.ndjson, else binary
  --expect HEX           exit with code 1 unless the total, the state root or the snapshot root is HEX;
                         total:HEX, root:HEX or snapshot:HEX to allow only one of them
  --domain TEXT          domain separation tag, if not DeSo's
  --help                 this text

Exit codes: 0 done, and as expected; 1 not as expected, or a damaged range; 2 bad input or arguments.
`;

/** What the program was asked to do. */
export interface Options {
  /** Undefined for standard input. */
  readonly file: string | undefined;
  /** Undefined: by the first bytes and the name. */
  readonly format: FileFormat | undefined;
  readonly expectation: Expectation | undefined;
  readonly domain: string | undefined;
  readonly isHelpWanted: boolean;
}

/** @throws Error with a message for the person who typed the arguments */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { format: text, expect: text, domain: text, help: { type: 'boolean' } },
  });
  if (positionals.length > 1) throw new Error(`expected one file, got ${positionals.length}`);
  const file = positionals[0] === '-' ? undefined : positionals[0];
  const { format } = values;
  if (format !== undefined && format !== 'binary' && format !== 'jsonl' && format !== 'snapshot') {
    throw new Error(`--format is binary, jsonl or snapshot, not ${format}`);
  }
  return {
    file,
    format,
    expectation: values.expect === undefined ? undefined : expectationOf(values.expect),
    domain: values.domain,
    isHelpWanted: values.help ?? false,
  };
}

function expectationOf(text: string): Expectation {
  try {
    return parseExpectation(text);
  } catch (error) {
    throw new Error(`--expect: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
