import { createReadStream, fstat, stat } from 'node:fs';
import { promisify } from 'node:util';
import {
  type RecordBatch,
  type RecordFileFormat,
  type RecordFileOptions,
  readRecordFile,
} from '../../record-file/index.js';
import { CommandFailure, exitCodes, inputFailure, usageFailure } from './exit-codes.js';

const readBytes = 1_048_576;
const maxTextBytes = 1_048_576;

/** A file that was named, or standard input. */
interface Input {
  /** For messages. */
  readonly name: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

function inputOf(file: string): Input {
  if (file !== '-') return { name: file, open: () => createReadStream(file, { highWaterMark: readBytes }) };
  if (process.stdin.isTTY) throw usageFailure('standard input is a terminal; name a file or pipe the records in');
  return { name: 'standard input', open: () => process.stdin };
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

/** The records of all files, one file after the other. */
export async function* readRecords(files: readonly string[], options: ReadRecordsOptions): AsyncGenerator<RecordBatch> {
  const { format: wanted, inspect, ...limits } = options;
  for (const file of files) {
    const { name, open } = inputOf(file);
    const format = wanted ?? (/\.(jsonl|ndjson)$/i.test(file) ? 'jsonl' : 'binary');
    const chunks = format === 'binary' && wanted === undefined ? refuseJson(open()) : open();
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
 * Passes on what does not begin as a JSON object does. As a binary record that would be a key of 123 bytes: possible, so
 * the format must then be given, and a file of JSON lines is never summed as something else.
 */
async function* refuseJson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
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
