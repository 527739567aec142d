const nothing = Buffer.alloc(0);

/** Pieces of this size and more are kept as they came, as the first is; many smaller ones would cost more than they hold. */
const keptBytes = 16 * 1024;

/** Bytes that come in pieces, however small, until they are joined. */
export class BodyParts {
  #parts: Buffer[] = [];
  #block: Buffer = nothing;
  #blockBytes = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(bytes: Buffer): void {
    this.#byteLength += bytes.byteLength;
    if (bytes.byteLength >= keptBytes || bytes.byteLength === this.#byteLength) {
      this.#closeBlock();
      this.#parts.push(bytes);
      return;
    }
    if (this.#blockBytes + bytes.byteLength > this.#block.byteLength) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafeSlow(keptBytes);
    }
    this.#block.set(bytes, this.#blockBytes);
    this.#blockBytes += bytes.byteLength;
  }

  /** All of it in one piece, and none of it is left. */
  take(): Buffer {
    this.#closeBlock();
    const whole = this.#parts.length === 1 ? this.#parts[0] : undefined;
    const joined = whole ?? Buffer.concat(this.#parts, this.#byteLength);
    this.#parts = [];
    this.#byteLength = 0;
    return joined;
  }

  #closeBlock(): void {
    if (this.#blockBytes > 0) this.#parts.push(this.#block.subarray(0, this.#blockBytes));
    this.#block = nothing;
    this.#blockBytes = 0;
  }
}
