/**
 * Messages of expand_message_xmd (RFC 9380, section 5.3.1) for records, padded for SHA-512.
 *
 * The first hash is that of 128 zero bytes, the encoded record, the two-byte length 64, a zero byte and the domain. Its first
 * block is constant, so hashing starts from the state after it.
 */
import type { KernelMemory } from './kernel-memory.js';
import { type Code, i32, i64 } from './wasm-code.js';
import { call, type FunctionBuilder, type Local, type ModuleBuilder } from './wasm-module.js';

/** A function (record index, address) that writes the message from its second block on and returns its blocks. */
export function assembleFunction(module: ModuleBuilder, memory: KernelMemory): FunctionBuilder {
  const copy = copyFunction(module);
  const builder = module.function('assemble', ['i32', 'i32'], 'i32');
  const get = (local: Local): Code => builder.get(local);
  const start = 1;
  const record = builder.let('i32', i32.add(i32.const(memory.records), i32.shl(get(0), i32.const(4))));
  const key = builder.let('i32', i32.load(get(record)));
  const keyLength = builder.let('i32', i32.sub(i32.load(get(record), 4), get(key)));
  const value = builder.let('i32', i32.load(get(record), 8));
  const valueLength = builder.let('i32', i32.sub(i32.load(get(record), 12), get(value)));
  const tailLength = builder.let('i32', i32.load(i32.const(memory.tailLength)));

  const at = builder.let('i32', get(start));
  const advance = (bytes: Code): void => builder.set(at, i32.add(get(at), bytes));
  builder.do(i64.store(get(at), bigEndian(builder, i32.add(get(keyLength), get(valueLength)))));
  builder.do(i64.store(get(at), bigEndian(builder, get(keyLength)), 8));
  advance(i32.const(16));
  builder.do(call(copy, get(at), get(key), get(keyLength)));
  advance(get(keyLength));
  builder.do(i64.store(get(at), bigEndian(builder, get(valueLength))));
  advance(i32.const(8));
  builder.do(call(copy, get(at), get(value), get(valueLength)));
  advance(get(valueLength));
  builder.do(call(copy, get(at), i32.const(memory.tail), get(tailLength)));
  advance(get(tailLength));

  const length = builder.let('i32', i32.sub(get(at), get(start)));
  const blocks = builder.let('i32', i32.shrU(i32.add(get(length), i32.const(16 + 127)), i32.const(7)));
  const end = builder.let('i32', i32.add(get(start), i32.shl(get(blocks), i32.const(7))));
  builder.while(i32.ltU(get(at), get(end)), () => {
    builder.do(i64.store(get(at), i64.const(0n)));
    advance(i32.const(8));
  });
  // The tail includes one byte of padding; the constant block counts.
  const bits = i32.shl(i32.add(get(length), i32.const(127)), i32.const(3));
  builder.do(i64.store(i32.sub(get(end), i32.const(8)), bigEndian(builder, bits)));
  builder.return(get(blocks));
  return finished(builder);
}

/** A function (target, source, length) that copies in words of eight bytes, up to seven bytes too many. */
function copyFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('copy', ['i32', 'i32', 'i32']);
  const [target, source, length] = [0, 1, 2].map((local) => builder.get(local)) as [Code, Code, Code];
  builder.count(
    length,
    (at) => {
      builder.do(i64.store(i32.add(target, builder.get(at)), i64.load(i32.add(source, builder.get(at)))));
    },
    8,
  );
  return builder;
}

/** A 32-bit number as eight bytes, most significant first. */
function bigEndian(builder: FunctionBuilder, value: Code): Code {
  const local = builder.let('i32', value);
  const x = builder.get(local);
  const swapped = i32.or(
    i32.or(i32.shl(x, i32.const(24)), i32.shl(i32.and(x, i32.const(0xff00)), i32.const(8))),
    i32.or(i32.and(i32.shrU(x, i32.const(8)), i32.const(0xff00)), i32.shrU(x, i32.const(24))),
  );
  return i64.shl(i64.extendU(swapped), i64.const(32n));
}

/** A function with a result ends in code that is never reached. */
function finished(builder: FunctionBuilder): FunctionBuilder {
  builder.do([0x00]);
  return builder;
}
