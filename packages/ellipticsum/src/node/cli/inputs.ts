import { createReadStream, fstat, stat } from 'node:fs';
import { promisify } from 'node:util';
import { concatBytes } from '@hs/bytes';
import {
  isSnapshotFile,
  type RecordBatch,
  type RecordFileFormat,
  type RecordFileOptions,
  readRecordFile,
} from '../../record-file/index.js';
import { CommandFailure, exitCodes, inputFailure, usageFailure } from './exit-codes.js';

const readBytes = 1_048_576;
const maxTextBytes = 1_048_576;

/** A file that was named, or standard input. */
export interface Input {
  readonly path: string;
  /** For messages. */
  readonly name: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** What a name on the command line stands for. */
export function inputOf(file: string): Input {
  if (file !== '-') return { path: file, name: file, open: () => createReadStream(file, { highWaterMark: readBytes }) };
  if (process.stdin.isTTY) throw usageFailure('standard input is a terminal; name a file or pipe the records in');
  return { path: file, name: 'standard input', open: () => process.stdin };
}

const magicBytes = 8;

/** Whether an input is a snapshot file; and the same input, of which nothing is lost even if it can be read only once. */
export async function lookAt(input: Input): Promise<{ readonly isSnapshot: boolean; readonly input: Input }> {
  const chunks = input.open()[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < magicBytes) {
      const { done, value } = await chunks.next();
      if (done === true) break;
      seen.push(value);
      length += value.length;
    }
  } catch (error) {
    throw inputFailure(input.name, error);
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* seen.splice(0);
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  };
  return { isSnapshot: isSnapshotFile(concatBytes(...seen)), input: { ...input, open: all } };
}

/** Bytes of all files together, or undefined where one has no size, such as a pipe. Fails if one is not there. */
export async function totalBytes(files: readonly string[]): Promise<number | undefined> {
  let total: number | undefined = 0;
  for (const file of files) {
    try {
      const stats = await (file === '-' ? promisify(fstat)(0) : promisify(stat)(file));
      total = stats.isFile() && total !== undefined ? total + stats.size : undefined;
    } catch (error) {
      if (file !== '-') throw inputFailure(file, error);
      total = undefined;
    }
  }
  return total;
}

/** How to read the files of a command. */
export interface ReadRecordsOptions extends Omit<RecordFileOptions, 'format'> {
  /** Undefined: by the name of each file. */
  readonly format: RecordFileFormat | undefined;
  /** Sees each batch before it is passed on. */
  readonly inspect: (batch: RecordBatch) => void;
}

/** The records of all inputs, one after the other. */
export async function* readRecords(inputs: readonly Input[], options: ReadRecordsOptions): AsyncGenerator<RecordBatch> {
  const { format: wanted, inspect, ...limits } = options;
  for (const { path, name, open } of inputs) {
    const format = wanted ?? (/\.(jsonl|ndjson)$/i.test(path) ? 'jsonl' : 'binary');
    const chunks = format === 'binary' && wanted === undefined ? refuseOthers(open()) : open();
    const batches = readRecordFile(chunks, { ...limits, format });
    while (true) {
      const batch = await next(batches, name);
      if (batch === undefined) break;
      try {
        inspect(batch);
      } catch (error) {
        throw inputFailure(name, error);
      }
      yield batch;
    }
  }
}

async function next(batches: AsyncGenerator<RecordBatch, void>, name: string): Promise<RecordBatch | undefined> {
  try {
    const { value } = await batches.next();
    return value ?? undefined;
  } catch (error) {
    throw inputFailure(name, error);
  }
}

/**
 * Passes on what begins neither as a JSON object does nor as a snapshot file. A JSON object as a binary record would be a key of
 * 123 bytes: possible, so the format must then be given, and a file of JSON lines is never summed as something else.
 */
async function* refuseOthers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: number | undefined;
  let isKnown = false;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length && !isKnown; at++) {
      const byte = chunk[at] as number;
      if (first === undefined) first = byte;
      else {
        isKnown = true;
        if (first === 0x7b && (byte === 0x22 || byte === 0x20)) {
          throw new CommandFailure(
            exitCodes.input,
            'this looks like JSON; say --format jsonl, or --format binary if it is not',
          );
        }
        if (first === 0 && byte === 0x48) {
          throw new CommandFailure(exitCodes.input, 'this looks like a snapshot file, which "verify" takes alone');
        }
      }
    }
    yield chunk;
  }
}

/** The whole text of a small file. */
export async function readText(file: string): Promise<{ name: string; text: string }> {
  const { name, open } = inputOf(file);
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let text = '';
    for await (const chunk of open()) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > maxTextBytes) throw new Error(`longer than ${maxTextBytes} characters`);
    }
    return { name, text: text + decoder.decode() };
  } catch (error) {
    throw inputFailure(name, error);
  }
}
