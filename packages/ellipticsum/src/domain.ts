/** Domain separation tag of the checksums of DIP-7. */
export const defaultDomain = 'DESO-ELLIPTIC-SUM:Ristretto255';

/** Which group elements records hash to. */
export interface DomainOptions {
  /** Domain separation tag of RFC 9380, section 3.1: 1 to 255 ASCII characters. Default {@link defaultDomain}. */
  readonly domain?: string;
}

const defaultDomainBytes: Uint8Array = /* @__PURE__ */ domainBytes(defaultDomain);

/** The tag as bytes. @throws TypeError, RangeError if it is no string of 1 to 255 ASCII characters */
export function encodeDomain(domain: string): Uint8Array {
  return domain === defaultDomain ? defaultDomainBytes : domainBytes(domain);
}

function domainBytes(domain: string): Uint8Array {
  if (typeof domain !== 'string') throw new TypeError('domain must be a string');
  if (!/^[\x20-\x7e]{1,255}$/.test(domain)) throw new RangeError('domain must be 1 to 255 printable ASCII characters');
  return Uint8Array.from(domain, (character) => character.charCodeAt(0));
}
