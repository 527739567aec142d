import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { BenchmarkServer } from './benchmark-server.ts';

/** The servers under `servers/`, each one C file with its headers. */
export type NativeName = 'null-http' | 'null-grpc' | 'delay-server';

const sources = fileURLToPath(new URL('servers/', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/tritune-benchmarks/', import.meta.url));

/** The compiled program, made anew where its sources changed; or why there is none. */
export async function compileNative(name: NativeName): Promise<{ found: string } | { missing: string }> {
  const hash = createHash('sha256');
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(`${sources}${file}`));
  const program = `${cache}${name}-${hash.digest('hex').slice(0, 16)}`;
  if (existsSync(program)) return { found: program };
  mkdirSync(cache, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const built = await execa('gcc', ['-O2', '-o', unfinished, `${sources}${name}.c`], {
    reject: false,
    timeout: 60_000,
  });
  if (built.failed) return { missing: `gcc cannot compile ${name}.c: ${built.stderr || built.shortMessage}` };
  renameSync(unfinished, program);
  return { found: program };
}

/** Starts one on a free port of loopback; it ends with this process, however that ends. */
export async function startNative(program: string, flags: readonly string[] = []): Promise<NativeServer> {
  const child = launch(program, flags);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const server = new NativeServer(child, lines);
  await server.listening();
  return server;
}

function launch(program: string, flags: readonly string[]) {
  return execa(program, flags, { stdin: 'pipe', stdout: 'pipe', reject: false, buffer: false });
}

type Child = ReturnType<typeof launch>;

export class NativeServer implements BenchmarkServer {
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;
  #port = 0;

  constructor(child: Child, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.#port };
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async listening(): Promise<void> {
    this.#port = await this.#number('port');
  }

  async answeredCount(): Promise<number> {
    this.#child.stdin.write('\n');
    return this.#number('answered');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#child;
  }

  /** The number on the next line, which begins with that word. */
  async #number(word: string): Promise<number> {
    const { value = '', done } = await this.#lines.next();
    const [said, number] = String(value).split(' ');
    if (done === true || said !== word) throw new Error(`the server said ${JSON.stringify(value)}, not ${word}`);
    return Number(number);
  }
}
