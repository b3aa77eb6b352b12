/**
 * Counts the bytes of typed arrays, buffers, and arrays of a given length that code makes, by what it asks for: a decoder that trusts a
 * length makes memory of the length, whether or not the system backs it.
 */
const counted = ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Float64Array', 'BigUint64Array'];
/** Of a place in an array. */
const referenceBytes = 8;
let bytes = 0;
let isCounting = false;
let isWatching = false;

/** From now on constructors that are looked up anew are counted ones. Call before the code under test is loaded. */
export function watchAllocations() {
  if (isWatching) return;
  isWatching = true;
  for (const name of counted) {
    const original = globalThis[name];
    const itemBytes = original.BYTES_PER_ELEMENT ?? 1;
    globalThis[name] = new Proxy(original, {
      construct(target, args, newTarget) {
        count(args[0], itemBytes);
        return Reflect.construct(target, args, newTarget);
      },
    });
  }
  // `Array.from` makes what is not iterable by this, too.
  globalThis.Array = new Proxy(Array, {
    construct(target, args, newTarget) {
      if (args.length === 1) count(args[0], referenceBytes);
      return Reflect.construct(target, args, newTarget);
    },
  });
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow']) {
    const original = Buffer[name];
    Buffer[name] = (...args) => {
      count(args[0], 1);
      return original(...args);
    };
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

function count(asked, itemBytes) {
  if (!isCounting) return;
  if (typeof asked === 'number') bytes += itemBytes * asked;
  else if (ArrayBuffer.isView(asked)) bytes += itemBytes * asked.length;
}
