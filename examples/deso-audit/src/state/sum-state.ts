import { EllipticSum, type HashBackend, packRecords } from '@hs/ellipticsum';
import { type RecordBatch, sumRecords } from '@hs/ellipticsum/record-file';
import { checksumValue, type EncoderParams, statePrefixes } from '@hs/wire';
import { codeOf } from '../audit-error.js';
import type { PrefixSum, UndecodableValue } from './prefix-sum.js';
import type { AuditStore } from './store.js';

/** What the sums are computed by. */
export interface SumStateOptions {
  readonly backend: HashBackend;
  readonly threads: number;
  readonly params: EncoderParams;
  /** Height as of which values are laid out: that of the snapshot. */
  readonly height: number;
  readonly signal: AbortSignal;
  readonly onProgress: (soFar: { readonly prefix: number; readonly records: number }) => void;
}

/** How many undecodable values of a prefix are kept. */
const maxExamples = 5;

/** Sums the stored records of every prefix, in the form that enters the checksum; sums that the store has already are taken from there. */
export async function sumState(store: AuditStore, options: SumStateOptions): Promise<readonly PrefixSum[]> {
  const sums: PrefixSum[] = [];
  for (const prefix of statePrefixes.keys()) {
    const known = await store.prefixSum(prefix, options.height);
    const sum = known ?? (await sumPrefix(store, prefix, options));
    if (known === undefined) await store.putPrefixSum(sum, options.height);
    sums.push(sum);
  }
  return sums;
}

/** The sum over all prefixes: the checksum of the state. */
export function totalSum(sums: readonly PrefixSum[]): string {
  const total = sums.reduce((sum, each) => sum.add(EllipticSum.decode(fromHex(each.sum))), EllipticSum.zero);
  return toHex(total.encode());
}

async function sumPrefix(store: AuditStore, prefix: number, options: SumStateOptions): Promise<PrefixSum> {
  const { backend, threads, signal, onProgress } = options;
  const tally = new Tally();
  const sum = await sumRecords(batchesOf(store, prefix, options, tally), {
    backend,
    signal,
    maxBatchesInFlight: 2 * threads,
    onProgress: ({ records }) => onProgress({ prefix, records }),
  });
  const { records, bytes, undecodable, examples } = tally;
  const found = sum.prefixes.find((each) => each.prefix === prefix)?.sum ?? EllipticSum.zero.encode();
  return { prefix, records, bytes, sum: toHex(found), undecodable, examples };
}

class Tally {
  records = 0;
  bytes = 0;
  undecodable = 0;
  readonly examples: UndecodableValue[] = [];
}

/** Batches of records whose values are as they enter the checksum; those that cannot be are left out and noted. */
async function* batchesOf(
  store: AuditStore,
  prefix: number,
  options: SumStateOptions,
  tally: Tally,
): AsyncGenerator<RecordBatch> {
  for await (const entries of store.records(prefix, options.signal)) {
    const kept: [Uint8Array, Uint8Array][] = [];
    for (const [key, value] of entries) {
      tally.records++;
      tally.bytes += key.length + value.length;
      try {
        kept.push([key, checksumValue(key, value, { height: options.height, params: options.params })]);
      } catch (error) {
        const code = codeOf(error);
        if (code === undefined || !code.startsWith('WIRE_')) throw error;
        tally.undecodable++;
        if (tally.examples.length < maxExamples) {
          tally.examples.push({ key: toHex(key.subarray(0, 200)), code, message: (error as Error).message });
        }
      }
    }
    if (kept.length > 0) yield { ...packRecords(kept), firstRecordNumber: 1, inputBytes: 0 };
  }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
