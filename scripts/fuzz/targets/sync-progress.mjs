import { built, refusals } from '../load.mjs';

/** Chunks of records as peers send them, split at ranges and checked before anything is hashed. */
export async function syncProgressTargets() {
  const { checkChunk } = await built('packages/sync-progress/dist/index.js');
  const { createMessageCodec, desoHeaderCodec, messageTypes } = await built('packages/wire/dist/index.js');
  const codec = createMessageCodec({ header: desoHeaderCodec, layout: 'extended' });
  const ranges = [
    { startKey: Uint8Array.of(5), endKey: Uint8Array.of(5, 0x80), records: 2, bytes: 7 },
    { startKey: Uint8Array.of(5, 0x80), endKey: Uint8Array.of(6), records: 1, bytes: 5 },
    { startKey: Uint8Array.of(255), endKey: undefined, records: 1, bytes: 2 },
  ];
  const spans = [
    { firstRange: 0, endRange: 2, startKey: Uint8Array.of(5), receivedRecords: 0, receivedBytes: 0 },
    { firstRange: 0, endRange: 3, startKey: Uint8Array.of(5, 1, 0), receivedRecords: 1, receivedBytes: 3 },
    { firstRange: 1, endRange: 2, startKey: Uint8Array.of(5, 0x80), receivedRecords: 0, receivedBytes: 0 },
  ];
  const limits = { ranges, maxBytes: 64, maxKeyBytes: 8, maxValueBytes: 16 };
  const first = [Uint8Array.of(5, 1), Uint8Array.of(7)];
  const second = [Uint8Array.of(5, 2), Uint8Array.of(7, 7)];
  const third = [Uint8Array.of(5, 0x80), Uint8Array.of(7, 7, 7)];
  const last = [Uint8Array.of(255), Uint8Array.of(7)];
  const chunk = (nextKey, ...list) => {
    const bytes = Uint8Array.from(list.flat().flatMap((part) => [...part]));
    let at = 0;
    const offsets = list.flat().flatMap(({ length }) => {
      at += length;
      return [at - length, at];
    });
    const records = { bytes, offsets: Uint32Array.from(offsets) };
    const message = { type: 'snapshot-data', requestId: 1, height: 300, isAvailable: true, nextKey, records };
    return codec.encode(message).payload;
  };
  const none = new Uint8Array(0);
  return [
    {
      name: 'sync-progress-chunk',
      // Which span was asked for, then the payload of the answer.
      seeds: [
        [0, chunk(none, first, second, third)],
        [0, chunk(Uint8Array.of(5, 2), first)],
        [1, chunk(none, second, third, last)],
        [1, chunk(Uint8Array.of(5, 0x80), second)],
        [2, chunk(none, third)],
        [2, chunk(Uint8Array.of(5, 0x81))],
      ].map(([span, payload]) => Uint8Array.of(span, ...payload)),
      isRefusal: refusals('WireError', 'WIRE_'),
      decode(input) {
        const message = codec.decode({ type: messageTypes['snapshot-data'], payload: input.subarray(1) });
        if (!('nextKey' in message)) return { span: input[0], message };
        const nextKey = message.nextKey.length === 0 ? undefined : message.nextKey;
        const bounds = { ...limits, ...spans[(input[0] ?? 0) % spans.length] };
        const verdict = checkChunk({ records: message.records, nextKey }, bounds);
        if (verdict.isAccepted) checkParts(verdict, message.records, bounds);
        return { span: input[0], message };
      },
      encode: ({ span, message }) => Uint8Array.of(span, ...codec.encode(message).payload),
    },
  ];
}

/** The parts are all records in their order, each inside of its range and no more than that holds. */
function checkParts(
  { records, bytes, parts },
  { offsets, bytes: content },
  { ranges, firstRange, endRange, receivedRecords, receivedBytes },
) {
  let next = 0;
  let sum = 0;
  for (const { range, fromRecord, toRecord, bytes: size, isComplete } of parts) {
    const { startKey, endKey, records: most, bytes: mostBytes } = ranges[range];
    const before = range === firstRange ? [receivedRecords, receivedBytes] : [0, 0];
    const has = [before[0] + toRecord - fromRecord, before[1] + size];
    for (let record = fromRecord; record < toRecord; record++) {
      const key = content.subarray(offsets[4 * record], offsets[4 * record + 1]);
      if (Buffer.compare(key, startKey) < 0) throw new Error('a record before its range');
      if (endKey !== undefined && Buffer.compare(key, endKey) >= 0) throw new Error('a record behind its range');
    }
    if (fromRecord !== next || range < firstRange || range >= endRange) throw new Error('parts leave records out');
    if (has[0] > most || has[1] > mostBytes) throw new Error('a range gets more than it holds');
    if (isComplete !== (has[0] === most && has[1] === mostBytes))
      throw new Error('complete is not what the range holds');
    next = toRecord;
    sum += size;
  }
  if (next !== records || records !== offsets.length / 4 || sum !== bytes) throw new Error('parts are not the chunk');
}
