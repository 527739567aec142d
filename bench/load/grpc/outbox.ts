import type { Socket } from 'node:net';

const capacityBytes = 64 * 1024;

/** Gathers what goes out, so that all of it leaves in one system call. */
export class Outbox {
  readonly #socket: Socket;
  #buffer = Buffer.allocUnsafeSlow(1024);
  #size = 0;
  /** Where what has not been put into `#chunks` begins. */
  #start = 0;
  #chunks: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get empty(): boolean {
    return this.#size === this.#start && this.#chunks.length === 0;
  }

  /** The buffer to write the next `bytes` into, at `at`; what was written before may lie in another one. */
  reserve(bytes: number): Buffer {
    if (this.#size + bytes > this.#buffer.byteLength) this.#renew(bytes);
    return this.#buffer;
  }

  /** Where to write. */
  get at(): number {
    return this.#size;
  }

  /** So many bytes have been written at `at`. */
  wrote(bytes: number): void {
    this.#size += bytes;
  }

  add(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength).set(bytes, this.#size);
    this.#size += bytes.byteLength;
  }

  /** Adds bytes that are not copied and must not change any more. */
  addLarge(bytes: Buffer): void {
    this.#cut();
    this.#chunks.push(bytes);
  }

  /** Sends all of it. */
  flush(): void {
    const socket = this.#socket;
    if (this.#chunks.length === 0) {
      if (this.#size > this.#start) socket.write(this.#buffer.subarray(this.#start, this.#size));
    } else {
      this.#cut();
      socket.cork();
      for (const chunk of this.#chunks) socket.write(chunk);
      socket.uncork();
      this.#chunks = [];
    }
    // What the kernel took at once is free to be written over; else the socket still holds it.
    if (socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(this.#buffer.byteLength);
    this.#size = 0;
    this.#start = 0;
  }

  #cut(): void {
    if (this.#size > this.#start) this.#chunks.push(this.#buffer.subarray(this.#start, this.#size));
    this.#start = this.#size;
  }

  #renew(bytes: number): void {
    this.#cut();
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(Math.min(this.#buffer.byteLength * 4, capacityBytes), bytes));
    this.#size = 0;
    this.#start = 0;
  }
}
