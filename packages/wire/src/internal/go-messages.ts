import type { Limits } from '../limits.js';
import type { GetSnapshotMessage, SnapshotDataMessage, SnapshotEpochMetadata } from '../messages.js';
import type { MessageFields } from './common-messages.js';
import { atMost, constant, refined, struct } from './field.js';
import { byteString, bytesOfLength, flag, nonEmptyBytes, safeInteger } from './primitives.js';
import { recordsField } from './records-field.js';

/** The snapshot messages as the Go node lays them out. */
export function goMessages(limits: Limits): MessageFields<GetSnapshotMessage | SnapshotDataMessage> {
  return {
    'get-snapshot': struct<GetSnapshotMessage>({
      type: constant('get-snapshot'),
      startKey: nonEmptyBytes(limits.maxKeyBytes),
    }),
    'snapshot-data': atMost(
      struct<SnapshotDataMessage>({
        type: constant('snapshot-data'),
        epoch: struct<SnapshotEpochMetadata>({
          snapshotBlockHeight: safeInteger,
          firstSnapshotBlockHeight: safeInteger,
          currentEpochChecksum: bytesOfLength(0, 32),
          currentEpochBlockHash: bytesOfLength(32),
        }),
        records: refined(
          recordsField(limits),
          (records) => records.offsets.length > 0,
          'expected at least one record; a record with key 00 and no value stands for none',
        ),
        isFull: flag,
        prefix: byteString(limits.maxKeyBytes),
      }),
      limits.maxSnapshotDataBytes,
    ),
  };
}
