export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Cuts `stream` at the given places, each taken modulo what is left. */
export function cut(stream: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; at < stream.length; index++) {
    const size = sizes.length === 0 ? stream.length : (sizes[index % sizes.length] as number);
    parts.push(stream.slice(at, at + size));
    at += size;
  }
  return parts;
}

/** The error that `run` throws. */
export function thrownBy(run: () => unknown): {
  readonly code?: string;
  readonly name: string;
  readonly details?: unknown;
} {
  try {
    run();
  } catch (error) {
    return error as { code?: string; name: string };
  }
  throw new Error('expected an error');
}
