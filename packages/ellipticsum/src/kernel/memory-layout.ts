/** Hands out static memory, and remembers its initial bytes. */
export class MemoryLayout {
  readonly data: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  #end = 64;

  get end(): number {
    return this.#end;
  }

  /** Address of fresh zeroed bytes, aligned to 64. */
  allocate(bytes: number): number {
    const address = this.#end;
    this.#end = Math.ceil((address + bytes) / 64) * 64;
    return address;
  }

  /** Address of these bytes. */
  place(bytes: Uint8Array): number {
    const address = this.allocate(bytes.length);
    this.data.push({ address, bytes });
    return address;
  }
}
