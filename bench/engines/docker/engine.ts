import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import type { KServeClient, ServerMetadata } from '../../kserve/client.ts';
import { deathBehind } from '../death-notice.ts';
import type { Engine, EngineIdentity, Server, StartOptions } from '../engine.ts';
import { standInBackend, standInServerId } from '../local/installation.ts';
import { choosePorts, loopback, type ServerPorts } from '../local/ports.ts';
import { killGroup } from '../local/process-group.ts';
import { lastWords, ServerLog } from '../local/server-log.ts';
import { commandOf } from '../process-engine.ts';
import { commandOfProcess } from '../server-process.ts';
import type { ComposeService } from './compose-file.ts';
import { type ContainerEnd, followContainer } from './container.ts';
import type { Network } from './daemon.ts';
import type { DockerCall, DockerCli } from './docker-cli.ts';
import type { Image } from './image.ts';
import { removeAbandoned } from './leftovers.ts';
import { LoggedClient, logSettles } from './load-log.ts';
import { composeProject, serviceKey } from './project.ts';
import { type GivenCommand, withoutGiven } from './server-command.ts';
import { starterLabel, starterText, thisStarter } from './starter.ts';
import { ContainerWatcher } from './watcher.ts';
import { within } from './within.ts';

/** What is to be run by compose, all of it looked up and found. */
export type DockerProgram = {
  readonly docker: DockerCli;
  readonly compose: ComposeService;
  readonly command: GivenCommand;
  readonly image: Image;
  readonly network: Network;
  readonly cpuset: string | null;
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take to answer ready; 60 s where it is not given. */
  readonly readyTimeoutMs?: number;
};

const defaultReadyTimeoutMs = 60_000;
const readyPollMs = 5;
const startAttemptCount = 5;
const upTimeoutMs = 60_000;
const downTimeoutMs = 20_000;
/** How long a container that is on its way is waited for once nobody wants it: one that came later would stay. */
const lateContainerMs = 2_000;
const lateLogMs = 1_000;
/** For a user who wants to go: a daemon that hangs is left to the watcher. */
const hurriedMs = 2_000;

/** Serves with a container of the service of a compose file, in a project of its own for each start. */
export function dockerEngine(program: DockerProgram): Engine {
  let isTidy = false;
  return {
    kind: 'docker',
    async start(options) {
      options.signal?.throwIfAborted();
      if (!isTidy) await removeAbandoned(program.docker, options.signal);
      isTidy = true;
      for (let attempt = 1; ; attempt += 1) {
        options.signal?.throwIfAborted();
        const ports = await choosePorts({
          ...(options.httpPort === undefined ? {} : { http: options.httpPort }),
          ...(options.grpcPort === undefined ? {} : { grpc: options.grpcPort }),
        });
        const server = new DockerServer(program, options, ports);
        try {
          await server.up();
          await server.ready(program.readyTimeoutMs ?? defaultReadyTimeoutMs);
          return server;
        } catch (error) {
          await server.stop();
          const said = error instanceof Failure ? [error.message, ...server.logSince(0)] : [];
          const isLost = said.some((line) => /already in use|already allocated/i.test(line));
          if (!isLost || attempt === startAttemptCount) throw error;
        }
      }
    },
  };
}

class DockerServer implements Server {
  readonly httpAddress;
  readonly grpcAddress;
  readonly metricsAddress;
  readonly control: KServeClient;
  readonly died: AbortSignal;
  readonly command: readonly string[];
  readonly #program: DockerProgram;
  readonly #options: StartOptions;
  readonly #project = `tritune-${process.pid}-${randomBytes(6).toString('hex')}`;
  readonly #model: string;
  readonly #log: ServerLog;
  readonly #death = new AbortController();
  /** Aborted once nothing is to be done for this server any more: programs that wait for a silent daemon would outlive the run. */
  readonly #enough = new AbortController();
  #watcher: ContainerWatcher | undefined;
  #coming: Promise<unknown> | undefined;
  #following: Promise<void> | undefined;
  #pid: number | undefined;
  #identity: EngineIdentity | undefined;
  #stopping: Promise<void> | undefined;

