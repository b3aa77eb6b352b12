import { writeU64be } from '@hs/bytes';
import { requireBytes } from './internal/arguments.js';

/**
 * The message that is hashed for a record (DIP-7, "State Checksum"):
 * `u64be(len(key) + len(value)) || u64be(len(key)) || key || u64be(len(value)) || value`.
 *
 * No two records have the same message, whatever their lengths. The result is a new array.
 *
 * @throws TypeError if `key` or `value` is no Uint8Array
 */
export function encodeRecord(key: Uint8Array, value: Uint8Array): Uint8Array {
  requireBytes(key, 'key');
  requireBytes(value, 'value');
  const message = new Uint8Array(24 + key.length + value.length);
  writeU64be(message, 0, key.length + value.length);
  writeU64be(message, 8, key.length);
  message.set(key, 16);
  writeU64be(message, 16 + key.length, value.length);
  message.set(value, 24 + key.length);
  return message;
}
