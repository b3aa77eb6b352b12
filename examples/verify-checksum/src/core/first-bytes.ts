/** The first bytes of a stream, eight or all there are, and the whole stream, which must be read or returned. */
export async function firstBytes(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly start: Uint8Array; readonly chunks: AsyncIterable<Uint8Array> }> {
  const source = stream[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let start = new Uint8Array(0);
  while (start.length < 8) {
    const { done, value } = await source.next();
    if (done === true) break;
    seen.push(value);
    start = Uint8Array.from([...start, ...value.subarray(0, 8)]);
  }
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* seen.splice(0);
      for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
    } finally {
      await source.return?.();
    }
  };
  return { start, chunks: chunks() };
}