  constructor(program: DockerProgram, options: StartOptions, ports: ServerPorts) {
    this.#program = program;
    this.#options = options;
    const words = serverWords(program, options, { runId: this.#project, ports });
    const { compose, image } = program;
    this.command = [
      'docker',
      'compose',
      '--file',
      compose.file,
      'up',
      compose.name,
      `${image.name} (${image.id})`,
      ...words,
    ];
    this.#model = composeProject(compose, {
      name: this.#project,
      labels: { [starterLabel]: starterText(thisStarter()) },
      image: image.id,
      command: words,
      repository: { from: options.repository, to: program.command.repository },
      network: program.network,
      ports: Object.values(ports),
      cpuset: program.cpuset ?? options.placement?.cpus ?? null,
      environment: program.environment,
    });
    this.httpAddress = { host: loopback, port: ports.http };
    this.grpcAddress = { host: loopback, port: ports.grpc };
    this.metricsAddress = { host: loopback, port: ports.metrics };
    this.died = this.#death.signal;
    this.#log = new ServerLog(this.#project);
    const ends = options.signal === undefined ? this.died : AbortSignal.any([this.died, options.signal]);
    this.control = new LoggedClient(`http://${loopback}:${ports.http}`, ends, this.#log);
  }

  get identity(): EngineIdentity {
    if (this.#identity === undefined) throw new Error('the server is not ready yet');
    return this.#identity;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  /** Has compose make the container and start it. */
  async up(): Promise<void> {
    const { docker } = this.#program;
    this.#watcher = await ContainerWatcher.launch(this.#project, docker.env);
    const coming = this.#compose(['up', '--detach', '--no-build', '--quiet-pull', '--no-deps', serviceKey], {
      timeoutMs: upTimeoutMs,
      signal: this.#enough.signal,
    });
    this.#coming = coming.catch(() => undefined);
    await unlessAborted(coming, this.#options.signal);
    const follow = { logFd: this.#log.fd, enough: this.#enough.signal };
    this.#following = followContainer(docker, this.#project, follow).then((end) => {
      if (this.#stopping === undefined) this.#death.abort(this.#deathOf(end));
    });
  }

  /** Polls until the server answers ready, then asks what it is. */
  async ready(readyTimeoutMs: number): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    while (!(await this.control.serverReady())) {
      if (performance.now() > deadline) {
        throw this.#failure(
          'server-not-ready',
          `the container of Triton is not ready after ${readyTimeoutMs / 1000} s`,
        );
      }
      await delay(readyPollMs);
    }
    const [metadata, pid] = await Promise.all([
      this.control.serverMetadata().catch(async (error: unknown) => {
        throw await deathBehind(error, this.died);
      }),
      this.#findPid(),
      logSettles(this.#log, 0),
    ]);
    this.#identity = identityOf(metadata);
    this.#pid = pid;
  }

  logMark(): number {
    return this.#log.mark();
  }

  logSince(mark: number): readonly string[] {
    return this.#log.since(mark);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#remove().finally(() => this.#log[Symbol.dispose]());
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #remove(): Promise<void> {
    const hasCome = this.#coming?.then(() => true) ?? Promise.resolve(true);
    const come = (await within(lateContainerMs, hasCome)) === true;
    try {
      const isHurried = this.#options.signal?.aborted === true;
      await this.#compose(['down', '--timeout', '0', '--volumes'], {
        timeoutMs: isHurried ? hurriedMs : downTimeoutMs,
      });
      // It ends with the container.
      if (this.#following !== undefined) await within(lateLogMs, this.#following);
      if (come) await this.#watcher?.dismiss();
      else this.#watcher?.handOver();
    } catch (error) {
      this.#watcher?.handOver();
      this.#killProcess();
      // Why it cannot be taken away is known already where the server's death told it.
      if (this.died.aborted || this.#options.signal?.aborted === true || !(error instanceof Failure)) return;
      throw new Failure(
        'server',
        'stop-hangs',
        `the container ${this.#project} could not be removed: ${error.message}`,
        {
          hint: `it is tried for two minutes more, and before the next run; by hand: docker rm --force ${this.#project}`,
          cause: error,
        },
      );
    } finally {
      this.#enough.abort();
    }
  }

  #compose(args: readonly string[], call: DockerCall): Promise<string> {
    // What is resolved needs no folder of its own; a .env file of the current one is not meant for it.
    const words = ['compose', '--project-name', this.#project, '--project-directory', '/', '--file', '-', ...args];
    return this.#program.docker.run(words, { input: this.#model, ...call });
  }

  /** Its process as this host has it; undefined where containers are in a machine of their own. */
  async #findPid(): Promise<number | undefined> {
    const text = await this.#program.docker.run(['container', 'inspect', '--format', '{{.State.Pid}}', this.#project]);
    const pid = Number(text.trim());
    return Number.isSafeInteger(pid) && pid > 0 && this.#isOwn(pid) ? pid : undefined;
  }

  /** The project's name stands on its command line; another's process may have the number by now, or in another machine. */
  #isOwn(pid: number): boolean {
    return commandOfProcess(pid)?.some((word) => word.includes(this.#project)) ?? false;
  }

  /** A daemon that was killed leaves its containers running, and nobody to ask; where this user may, the process is ended as such. */
  #killProcess(): void {
    if (this.#pid === undefined || !this.#isOwn(this.#pid)) return;
    try {
      killGroup(this.#pid);
    } catch {
      // It is another user's: the watcher goes on trying.
    }
  }

  #deathOf({ how, daemonGone }: ContainerEnd): Failure {
    if (!daemonGone) return this.#failure('server-died', `the container of Triton ended by itself (${how})`);
    return new Failure('server', 'docker-gone', `the Docker daemon went away in the middle of a run: ${how}`, {
      hint: 'start it again: what is left of the container is then removed',
    });
  }

  #failure(code: string, message: string): Failure {
    return new Failure('server', code, message, { hint: lastWords(this.#log.since(0)) });
  }
}

/** Flags of the compose file come first, less those that the run gives itself. */
function serverWords(
  { command, network }: DockerProgram,
  options: StartOptions,
  run: { runId: string; ports: ServerPorts },
): readonly string[] {
  const program = {
    command: [...command.program, ...withoutGiven(command.flags, options.flags ?? [])],
    flags: (runId: string) => [`--backend-config=python,shm-region-prefix-name=${runId}`],
  };
  const address = network === 'host' ? loopback : '0.0.0.0';
  return commandOf(program, { ...options, repository: command.repository }, { ...run, address });
}

function identityOf({ name, version }: ServerMetadata): EngineIdentity {
  const isStandIn = name === standInServerId;
  return {
    kind: 'docker',
    version,
    backend: isStandIn ? standInBackend : "Triton's own backends",
    transferable: !isStandIn,
  };
}

/** The work's own result, or the reason of the signal where that is first; the work goes on then. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
