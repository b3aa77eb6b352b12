/** The bytes of a file, in the pieces in which the browser reads it. Reading stops when nobody wants more. */
export async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  // Not every browser can iterate over a stream.
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
