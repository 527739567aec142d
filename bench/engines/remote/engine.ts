import { Failure } from '../../failure.ts';
import type { ClientOptions, KServeClient, Send } from '../../kserve/client.ts';
import type { RemoteChoice } from '../../plan/plan.ts';
import type { Address, Attached, Engine, EngineIdentity, RunNotes, Server } from '../engine.ts';
import { Custody } from './custody.ts';
import { identify } from './identify.ts';
import { PatientClient } from './patient-client.ts';
import { RemoteControl } from './remote-control.ts';
import { restartServer } from './restart.ts';
import { ServerHold } from './server-hold.ts';

/** How a remote server is reached, its names resolved and its secrets read. */
export type RemoteConnection = {
  readonly choice: RemoteChoice;
  /** The origin of its HTTP address, for control calls and for people. */
  readonly url: string;
  /** HOST:PORT of that, by which two runs know that they use the same server. */
  readonly server: string;
  readonly httpAddress: Address;
  readonly grpcAddress: Address | undefined;
  readonly over: Attached['over'];
  readonly send: Send;
  /** Of its metrics page, where the plan names that. */
  readonly metrics?: NonNullable<Attached['metrics']>;
  /** Takes secrets out of what a server or a command said. */
  readonly clean: (text: string) => string;
};

export type RemoteOptions = {
  /** @throws Failure where a name, a file or a variable is not there. */
  readonly connect: (signal: AbortSignal) => Promise<RemoteConnection>;
  /** Where what must be restored is noted, and which other runs use the server. */
  readonly stateFolder: string;
  /** Of `restartCommand`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For a call that changes nothing; 20 s where it is left out. */
  readonly callTimeoutMs?: number;
};

const defaultCallTimeoutMs = 20_000;
/** A large model takes its time to load. */
export const changeTimeoutMs = 600_000;

/**
 * Serves with a server that is running already, on any host. What a run changes there is noted first and put back when the
 * server is stopped, which for such a server means: left.
 */
export function remoteEngine({ connect, ...rest }: RemoteOptions): Engine {
  return {
    kind: 'remote',
    async start({ signal = new AbortController().signal, run }) {
      signal.throwIfAborted();
      const connection = await connect(signal);
      const server = new RemoteServer({ ...rest, connection, signal, run });
      try {
        await server.begin();
        return server;
      } catch (error) {
        await server.stop();
        throw error;
      }
    },
  };
}

type Parts = Omit<RemoteOptions, 'connect'> & {
  readonly connection: RemoteConnection;
  readonly signal: AbortSignal;
  readonly run: RunNotes | undefined;
};

class RemoteServer implements Server {
  readonly httpAddress: Address;
  readonly grpcAddress: Address | undefined;
  readonly metricsAddress = undefined;
  readonly pid = undefined;
  readonly command: readonly string[];
  readonly control: KServeClient;
  readonly attached: Attached;
  /** Whether it is still there is known by the next call alone. */
  readonly died = new AbortController().signal;
  readonly #parts: Parts;
  readonly #left = new AbortController();
  readonly #changes: KServeClient;
  #hold: ServerHold | undefined;
  #custody: Custody | undefined;
  #identity: EngineIdentity | undefined;
  #stopping: Promise<void> | undefined;

  constructor(parts: Parts) {
    const { connection, signal, callTimeoutMs = defaultCallTimeoutMs } = parts;
    const { url, server, send, choice, over } = connection;
    this.#parts = parts;
    this.httpAddress = connection.httpAddress;
    this.grpcAddress = connection.grpcAddress;
    this.command = [url, ...(choice.grpc === null ? [] : [choice.grpc])];
    const options: ClientOptions = { send, timeoutMs: callTimeoutMs, changeTimeoutMs };
    this.#changes = new PatientClient(url, options);
    this.control = new RemoteControl(url, {
      ...options,
      server,
      signal: AbortSignal.any([signal, this.#left.signal]),
      changes: this.#changes,
      beforeChange: (model) => this.#custodyNow.beforeChange(model),
    });
    const { metrics } = connection;
    this.attached = { over, ...(metrics === undefined ? {} : { metrics }), renew: () => this.#renew() };
  }

  get identity(): EngineIdentity {
    if (this.#identity === undefined) throw new Error('the server was not asked yet');
    return this.#identity;
  }

  /** Asks who is there, then takes the server, and puts back first what a run that is gone left changed. */
  async begin(): Promise<void> {
    const { connection, stateFolder, run } = this.#parts;
    const { server, choice } = connection;
    this.#identity = await identify(this.control, this.#parts.connection);
    const tell = run?.tell ?? (() => undefined);
    const hold = new ServerHold({ stateFolder, runFolder: run?.folder ?? null, server, remote: choice });
    this.#hold = hold;
    this.#custody = new Custody({ control: this.#changes, hold, server, tell });
    if (hold.left === undefined) return;
    const { holder, runFolder } = hold.left;
    const names = hold.left.models.map(({ name }) => name).join(', ');
    tell(
      `${server}: process ${holder.pid}${runFolder === null ? '' : ` (${runFolder})`} left ${names} changed; that is put back first`,
    );
    try {
      await this.#custody.putBack();
    } catch (error) {
      // It was tried: once more at the end would take as long again.
      this.#custody = undefined;
      throw error;
    }
  }

  logMark(): number {
    return 0;
  }

  /** What it logs stays where it is. */
  logSince(): readonly string[] {
    return [];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#leave();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #custodyNow(): Custody {
    if (this.#custody === undefined) throw new Error('the server was not taken yet');
    return this.#custody;
  }

  async #leave(): Promise<void> {
    try {
      await this.#custody?.putBack();
    } finally {
      this.#hold?.release();
      this.#left.abort(
        new Failure('server', 'left', `${this.#parts.connection.server} was left: it is no longer used here`),
      );
    }
  }

  async #renew(): Promise<boolean> {
    const { connection, env, signal } = this.#parts;
    const { restartCommand } = connection.choice;
    if (restartCommand === null) return false;
    const { server, clean } = connection;
    await this.#custodyNow.beforeRestart();
    await restartServer({ command: restartCommand, env, control: this.control, server, clean, signal });
    this.#identity = await identify(this.control, this.#parts.connection);
    return true;
  }
}
