import type { Limits } from '../limits.js';
import type {
  CommonMessage,
  ExtendedGetSnapshotMessage,
  ExtendedMessage,
  ExtendedSnapshotDataMessage,
  GetPageListMessage,
  GetPageMessage,
  GetStateChecksumsMessage,
  PageListMessage,
  PageMessage,
  PrefixChecksum,
  SnapshotLeaseMessage,
  StateChecksums,
  StateChecksumsMessage,
} from '../messages.js';
import type { MessageFields } from './common-messages.js';
import { atMost, constant, type Field, list, refined, struct } from './field.js';
import { byteString, hash, integer, nonEmptyBytes, safeInteger, strictFlag, uint32 } from './primitives.js';
import { recordsField } from './records-field.js';

/** The snapshot and manifest messages of two peers that both know the extended layout. */
export function extendedMessages(limits: Limits): MessageFields<Exclude<ExtendedMessage<never>, CommonMessage<never>>> {
  return {
    'get-snapshot': struct<ExtendedGetSnapshotMessage>({
      type: constant('get-snapshot'),
      requestId: uint32,
      height: uint32,
      startKey: nonEmptyBytes(limits.maxKeyBytes),
      endKey: byteString(limits.maxKeyBytes),
      maxBytes: uint32,
    }),
    'snapshot-data': atMost(
      refined(
        struct<ExtendedSnapshotDataMessage>({
          type: constant('snapshot-data'),
          requestId: uint32,
          height: uint32,
          isAvailable: strictFlag,
          nextKey: byteString(limits.maxKeyBytes),
          records: recordsField(limits),
        }),
        ({ isAvailable, nextKey, records }) => isAvailable || (nextKey.length === 0 && records.offsets.length === 0),
        'a snapshot that is not available has no records and no next key',
      ),
      limits.maxSnapshotDataBytes,
    ),
    'get-page-list': struct<GetPageListMessage>({
      type: constant('get-page-list'),
      requestId: uint32,
      height: uint32,
    }),
    'page-list': struct<PageListMessage>({
      type: constant('page-list'),
      requestId: uint32,
      height: uint32,
      hashes: list(hash, limits.maxPageHashes),
    }),
    'get-page': struct<GetPageMessage>({
      type: constant('get-page'),
      requestId: uint32,
      height: uint32,
      index: uint32,
    }),
    page: struct<PageMessage>({
      type: constant('page'),
      requestId: uint32,
      height: uint32,
      index: uint32,
      page: byteString(limits.maxPageBytes),
    }),
    'snapshot-lease': struct<SnapshotLeaseMessage>({
      type: constant('snapshot-lease'),
      height: uint32,
      durationMs: uint32,
    }),
    'get-state-checksums': struct<GetStateChecksumsMessage>({
      type: constant('get-state-checksums'),
      requestId: uint32,
    }),
    'state-checksums': struct<StateChecksumsMessage>({
      type: constant('state-checksums'),
      requestId: uint32,
      snapshots: refined(
        list(stateChecksums, limits.maxSnapshots),
        (snapshots) => isAscending(snapshots.map(({ height }) => height)),
        'snapshots must ascend by height',
      ),
    }),
  };
}

const prefixChecksum: Field<PrefixChecksum> = /* @__PURE__ */ struct<PrefixChecksum>({
  prefix: /* @__PURE__ */ integer(255),
  records: safeInteger,
  bytes: safeInteger,
  checksum: hash,
});

const stateChecksums: Field<StateChecksums> = /* @__PURE__ */ struct<StateChecksums>({
  height: uint32,
  blockHash: hash,
  prefixes: /* @__PURE__ */ refined(
    /* @__PURE__ */ list(prefixChecksum, 256),
    (prefixes) => isAscending(prefixes.map(({ prefix }) => prefix)),
    'prefixes must ascend',
  ),
});

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((value, index) => index === 0 || value > (numbers[index - 1] as number));
}
