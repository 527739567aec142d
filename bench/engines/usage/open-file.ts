import { closeSync, openSync, readSync } from 'node:fs';

const buffer = Buffer.allocUnsafe(4_096);

/**
 * A file of the kernel that is read again and again: opened once, a reading is a single system call, of 4 KiB at the most. It is as new
 * each time as if it were opened then.
 */
export class OpenFile implements Disposable {
  readonly #descriptor: number;

  /** Undefined where there is none, or it may not be read. */
  static at(path: string): OpenFile | undefined {
    try {
      return new OpenFile(openSync(path, 'r'));
    } catch {
      return undefined;
    }
  }

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Undefined once what it is about has ended. */
  read(): string | undefined {
    try {
      return buffer.toString('latin1', 0, readSync(this.#descriptor, buffer, 0, buffer.length, 0));
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
