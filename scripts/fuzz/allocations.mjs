/**
 * Counts the bytes of typed arrays and buffers that code makes, by what it asks for: a decoder that trusts a length makes memory of
 * the length, whether or not the system backs it.
 */
const counted = ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Float64Array', 'BigUint64Array'];
let bytes = 0;
let isCounting = false;

/** From now on constructors that are looked up anew are counted ones. Call before the code under test is loaded. */
export function watchAllocations() {
  for (const name of counted) {
    const original = globalThis[name];
    const itemBytes = original.BYTES_PER_ELEMENT ?? 1;
    const count = (argument) => {
      if (isCounting && typeof argument === 'number') bytes += itemBytes * argument;
      else if (isCounting && ArrayBuffer.isView(argument)) bytes += itemBytes * argument.length;
    };
    globalThis[name] = new Proxy(original, {
      construct(target, args, newTarget) {
        count(args[0]);
        return Reflect.construct(target, args, newTarget);
      },
    });
  }
}

/** Begins to count anew. */
export function startCounting() {
  bytes = 0;
  isCounting = true;
}

/** Ends counting and says how many bytes were asked for. */
export function stopCounting() {
  isCounting = false;
  return bytes;
}
