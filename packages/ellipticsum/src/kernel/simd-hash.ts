/**
 * expand_message_xmd with SHA-512 for four records at a time.
 *
 * Word k of four messages is a row of 32 bytes at 32·k: two streams of two messages. Messages of unequal length end
 * together: a shorter one's lane hashes whatever lies below its message, until its state is set anew at its first block.
 */
import type { KernelMemory } from './kernel-memory.js';
import type { MemoryLayout } from './memory-layout.js';
import { assembleFunction } from './message.js';
import { splatI64 } from './recording.js';
import {
  blockWords,
  emitRounds,
  emitSchedule,
  initialState,
  roundConstants,
  stateAfterZeros,
  stateWords,
  type WordOperators,
} from './sha512.js';
import { emitPair, type StreamOrder } from './stream-order.js';
import { type Code, i32, i64, v128 } from './wasm-code.js';
import { call, type FunctionBuilder, type Local, type ModuleBuilder } from './wasm-module.js';

/** Messages that are hashed side by side. */
export const hashLanes = 4;

const rowBytes = 8 * hashLanes;
const streamOffsets = [0, 16] as const;
const swapLower = [7, 6, 5, 4, 3, 2, 1, 0, 23, 22, 21, 20, 19, 18, 17, 16];
const swapUpper = [15, 14, 13, 12, 11, 10, 9, 8, 31, 30, 29, 28, 27, 26, 25, 24];

const wordPairs: WordOperators = {
  type: 'v128',
  add: v128.addInt,
  and: v128.and,
  xor: v128.xor,
  rotateRight: (operand, bits) => v128.or(v128.shrU(operand, bits), v128.shl(operand, 64 - bits)),
  shiftRight: v128.shrU,
};

interface HashMemory {
  readonly state: number;
  readonly words: number;
  readonly variables: number;
  readonly roundConstants: number;
}

/** Exports `hash(count)`: uniform bytes of the records that `order` names, `count` a multiple of four. */
export function exportSimdHash(
  module: ModuleBuilder,
  layout: MemoryLayout,
  memory: KernelMemory,
  order: StreamOrder,
): void {
  const own: HashMemory = {
    state: layout.allocate(stateWords * rowBytes),
    words: layout.allocate(blockWords * rowBytes),
    variables: layout.allocate(stateWords * rowBytes),
    roundConstants: layout.place(new Uint8Array(BigUint64Array.from(roundConstants()).buffer)),
  };
  const assemble = assembleFunction(module, memory);
  const compress = compressFunction(module, own, order);
  const loadBlock = loadBlockFunction(module, own);
  const finish = finishFunction(module, own, memory, compress);

  const builder = module.export('hash', ['i32']);
  const get = (local: Local): Code => builder.get(local);
  builder.count(
    get(0),
    (position) => {
      const listed = builder.let('i32', i32.add(i32.const(memory.order), i32.shl(get(position), i32.const(2))));
      const most = builder.let('i32', i32.const(0));
      const lanes = Array.from({ length: hashLanes }, (_, lane) => {
        const record = builder.let('i32', i32.load(get(listed), 4 * lane));
        const start = memory.staging + lane * memory.stagingStride;
        const blocks = builder.let('i32', call(assemble, get(record), i32.const(start)));
        builder.if(i32.gtU(get(blocks), get(most)), () => builder.set(most, get(blocks)));
        return { record, blocks, start };
      });
      const sources = lanes.map(({ blocks, start }) =>
        builder.let('i32', i32.sub(i32.const(start), i32.shl(i32.sub(get(most), get(blocks)), i32.const(7)))),
      );
      const left = builder.let('i32', get(most));
      builder.doWhile(() => {
        for (const [lane, { blocks }] of lanes.entries()) {
          builder.if(i32.eq(get(blocks), get(left)), () => {
            for (const [k, word] of stateAfterZeros.entries()) {
              builder.do(i64.store(i32.const(own.state + k * rowBytes + 8 * lane), i64.const(word)));
            }
          });
        }
        builder.do(call(loadBlock, ...sources.map(get)), call(compress));
        for (const source of sources) builder.set(source, i32.add(get(source), i32.const(128)));
        builder.set(left, i32.sub(get(left), i32.const(1)));
        return get(left);
      });
      builder.do(call(finish, ...lanes.map(({ record }) => get(record))));
    },
    hashLanes,
  );
}

