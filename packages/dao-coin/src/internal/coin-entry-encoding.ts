import type { CoinEntry } from '../entries/coin-entry.js';
import { requireByte } from '../uint256.js';
import type { EntryEncoding } from './entry-encoding.js';
import { readUint256Field, writeUint256Field } from './uint256-field.js';

const current = 4;

/** A coin entry, alone or inside a profile. */
export const coinEntryEncoding: EntryEncoding<CoinEntry> = {
  name: 'CoinEntry',
  type: 18,
  version: ({ coinEntryVersion = current }) => coinEntryVersion,
  isVersion: (version) => version === 0 || version === current,
  write(writer, entry, { coinEntryVersion = current }) {
    writer.uvarint(entry.creatorBasisPoints).uvarint(entry.desoLockedNanos).uvarint(entry.numberOfHolders);
    writeUint256Field(writer, entry.coinsInCirculation, 'coinsInCirculation');
    writer.uvarint(entry.coinWatermarkNanos).bool(entry.isMintingDisabled);
    requireByte(entry.transferRestriction, 'transferRestriction');
    writer.byte(entry.transferRestriction);
    requireByte(entry.lockupTransferRestriction, 'lockupTransferRestriction');
    if (coinEntryVersion === current) writer.byte(entry.lockupTransferRestriction);
    else if (entry.lockupTransferRestriction !== 0) {
      throw new RangeError('lockupTransferRestriction needs coin entry version 4');
    }
  },
  read(reader, version) {
    return {
      creatorBasisPoints: reader.uvarint(),
      desoLockedNanos: reader.uvarint(),
      numberOfHolders: reader.uvarint(),
      coinsInCirculation: readUint256Field(reader, 'coinsInCirculation'),
      coinWatermarkNanos: reader.uvarint(),
      isMintingDisabled: reader.bool(),
      transferRestriction: reader.byte(),
      lockupTransferRestriction: version === current ? reader.byte() : 0,
    };
  },
};
