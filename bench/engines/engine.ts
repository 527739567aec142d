import type { KServeClient, Send } from '../kserve/client.ts';
import type { ServerPlacement } from './placement/server-placement.ts';

export type EngineKind = 'local' | 'embedded' | 'docker' | 'remote';

/** What serves, as a run records it. `transferable` is false for stand-ins, whose numbers do not carry over to Triton's C++ backends. */
export type EngineIdentity = {
  readonly kind: EngineKind;
  /** The server's own version, from its metadata. */
  readonly version: string;
  /** In words, for reports: "python-based onnxruntime backend", "Triton's own backends". */
  readonly backend: string;
  readonly transferable: boolean;
  /** All blocks run on one server process: what differs from process to process is in no interval. */
  readonly sharedProcess?: true;
};

export type StartOptions = {
  /** Absolute path of the model repository to serve: the run's staged copy, never the user's own. */
  readonly repository: string;
  /** Triton derives what a config leaves out; false makes loads about ten times faster but needs complete configs. */
  readonly autoCompleteConfig: boolean;
  /** Further server flags, as given. */
  readonly flags?: readonly string[];
  /** The CPUs that it is to run on; all that this process may use where left out. */
  readonly placement?: ServerPlacement;
  /** Fixed ports; free ones are found where they are not given. */
  readonly httpPort?: number;
  readonly grpcPort?: number;
  /** Ends a start that is under way and every later call of the server's client. */
  readonly signal?: AbortSignal;
  /** The run that the server is for, where an engine has something to keep of it or to say. */
  readonly run?: RunNotes;
};

export type RunNotes = {
  /** Absolute path of its folder. */
  readonly folder: string;
  /** One line for people, without control characters of its own. */
  readonly tell: (line: string) => void;
};

/** One way to get a server. No model is loaded at start (explicit model control). */
export type Engine = {
  readonly kind: EngineKind;
  /** Resolves once the server answers ready. @throws Failure (server), with the last log lines, where it does not. */
  start(options: StartOptions): Promise<Server>;
};

/**
 * A running server, on loopback unless it is `attached`. Disposing of it ends its processes and removes what they leave; of one
 * that is attached it puts back what was changed there.
 */
export type Server = AsyncDisposable & {
  readonly identity: EngineIdentity;
  readonly httpAddress: Address;
  readonly grpcAddress: Address | undefined;
  /** Where `GET /metrics` answers in Prometheus text, where the engine knows. */
  readonly metricsAddress: Address | undefined;
  /** Control calls; they fail with the server's death as their reason. */
  readonly control: KServeClient;
  /** Aborted with a Failure (server) when the server dies by itself, not when it is stopped. */
  readonly died: AbortSignal;
  /** Process id of the server, where it is a process of this host. */
  readonly pid: number | undefined;
  /** The command line that runs, for the record. */
  readonly command: readonly string[];
  /** Lines written to the server's log since a mark taken with `logMark()`; control characters removed. */
  logMark(): number;
  logSince(mark: number): readonly string[];
  /** Where it was running before and goes on afterwards: what is other about it then. */
  readonly attached?: Attached;
  /** Ends it at once (SIGKILL to its process group): nothing in it is worth an orderly shutdown. Safe to call twice. */
  stop(): Promise<void>;
};

/** A server that something else started. It reads no repository of ours: a configuration comes to it with the load itself. */
export type Attached = {
  /** What goes with the requests of a protocol. */
  readonly over: Readonly<Record<'http' | 'grpc', Envelope>>;
  /** How its metrics page is read, where it is known where that is. */
  readonly metrics?: { readonly url: string; readonly send: Send };
  /** Begins a new process of it, which has what it loads by itself; false where it has no way to, and all stays as it is. */
  renew(): Promise<boolean>;
};

/** What is sent with each request, and what is around its connection. It may hold secrets: no record and no message has it. */
export type Envelope = {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Certificates and keys as PEM text. */
  readonly tls: {
    readonly serverName: string;
    readonly ca: string | null;
    readonly certificate: string | null;
    readonly key: string | null;
  } | null;
  /** URL of an HTTP proxy. */
  readonly proxy: string | null;
};

export type Address = { readonly host: string; readonly port: number };
