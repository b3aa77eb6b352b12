import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

export const exampleFolder: string = fileURLToPath(new URL('..', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in the folder of the example, as a child process, and feeds it `input`. */
export async function run(
  command: string,
  args: readonly string[],
  input: Iterable<Uint8Array | string> = [],
): Promise<Outcome> {
  const child = spawn(command, args, { cwd: exampleFolder });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  // A program that refuses its input does not read the rest of it.
  await pipeline(Readable.from(input, { objectMode: true }), child.stdin).catch((error: { code?: string }) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return { code: await ended, stdout, stderr };
}

/** Runs the built program. */
export function verifyChecksum(args: readonly string[], input?: Iterable<Uint8Array | string>): Promise<Outcome> {
  return run(process.execPath, ['dist/main.js', ...args], input);
}

/** What a program printed, with the times and rates of this run taken out. */
export function withoutTimes(text: string): string {
  return text.replaceAll(/in \d+\.\d\d s \([\d,]+ records\/s\)/g, 'in TIME');
}

/** A record in the layout of a record file. */
export function recordBytes(key: Uint8Array, value: Uint8Array): Uint8Array {
  return Uint8Array.from([...uvarint(key.length), ...key, ...uvarint(value.length), ...value]);
}

export function uvarint(number: number): number[] {
  return number < 0x80 ? [number] : [(number % 0x80) | 0x80, ...uvarint(Math.floor(number / 0x80))];
}
