import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Failure, messageOf } from '../../failure.ts';

const tailBytes = 256 * 1024;
const fileLimitBytes = 64 * 1024 * 1024;
const lineLimitCharacters = 2000;
const trimIntervalMs = 5_000;
const shownLineCount = 20;

/**
 * What a server writes to its standard streams, kept in a file that has no name any more: nothing stays behind however
 * the process ends, a busy event loop never blocks the server, and a line written before an answer is there when the
 * answer is. The file is emptied at 64 MiB; a reader gets at most the last 256 KiB.
 */
export class ServerLog implements Disposable {
  /** To be given to the child as its stdout and stderr. */
  readonly fd: number;
  readonly #trimming: NodeJS.Timeout;
  #droppedBytes = 0;
  #last: { text: string; endsAt: number } | undefined;

  constructor(name: string) {
    const path = join(tmpdir(), `${name}.log`);
    try {
      this.fd = openSync(path, 'ax+', 0o600);
      unlinkSync(path);
    } catch (error) {
      throw new Failure('server', 'log', `the server's log cannot be kept in ${tmpdir()}: ${messageOf(error)}`, {
        hint: 'TMPDIR must name a folder that can be written to',
        cause: error,
      });
    }
    this.#trimming = setInterval(() => this.#trim(), trimIntervalMs).unref();
  }

  /** A place in the log, in bytes since its beginning. */
  mark(): number {
    return this.#last?.endsAt ?? this.#droppedBytes + fstatSync(this.fd).size;
  }

  /** The lines since a mark, or the last 256 KiB of them; control characters removed, empty lines left out. */
  since(mark: number): readonly string[] {
    const { text, endsAt } = this.#last ?? this.#read();
    const wanted = Buffer.from(text, 'latin1').subarray(
      Math.max(0, Buffer.byteLength(text, 'latin1') - (endsAt - mark)),
    );
    return wanted
      .toString('utf8')
      .split('\n')
      .map((line) => cleanLine(line))
      .filter((line) => line !== '');
  }

  /** Lets go of the file; the tail stays readable. */
  [Symbol.dispose](): void {
    if (this.#last !== undefined) return;
    this.#last = this.#read();
    clearInterval(this.#trimming);
    closeSync(this.fd);
  }

  #read(): { text: string; endsAt: number } {
    const { size } = fstatSync(this.fd);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(this.fd, buffer, 0, buffer.byteLength, size - buffer.byteLength);
    return { text: buffer.subarray(0, read).toString('latin1'), endsAt: this.#droppedBytes + size };
  }

  #trim(): void {
    const { size } = fstatSync(this.fd);
    if (size < fileLimitBytes) return;
    // The child appends, so it goes on at the new end.
    ftruncateSync(this.fd, 0);
    this.#droppedBytes += size;
  }
}

/**
 * What to show of a log to explain an end: 20 lines without Triton's tables. The first line is one of them: a server
 * that refuses its command line says why there, and how it is used in a hundred more.
 */
export function lastWords(log: readonly string[]): string {
  const lines = log.filter((line) => !/^[+|]/.test(line));
  const shown =
    lines.length <= shownLineCount ? lines : [...lines.slice(0, 1), '...', ...lines.slice(1 - shownLineCount)];
  return shown.length === 0 ? 'it logged nothing' : `what it logged:\n${shown.join('\n')}`;
}

function cleanLine(line: string): string {
  return stripVTControlCharacters(line)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trimEnd()
    .slice(0, lineLimitCharacters);
}
