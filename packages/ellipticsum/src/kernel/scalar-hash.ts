/** expand_message_xmd with SHA-512 for one record at a time. */
import type { KernelMemory } from './kernel-memory.js';
import type { MemoryLayout } from './memory-layout.js';
import { assembleFunction } from './message.js';
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
import { type Code, i32, i64 } from './wasm-code.js';
import { call, type FunctionBuilder, type Local, type ModuleBuilder } from './wasm-module.js';

const wordBytes = 8;
const blockBytes = blockWords * wordBytes;

const words: WordOperators = {
  type: 'i64',
  add: i64.add,
  and: i64.and,
  xor: i64.xor,
  rotateRight: (operand, bits) => i64.rotr(operand, i64.const(BigInt(bits))),
  shiftRight: (operand, bits) => i64.shrU(operand, i64.const(BigInt(bits))),
};

interface HashMemory {
  readonly state: number;
  readonly words: number;
  readonly roundConstants: number;
}

/** Exports `hash(count)`: uniform bytes of the records that `order` names. */
export function exportScalarHash(module: ModuleBuilder, layout: MemoryLayout, memory: KernelMemory): void {
  const own: HashMemory = {
    state: layout.allocate(stateWords * wordBytes),
    words: layout.allocate(blockBytes),
    roundConstants: layout.place(new Uint8Array(BigUint64Array.from(roundConstants()).buffer)),
  };
  const assemble = assembleFunction(module, memory);
  const swap = swapFunction(module);
  const compress = compressFunction(module, own);

  const builder = module.export('hash', ['i32']);
  const get = (local: Local): Code => builder.get(local);
  const setState = (state: readonly bigint[]): void => {
    for (const [k, word] of state.entries())
      builder.do(i64.store(i32.const(own.state), i64.const(word), k * wordBytes));
  };
  const loadWord = (source: Code, k: number): Code => i64.load(source, k * wordBytes);
  const setWord = (k: number, value: Code): void => builder.do(i64.store(i32.const(own.words), value, k * wordBytes));
  builder.count(get(0), (position) => {
    const listed = i32.add(i32.const(memory.order), i32.shl(get(position), i32.const(2)));
    const record = builder.let('i32', i32.load(listed));
    const left = builder.let('i32', call(assemble, get(record), i32.const(memory.staging)));
    const source = builder.let('i32', i32.const(memory.staging));
    setState(stateAfterZeros);
    builder.doWhile(() => {
      for (let k = 0; k < blockWords; k++) setWord(k, call(swap, loadWord(get(source), k)));
      builder.do(call(compress));
      builder.set(source, i32.add(get(source), i32.const(blockBytes)));
      builder.set(left, i32.sub(get(left), i32.const(1)));
      return get(left);
    });
    // The second hash.
    for (let k = 0; k < blockWords; k++) {
      setWord(k, loadWord(i32.const(k < stateWords ? own.state : memory.secondWords), k));
    }
    setState(initialState());
    builder.do(call(compress));
    const block = builder.let('i32', i32.const(1));
    builder.while(i32.ltU(get(block), i32.load(i32.const(memory.secondBlocks))), () => {
      const at = builder.let('i32', i32.add(i32.const(memory.secondWords), i32.mul(get(block), i32.const(blockBytes))));
      for (let k = 0; k < blockWords; k++) setWord(k, loadWord(get(at), k));
      builder.do(call(compress));
      builder.set(block, i32.add(get(block), i32.const(1)));
    });
    const target = builder.let('i32', i32.add(i32.const(memory.uniform), i32.shl(get(record), i32.const(6))));
    for (let k = 0; k < stateWords; k++) {
      builder.do(i64.store(get(target), call(swap, loadWord(i32.const(own.state), k)), k * wordBytes));
    }
  });
}

/** A function that reverses the bytes of a word. */
function swapFunction(module: ModuleBuilder): FunctionBuilder {
  const builder = module.function('swap', ['i64'], 'i64');
  const halves = (mask: bigint, bits: bigint): Code =>
    i64.or(
      i64.and(i64.shrU(builder.get(0), i64.const(bits)), i64.const(mask)),
      i64.shl(i64.and(builder.get(0), i64.const(mask)), i64.const(bits)),
    );
  builder.set(0, halves(0x00ff00ff00ff00ffn, 8n));
  builder.set(0, halves(0x0000ffff0000ffffn, 16n));
  builder.return(i64.rotr(builder.get(0), i64.const(32n)));
  builder.do([0x00]);
  return builder;
}

/** A function that hashes the block in `words` into `state`. */
function compressFunction(module: ModuleBuilder, own: HashMemory): FunctionBuilder {
  const builder = module.function('compress', []);
  const loadWords = (address: number, count: number): Local[] =>
    Array.from({ length: count }, (_, k) => builder.let('i64', i64.load(i32.const(address), k * wordBytes)));
  const assign = (targets: readonly Local[], values: readonly Local[]): void => {
    for (const [k, target] of targets.entries()) builder.set(target, builder.get(values[k] as Local));
  };
  const block = loadWords(own.words, blockWords);
  const variables = loadWords(own.state, stateWords);
  const rounds = builder.let('i32', i32.const(own.roundConstants));
  const passes = builder.let('i32', i32.const(4));
  const constant = (round: number): Code => i64.load(builder.get(rounds), round * wordBytes);
  builder.doWhile(() => {
    const next = emitRounds(builder, words, variables, block, constant);
    assign(block, emitSchedule(builder, words, block));
    assign(variables, next);
    builder.set(rounds, i32.add(builder.get(rounds), i32.const(blockBytes)));
    builder.set(passes, i32.sub(builder.get(passes), i32.const(1)));
    return builder.get(passes);
  });
  for (const [k, variable] of emitRounds(builder, words, variables, block, constant).entries()) {
    const before = i64.load(i32.const(own.state), k * wordBytes);
    builder.do(i64.store(i32.const(own.state), i64.add(before, builder.get(variable)), k * wordBytes));
  }
  return builder;
}