/** A function that hashes the block in `words` into `state`. */
function compressFunction(module: ModuleBuilder, own: HashMemory, order: StreamOrder): FunctionBuilder {
  const builder = module.function('compress', []);
  const rounds = builder.let('i32', i32.const(own.roundConstants));
  const passes = builder.let('i32', i32.const(4));
  const loadRows = (address: number, count: number, offset: number): Local[] =>
    Array.from({ length: count }, (_, k) =>
      builder.let('v128', v128.load(i32.const(0), address + k * rowBytes + offset)),
    );
  const storesOf = (address: number, offset: number, rows: readonly Code[]): Code[] =>
    rows.map((row, k) => v128.store(i32.const(0), row, address + k * rowBytes + offset));
  /** One pass; the round constants are loaded once for both streams. */
  const pass = (hasSchedule: boolean): void => {
    const constants = Array.from({ length: blockWords }, (_, round) =>
      builder.let('v128', v128.load64Splat(builder.get(rounds), 8 * round)),
    );
    emitPair(builder, order, (upper) => {
      const offset = streamOffsets[upper];
      const words = loadRows(own.words, blockWords, offset);
      const variables = loadRows(own.variables, stateWords, offset);
      const get = (local: Local | undefined): Code => builder.get(local as Local);
      const next = emitRounds(builder, wordPairs, variables, words, (round) => get(constants[round])).map(get);
      const scheduled = hasSchedule ? emitSchedule(builder, wordPairs, words).map(get) : [];
      return [...storesOf(own.variables, offset, next), ...storesOf(own.words, offset, scheduled)];
    });
  };

  emitPair(builder, order, (upper) => {
    const offset = streamOffsets[upper];
    return storesOf(
      own.variables,
      offset,
      loadRows(own.state, stateWords, offset).map((row) => builder.get(row)),
    );
  });
  builder.doWhile(() => {
    pass(true);
    builder.set(rounds, i32.add(builder.get(rounds), i32.const(8 * blockWords)));
    builder.set(passes, i32.sub(builder.get(passes), i32.const(1)));
    return builder.get(passes);
  });
  pass(false);
  emitPair(builder, order, (upper) => {
    const offset = streamOffsets[upper];
    const variables = loadRows(own.variables, stateWords, offset);
    const state = loadRows(own.state, stateWords, offset).map((row, k) =>
      v128.addInt(builder.get(row), builder.get(variables[k] as Local)),
    );
    return storesOf(own.state, offset, state);
  });
  return builder;
}

/** A function (address of a block for each lane) that puts the blocks side by side into `words`. */
function loadBlockFunction(module: ModuleBuilder, own: HashMemory): FunctionBuilder {
  const builder = module.function('loadBlock', ['i32', 'i32', 'i32', 'i32']);
  for (const offset of streamOffsets) {
    const first = offset / 8;
    for (let k = 0; k < blockWords; k += 2) {
      const left = builder.let('v128', v128.loadUnaligned(builder.get(first), 8 * k));
      const right = builder.let('v128', v128.loadUnaligned(builder.get(first + 1), 8 * k));
      const row = own.words + k * rowBytes + offset;
      const [l, r] = [builder.get(left), builder.get(right)];
      builder.do(v128.store(i32.const(0), v128.shuffle(l, r, swapUpper), row + rowBytes));
      builder.do(v128.store(i32.const(0), v128.shuffle(l, r, swapLower), row));
    }
  }
  return builder;
}

/** A function (record for each lane) that runs the second hash on the first one's result and stores the uniform bytes. */
function finishFunction(
  module: ModuleBuilder,
  own: HashMemory,
  memory: KernelMemory,
  compress: FunctionBuilder,
): FunctionBuilder {
  const builder = module.function('finish', ['i32', 'i32', 'i32', 'i32']);
  const copyRows = (target: number, source: Code, from: number, to: number): void => {
    for (let k = from; k < to; k++) {
      for (const offset of [...streamOffsets].reverse()) {
        const at = k * rowBytes + offset;
        builder.do(v128.store(i32.const(0), v128.load(source, at), target + at));
      }
    }
  };
  copyRows(own.words, i32.const(own.state), 0, stateWords);
  copyRows(own.words, i32.const(memory.secondWords), stateWords, blockWords);
  for (const [k, word] of initialState().entries()) {
    for (const offset of [...streamOffsets].reverse()) {
      builder.do(v128.store(i32.const(0), splatI64(word), own.state + k * rowBytes + offset));
    }
  }
  builder.do(call(compress));
  const block = builder.let('i32', i32.const(1));
  builder.while(i32.ltU(builder.get(block), i32.load(i32.const(memory.secondBlocks))), () => {
    const source = i32.add(
      i32.const(memory.secondWords),
      i32.mul(builder.get(block), i32.const(blockWords * rowBytes)),
    );
    copyRows(own.words, builder.get(builder.let('i32', source)), 0, blockWords);
    builder.do(call(compress));
    builder.set(block, i32.add(builder.get(block), i32.const(1)));
  });
  const targets = [0, 1, 2, 3].map((lane) =>
    builder.let('i32', i32.add(i32.const(memory.uniform), i32.shl(builder.get(lane), i32.const(6)))),
  );
  for (const offset of streamOffsets) {
    const first = offset / 8;
    for (let k = 0; k < stateWords; k += 2) {
      const [left, right] = [0, rowBytes].map((next) =>
        builder.get(builder.let('v128', v128.load(i32.const(0), own.state + k * rowBytes + offset + next))),
      ) as [Code, Code];
      const [lower, upper] = [targets[first], targets[first + 1]].map((target) => builder.get(target as Local));
      builder.do(v128.store(lower as Code, v128.shuffle(left, right, swapLower), 8 * k));
      builder.do(v128.store(upper as Code, v128.shuffle(left, right, swapUpper), 8 * k));
    }
  }
  return builder;
}
