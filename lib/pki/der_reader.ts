/** Tags of the ASN.1 types that certificates are made of, with the "constructed" bit (X.690, 8.1.2 and 8.14). */
export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value. */
export interface DerValue {
  /** The identifier octet; see `DerTag`. */
  readonly tag: number;
  /** A view of the bytes it was read from. */
  readonly content: Uint8Array;
}

/**
 * Reads the values that lie one after the other in some bytes, strictly: definite lengths in their shortest form and
 * nothing left over (X.690, 10.1). The libraries for ASN.1 also read BER, and skip what they do not understand; who
 * decides about identities from that may see another certificate than the one the TLS library checked.
 *
 * Every method throws a `SyntaxError` for what is not DER, or not what was asked for.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** Reads from the start of `bytes`, which are not copied. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether every byte has been read. */
  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** Reads one value, whatever its type. */
  any(): DerValue {
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) throw this.#error("a tag number above 30");
    const length = this.#length();
    if (length > this.#bytes.length - this.#offset) throw this.#error("a value that is cut off");
    const content = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return { tag, content };
  }

  /** Reads the content of one value of this type. */
  read(tag: number): Uint8Array {
    const content = this.optional(tag);
    if (content === undefined) throw this.#error(`no value with tag 0x${tag.toString(16)}`);
    return content;
  }

  /** Reads one value of this type, and gives it with its tag and length. */
  whole(tag: number): Uint8Array {
    const start = this.#offset;
    this.read(tag);
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Reads the content of the next value if it is of this type, and nothing otherwise. */
  optional(tag: number): Uint8Array | undefined {
    return this.#bytes[this.#offset] === tag ? this.any().content : undefined;
  }

  /** Makes sure that nothing follows. */
  end(): void {
    if (!this.done) throw this.#error("bytes that do not belong there");
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw this.#error("the end");
    this.#offset++;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // 0x80 is the indefinite length of BER. Four bytes would be 16 MiB and more.
    if (count === 0 || count > 3) throw this.#error("a length that DER does not have");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (count - 1)) throw this.#error("a length that is not in its shortest form");
    return length;
  }

  #error(found: string): SyntaxError {
    return new SyntaxError(`Cannot read DER: found ${found} at offset ${this.#offset}`);
  }
}

/**
 * Reads the content of the one value that `bytes` consist of.
 *
 * @throws {SyntaxError} if it is of another type, or not alone, or not DER.
 */
export function readSingle(bytes: Uint8Array, tag: number): Uint8Array {
  const reader = new DerReader(bytes);
  const content = reader.read(tag);
  reader.end();
  return content;
}
