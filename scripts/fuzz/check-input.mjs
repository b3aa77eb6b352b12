import { startCounting, stopCounting } from './allocations.mjs';
import { cpuMs } from './cpu-time.mjs';

/**
 * What a decoder must keep for every input. A target is
 * - `name`, `seeds` (valid inputs), `hints` (inputs near valid ones) and `dictionary` (pieces that inputs may need),
 * - `decode(bytes)`, `isRefusal(error)` for the errors that it may throw,
 * - `encode(value)` of what was decoded, if there is an encoder,
 * - `isCanonical` if what was decoded has one encoding only,
 * - `canContinue` if an input with a byte more may be another valid one,
 * - `maxBytes` of inputs worth trying, and `maxAllocated(inputBytes)`.
 */

/** Slower than any decoder here by far, for inputs of this size. */
const maxMs = 200;
export const defaultMaxBytes = 4_096;
/** A fixed sum, and for each byte of input what the densest of its meanings may take. */
const defaultMaxAllocated = (inputBytes) => 65_536 + 64 * inputBytes;

/** What is wrong with how `target` takes `input`, or undefined. */
export async function checkInput(target, input) {
  const first = await attempt(target, input);
  if (first.allocated > (target.maxAllocated ?? defaultMaxAllocated)(input.length)) {
    return { kind: 'allocation', message: `${input.length} bytes of input allocate ${first.allocated}` };
  }
  if (first.ms > maxMs) {
    // That may have been the machine: what counts is processor time, and not once only.
    const again = [await timed(target, input), await timed(target, input)];
    const ms = Math.min(...again);
    if (ms > maxMs) return { kind: 'time', message: `${input.length} bytes of input take ${Math.round(ms)} ms` };
  }
  if (first.isChanged) return { kind: 'input', message: 'the decoder changes the bytes that it is given' };
  if (first.error !== undefined) return target.isRefusal(first.error) ? undefined : crash('decode', first.error);
  return (await checkRoundTrip(target, input, first.value)) ?? checkEnd(target, input);
}

async function attempt(target, input) {
  // A copy, also of a buffer, so that no decoder can change what the next one gets.
  const bytes = new Uint8Array(input);
  const isChanged = () => Buffer.compare(bytes, input) !== 0;
  const start = performance.now();
  startCounting();
  let allocated = 0;
  try {
    let value = target.decode(bytes);
    if (value instanceof Promise) value = await value;
    allocated = stopCounting();
    return { value, allocated, ms: performance.now() - start, isChanged: isChanged() };
  } catch (error) {
    allocated = stopCounting();
    return { error, allocated, ms: performance.now() - start, isChanged: isChanged() };
  }
}

async function timed(target, input) {
  const start = cpuMs();
  await attempt(target, input);
  return cpuMs() - start;
}

/** What was decoded encodes, and the encoding decodes to what encodes to it again. */
async function checkRoundTrip(target, input, value) {
  if (target.encode === undefined) return undefined;
  let encoded;
  try {
    encoded = await target.encode(value);
  } catch (error) {
    return crash('encode', error);
  }
  let again;
  try {
    again = await target.encode(await target.decode(new Uint8Array(encoded)));
  } catch (error) {
    return crash('decode what was encoded', error);
  }
  if (Buffer.compare(encoded, again) !== 0) {
    return { kind: 'unstable', message: `${hex(encoded)} decodes to what encodes to ${hex(again)}` };
  }
  if (target.isCanonical && Buffer.compare(encoded, input) !== 0) {
    return { kind: 'not canonical', message: `decodes to what encodes to ${hex(encoded)}` };
  }
  return undefined;
}

/** A valid input with a byte more is not valid. */
async function checkEnd(target, input) {
  if (target.canContinue) return undefined;
  const longer = new Uint8Array(input.length + 1);
  longer.set(input);
  const { error } = await attempt(target, longer);
  if (error === undefined) return { kind: 'trailing', message: 'a byte after the end is ignored' };
  return target.isRefusal(error) ? undefined : crash('decode a byte more', error);
}

/** `place`: the line of code, by which crashes are told apart. */
function crash(doing, error) {
  const [, line] = /([^\s/()]+\.m?js:\d+):\d+/.exec(error?.stack ?? '') ?? [];
  const message = `${doing}: ${error?.name}: ${error?.message}`;
  return { kind: 'crash', message, stack: error?.stack, place: `${doing}: ${error?.name} at ${line}` };
}

const hex = (bytes) => Buffer.from(bytes).toString('hex').slice(0, 200);
