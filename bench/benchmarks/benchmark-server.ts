import { fileURLToPath } from 'node:url';
import { findLocal } from '../engines/local/find.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';

/** What clients are measured against; its own count of answers is the same yardstick for all of them. */
export type BenchmarkServer = AsyncDisposable & {
  /** Inference requests answered since it started. */
  answeredCount(): Promise<number>;
};

export type TritonServer = BenchmarkServer & {
  readonly http: { readonly host: string; readonly port: number };
  readonly grpc: { readonly host: string; readonly port: number };
};

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The real server, as `tritune triton install` or PATH brings it, with the committed model; or why there is none. */
export async function startTriton(): Promise<{ found: TritonServer } | { missing: string }> {
  const local = findLocal({ root, env: process.env });
  if ('missing' in local) return local;
  await using parts = new AsyncDisposableStack();
  const repository = parts.use(new StagedRepository());
  const server = parts.use(await local.engine.start({ repository: repository.path, autoCompleteConfig: false }));
  await server.control.load(irisModel);
  const { httpAddress: http, grpcAddress: grpc, control } = server;
  if (grpc === undefined) throw new Error('a local server has no address for gRPC');
  const owned = parts.move();
  return {
    found: {
      http,
      grpc,
      answeredCount: async () => successCount(await control.statistics(irisModel)),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    },
  };
}

function successCount(statistics: unknown): number {
  type Told = { model_stats?: { inference_stats?: { success?: { count?: number | string } } }[] };
  const count = (statistics as Told).model_stats?.[0]?.inference_stats?.success?.count;
  if (count === undefined) throw new Error('the statistics have no count of successes');
  return Number(count);
}
