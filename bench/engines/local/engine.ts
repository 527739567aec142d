import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import { KServeClient } from '../../kserve/client.ts';
import type { Engine, EngineIdentity, Server, StartOptions } from '../engine.ts';
import { standInBackend, standInServerId } from './installation.ts';
import { choosePorts, loopback, type ServerPorts } from './ports.ts';
import { type Ending, ProcessGroup } from './process-group.ts';
import { lastWords, ServerLog } from './server-log.ts';

/** A `tritonserver` of this host and what it needs to run. */
export type LocalProgram = {
  readonly tritonserver: string;
  /** Flags that this binary needs each time, such as where its backends are. */
  readonly flags: readonly string[];
  /** The whole environment of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long it may take to answer ready; 60 s where it is not given. */
  readonly readyTimeoutMs?: number;
};

const defaultReadyTimeoutMs = 60_000;
const readyPollMs = 5;
const startAttemptCount = 5;

/** Serves with a `tritonserver` process of this host, in a process group that ends with this process. */
export function localEngine(program: LocalProgram): Engine {
  return {
    kind: 'local',
    async start(options) {
      for (let attempt = 1; ; attempt += 1) {
        options.signal?.throwIfAborted();
        const ports = await choosePorts({
          ...(options.httpPort === undefined ? {} : { http: options.httpPort }),
          ...(options.grpcPort === undefined ? {} : { grpc: options.grpcPort }),
        });
        const server = await LocalServer.launch(program, options, ports);
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

class LocalServer implements Server {
  readonly httpAddress;
  readonly grpcAddress;
  readonly metricsAddress;
  readonly control: KServeClient;
  readonly died: AbortSignal;
  readonly pid: number;
  readonly command: readonly string[];
  readonly #group: ProcessGroup;
  readonly #log: ServerLog;
  #identity: EngineIdentity | undefined;
  #stopping: Promise<void> | undefined;

  static async launch(program: LocalProgram, options: StartOptions, ports: ServerPorts): Promise<LocalServer> {
    const runId = `tritune-${process.pid}-${randomBytes(6).toString('hex')}`;
    const command = commandOf(program, options, { runId, ports });
    const log = new ServerLog(runId);
    try {
      const group = await ProcessGroup.launch({
        command,
        env: program.env,
        logFd: log.fd,
        sharedMemoryPrefix: runId,
      });
      return new LocalServer({ group, log, ports, command }, options.signal);
    } catch (error) {
      log[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(
    parts: { group: ProcessGroup; log: ServerLog; ports: ServerPorts; command: readonly string[] },
    signal: AbortSignal | undefined,
  ) {
    const { group, log, ports, command } = parts;
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
        throw this.#failure('server-not-ready', `tritonserver is not ready after ${readyTimeoutMs / 1000} s`);
      }
      await delay(readyPollMs);
    }
    const { name, version } = await this.control.serverMetadata();
    const isStandIn = name === standInServerId;
    this.#identity = {
      kind: 'local',
      version,
      backend: isStandIn ? standInBackend : "Triton's own backends",
      transferable: !isStandIn,
    };
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
    return this.#failure('server-died', `tritonserver ended by itself (${ending})`);
  }

  #failure(code: string, message: string): Failure {
    return new Failure('server', code, message, { hint: lastWords(this.#log.since(0)) });
  }
}

function commandOf(
  program: LocalProgram,
  options: StartOptions,
  run: { runId: string; ports: ServerPorts },
): readonly string[] {
  const { ports, runId } = run;
  return [
    program.tritonserver,
    `--model-repository=${options.repository}`,
    '--model-control-mode=explicit',
    ...(options.autoCompleteConfig ? [] : ['--disable-auto-complete-config']),
    `--http-address=${loopback}`,
    `--http-port=${ports.http}`,
    `--grpc-address=${loopback}`,
    `--grpc-port=${ports.grpc}`,
    `--metrics-address=${loopback}`,
    `--metrics-port=${ports.metrics}`,
    `--backend-config=python,shm-region-prefix-name=${runId}`,
    '--exit-timeout-secs=0',
    ...program.flags,
    ...(options.flags ?? []),
  ];
}
