import { type PackedRecords, packRecords } from '@hs/ellipticsum';
import { RecordInputError } from './record-input-error.js';
import { defaultRecordLimits, type RecordLimits } from './record-limits.js';

/** No more text than this is split into lines at once. */
const maxSliceBytes = 256 * 1024;

/** Room for braces, names, quotes and spaces on a line. */
const lineOverheadChars = 256;

/**
 * Parses JSON lines: on each line `{"key":"05…","value":"01…"}`, both in hex. Empty lines are skipped.
 *
 * @throws RecordInputError
 */
export async function* parseRecordLines(
  chunks: AsyncIterable<Uint8Array>,
  limits: RecordLimits = defaultRecordLimits,
): AsyncGenerator<PackedRecords> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const maxLineChars = 2 * (limits.maxKeyBytes + limits.maxValueBytes) + lineOverheadChars;
  let lineNumber = 0;
  let rest = '';
  const parse = (line: string): (readonly [Uint8Array, Uint8Array])[] => {
    lineNumber++;
    return line.trim() === '' ? [] : [parseLine(line, { limits, lineNumber })];
  };
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new RecordInputError(`line ${lineNumber + 1} or soon after: not UTF-8 text`, { cause });
    }
  };
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += maxSliceBytes) {
      const lines = decode(chunk.subarray(start, start + maxSliceBytes)).split('\n');
      lines[0] = rest + (lines[0] ?? '');
      rest = lines.pop() ?? '';
      const records = lines.flatMap(parse);
      if (records.length > 0) yield packRecords(records);
      if (rest.length > maxLineChars) {
        throw new RecordInputError(`line ${lineNumber + 1}: longer than ${maxLineChars} characters`);
      }
    }
  }
  const last = parse(rest + decode());
  if (last.length > 0) yield packRecords(last);
}

function parseLine(
  line: string,
  { limits, lineNumber }: { readonly limits: RecordLimits; readonly lineNumber: number },
): readonly [key: Uint8Array, value: Uint8Array] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (cause) {
    throw new RecordInputError(`line ${lineNumber}: not JSON`, { cause });
  }
  const { key, value } = (parsed ?? {}) as { readonly key?: unknown; readonly value?: unknown };
  const keyBytes = fromHex(key, { name: `line ${lineNumber}: "key"`, maxBytes: limits.maxKeyBytes });
  if (keyBytes.length === 0)
    throw new RecordInputError(`line ${lineNumber}: the key has no bytes, so it has no prefix`);
  return [keyBytes, fromHex(value, { name: `line ${lineNumber}: "value"`, maxBytes: limits.maxValueBytes })];
}

function fromHex(text: unknown, options: { readonly name: string; readonly maxBytes: number }): Uint8Array {
  const { name, maxBytes } = options;
  if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) {
    throw new RecordInputError(`${name} is not a string of hex digits, two a byte`);
  }
  if (text.length > 2 * maxBytes) {
    throw new RecordInputError(`${name} has ${text.length / 2} bytes; the limit is ${maxBytes}`);
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  );
}
