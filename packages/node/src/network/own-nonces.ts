/** The nonces of our own version messages, newest 1000: a node that receives one of them has dialled itself. */
export class OwnNonces {
  readonly #addresses = new Map<bigint, string | undefined>();

  /** A new random nonce; `address` is what is being dialled with it. */
  create(address: string | undefined): bigint {
    const nonce = new BigUint64Array(crypto.getRandomValues(new Uint8Array(8)).buffer)[0] ?? 0n;
    this.#addresses.set(nonce, address);
    if (this.#addresses.size > maxNonces) {
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest);
        break;
      }
    }
    return nonce;
  }

  has(nonce: bigint): boolean {
    return this.#addresses.has(nonce);
  }

  /** What was dialled with this nonce. */
  addressOf(nonce: bigint): string | undefined {
    return this.#addresses.get(nonce);
  }
}

const maxNonces = 1000;
