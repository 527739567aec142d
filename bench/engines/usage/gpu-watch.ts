import { execa } from 'execa';
import { type GpuReading, gpuFormat, gpuQueries, parseGpus } from './nvidia-smi.ts';

const callTimeoutMs = 3_000;

/**
 * Asks `nvidia-smi` how the GPUs of this host are. A host without one, without the program, or on which it does not work or takes more than
 * 3 s is not asked again: it has no GPUs then, as far as anyone can tell.
 */
export class GpuWatch {
  #queries: readonly string[] = gpuQueries;
  readonly #env: Readonly<Record<string, string | undefined>>;

  /** `env` has the PATH that the program is looked for on. */
  constructor(env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#env = env;
  }

  /** Null where there are none. */
  async read(): Promise<readonly GpuReading[] | null> {
    for (const query of this.#queries) {
      const answer = await this.#ask(query);
      if (answer === 'refused') continue;
      const gpus = answer === 'none' ? [] : parseGpus(answer.text);
      this.#queries = gpus.length === 0 ? [] : [query];
      return gpus.length === 0 ? null : gpus;
    }
    this.#queries = [];
    return null;
  }

  async #ask(query: string): Promise<{ readonly text: string } | 'refused' | 'none'> {
    const { failed, stdout, exitCode } = await execa('nvidia-smi', [`--query-gpu=${query}`, gpuFormat], {
      env: this.#env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      timeout: callTimeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 65_536,
    });
    if (!failed) return { text: stdout };
    // Of a field that a driver does not know it says so with this code, and so of any other argument.
    return exitCode === 2 ? 'refused' : 'none';
  }
}
