import type { Tensor } from '../kserve/tensors.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import type { ErrorKind } from './answers.ts';
import type { EncodedRequest, Question } from './rotation.ts';

/** Where load goes, for which model, and how it is wrapped. Plain data, so that a worker thread can be told. */
export type Target = {
  /** A literal address: names are resolved once, before any load, and nothing is resolved while measuring. */
  readonly host: string;
  readonly port: number;
  readonly model: string;
  /** As in the model repository, "1"; null for the version that the server picks. */
  readonly modelVersion: string | null;
  /** Headers of HTTP, metadata of gRPC; sent with every request. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly tls: TlsTarget | null;
  readonly compression: 'none' | 'gzip' | 'deflate';
  /** URL of an HTTP proxy. */
  readonly proxy: string | null;
};

/** Certificates and keys as PEM text. */
export type TlsTarget = {
  readonly serverName: string;
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
};

/** A target without TLS, headers of its own, compression or proxy. */
export function plainTarget(address: { readonly host: string; readonly port: number }, model: string): Target {
  const { host, port } = address;
  return { host, port, model, modelVersion: null, headers: [], tls: null, compression: 'none', proxy: null };
}

/** One protocol in one implementation. */
export type Transport = {
  readonly name: TransportName;
  /**
   * Whether requests share connections where nothing else is asked for. gRPC's clients do so, NVIDIA's among them, and a
   * server spends less on each request.
   */
  readonly sharesConnections: boolean;
  /** What goes over the wire for one request, made once and sent many times. */
  encode(target: Target, inputs: readonly Tensor[]): EncodedRequest;
  /** Connects nothing yet. `shared`: channels use connections together, where the protocol can carry many requests at once. */
  open(target: Target, options: { readonly shared: boolean }): Carrier;
};

/** Makes channels to one target; disposing of it closes what they had in common. */
export type Carrier = Disposable & {
  /** Begins to connect; exactly one of `connected` and `failed` follows, unless it is destroyed. */
  open(events: ChannelEvents): Channel;
};

/** Carries one request at a time. */
export type Channel = {
  /** Sends one request; `connected` has been told and the answer before it is complete. */
  send(question: Question): void;
  /** Gives up what is outstanding and closes at once, without a further event. Once more does nothing. */
  destroy(): void;
};

/** What a channel tells its user: one call per request sent, or a failure of the connection itself. Never from within `open` or `send`. */
export type ChannelEvents = {
  connected(): void;
  /**
   * The answer is complete and right; `endNs` was taken (`nowNs`) when its last bytes came in. Without `verified` its form
   * alone was looked at. Without `reusable` the channel is closed and another must be opened.
   */
  answered(endNs: number, reusable: boolean, verified: boolean): void;
  /** The request outstanding failed, or the connection could not be made; the channel is closed afterwards unless `reusable`. */
  failed(kind: ErrorKind, endNs: number, reusable: boolean): void;
};

/** The monotonic clock of all load, in ns from an origin of this thread's own. */
export const nowNs = (): number => performance.now() * 1e6;

const modules: Partial<Record<TransportName, () => Promise<Transport>>> = {
  http: async () => (await import('./http/transport.ts')).http,
  'http-undici': async () => (await import('./conventional/http-undici.ts')).httpUndici,
  'grpc-js': async () => (await import('./conventional/grpc-js.ts')).grpcJs,
  grpc: async () => (await import('./grpc/transport.ts')).grpc,
};

/** Loads only what the transport of that name needs. */
export async function loadTransport(name: TransportName): Promise<Transport> {
  const load = modules[name];
  if (load === undefined) throw new RangeError(`there is no transport ${name}`);
  return load();
}
