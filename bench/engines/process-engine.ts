import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { KServeClient, type ServerMetadata } from '../kserve/client.ts';
import { deathBehind } from './death-notice.ts';
import type { Engine, EngineIdentity, Server, StartOptions } from './engine.ts';
import { choosePorts, loopback, type ServerPorts } from './local/ports.ts';
import { type Ending, ProcessGroup } from './local/process-group.ts';
import { lastWords, ServerLog } from './local/server-log.ts';
import { placedBy } from './placement/server-placement.ts';

/** A program of this host that serves KServe v2 and takes Triton's flags. */
export type ServerProgram = {
  readonly kind: 'local' | 'embedded';
  /** What it is called where it fails. */
  readonly name: string;
  /** The words of its command line before the flags. */
  readonly command: readonly string[];
  /** Its flags for one start; `runId` names what it leaves in shared memory. */
  readonly flags: (runId: string) => readonly string[];
  /** The whole environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long it may take to answer ready; 60 s where it is not given. */
  readonly readyTimeoutMs?: number;
  readonly identityOf: (metadata: ServerMetadata) => EngineIdentity;
};

const defaultReadyTimeoutMs = 60_000;
const readyPollMs = 5;
const startAttemptCount = 5;

/** Serves with a process of this host, in a process group that ends with this process. */
export function processEngine(program: ServerProgram): Engine {
  return {
    kind: program.kind,
    async start(options) {
      for (let attempt = 1; ; attempt += 1) {
        options.signal?.throwIfAborted();
        const ports = await choosePorts({
          ...(options.httpPort === undefined ? {} : { http: options.httpPort }),
          ...(options.grpcPort === undefined ? {} : { grpc: options.grpcPort }),
        });
        const server = await ProcessServer.launch(program, options, ports);
        try {
          await server.ready(program.readyTimeoutMs ?? defaultReadyTimeoutMs);
          return server;
        } catch (error) {
          await server.stop();
          const isLost = server.logSince(0).some((line) => /already in use/i.test(line));
          if (!isLost || attempt === startAttemptCount) throw error;
        }
      }
    },
  };
}

type Parts = {
  readonly group: ProcessGroup;
  readonly log: ServerLog;
  readonly ports: ServerPorts;
  readonly command: readonly string[];
  readonly program: ServerProgram;
};

class ProcessServer implements Server {
  readonly httpAddress;
  readonly grpcAddress;
  readonly metricsAddress;
  readonly control: KServeClient;
  readonly died: AbortSignal;
  readonly pid: number;
  readonly command: readonly string[];
  readonly #program: ServerProgram;
  readonly #group: ProcessGroup;
  readonly #log: ServerLog;
  #identity: EngineIdentity | undefined;
  #stopping: Promise<void> | undefined;

  static async launch(program: ServerProgram, options: StartOptions, ports: ServerPorts): Promise<ProcessServer> {
    const runId = `tritune-${process.pid}-${randomBytes(6).toString('hex')}`;
    const command = commandOf(program, options, { runId, ports });
    const log = new ServerLog(runId);
    try {
      const group = await ProcessGroup.launch({
        command: [...placedBy(options.placement), ...command],
        env: program.env,
        logFd: log.fd,
        sharedMemoryPrefix: runId,
      });
      return new ProcessServer({ group, log, ports, command, program }, options.signal);
    } catch (error) {
      log[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(parts: Parts, signal: AbortSignal | undefined) {
    const { group, log, ports, command, program } = parts;
    this.#program = program;
    this.#group = group;
    this.#log = log;
    this.command = command;
    this.pid = group.pid;
    this.httpAddress = { host: loopback, port: ports.http };
    this.grpcAddress = { host: loopback, port: ports.grpc };
    this.metricsAddress = { host: loopback, port: ports.metrics };
    const death = new AbortController();
    this.died = death.signal;
    void group.ended.then((ending) => {
      if (this.#stopping === undefined) death.abort(this.#deathOf(ending));
    });
    const ends = signal === undefined ? death.signal : AbortSignal.any([death.signal, signal]);
    this.control = new KServeClient(`http://${loopback}:${ports.http}`, ends);
  }

  get identity(): EngineIdentity {
    if (this.#identity === undefined) throw new Error('the server is not ready yet');
    return this.#identity;
  }

  /** Polls until the server answers ready, then asks what it is. */
  async ready(readyTimeoutMs: number): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    while (!(await this.control.serverReady())) {
      if (performance.now() > deadline) {
        throw this.#failure('server-not-ready', `${this.#program.name} is not ready after ${readyTimeoutMs / 1000} s`);
      }
      await delay(readyPollMs);
    }
    const metadata = await this.control.serverMetadata().catch(async (error: unknown) => {
      throw await deathBehind(error, this.died);
    });
    this.#identity = this.#program.identityOf(metadata);
  }

  logMark(): number {
    return this.#log.mark();
  }

  logSince(mark: number): readonly string[] {
    return this.#log.since(mark);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#group.clear().finally(() => this.#log[Symbol.dispose]());
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #deathOf(ending: Ending): Failure {
    return this.#failure('server-died', `${this.#program.name} ended by itself (${ending})`);
  }

  #failure(code: string, message: string): Failure {
    return new Failure('server', code, message, { hint: lastWords(this.#log.since(0)) });
  }
}

/** The command line of one start: on loopback unless another address is given, with no model loaded. */
export function commandOf(
  program: Pick<ServerProgram, 'command' | 'flags'>,
  options: Pick<StartOptions, 'repository' | 'autoCompleteConfig' | 'flags'>,
  run: { runId: string; ports: ServerPorts; address?: string },
): readonly string[] {
  const { ports, runId, address = loopback } = run;
  return [
    ...program.command,
    `--model-repository=${options.repository}`,
    '--model-control-mode=explicit',
    ...(options.autoCompleteConfig ? [] : ['--disable-auto-complete-config']),
    `--http-address=${address}`,
    `--http-port=${ports.http}`,
    `--grpc-address=${address}`,
    `--grpc-port=${ports.grpc}`,
    `--metrics-address=${address}`,
    `--metrics-port=${ports.metrics}`,
    '--exit-timeout-secs=0',
    ...program.flags(runId),
    ...(options.flags ?? []),
  ];
}
