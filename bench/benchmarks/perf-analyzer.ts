import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { irisModel } from '../engines/staged-repository.ts';
import type { ClientCommand, ClientReport } from './client-run.ts';

export type PerfAnalyzerLoad = {
  readonly protocol: 'http' | 'grpc';
  readonly port: number;
  readonly seconds: number;
  readonly pacing: { readonly concurrency: number } | { readonly requestsPerSecond: number };
};

/** It wants three windows that agree; whether they do is not asked here. */
const windowCount = 3;
const anyStabilityPercent = 999;

/** NVIDIA's perf_analyzer, or why there is none. Disposing of it removes what it wrote. */
export class PerfAnalyzer implements Disposable {
  readonly #program: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tritune-perf-analyzer-'));

  static find(program: string | undefined): { found: PerfAnalyzer } | { missing: string } {
    const path = program ?? process.env.PERF_ANALYZER ?? 'perf_analyzer';
    const works = !execaSync(path, ['--version'], { reject: false, timeout: 10_000 }).failed;
    return works
      ? { found: new PerfAnalyzer(path) }
      : { missing: `${path} does not run: name it with --perf-analyzer or PERF_ANALYZER` };
  }

  constructor(program: string) {
    this.#program = program;
  }

  command({ protocol, port, seconds, pacing }: PerfAnalyzerLoad): ClientCommand {
    const csv = join(this.#folder, 'result.csv');
    rmSync(csv, { force: true });
    const flags = [
      ...['-m', irisModel, '-u', `127.0.0.1:${port}`, '-i', protocol],
      ...('concurrency' in pacing
        ? ['--concurrency-range', String(pacing.concurrency)]
        : ['--request-rate-range', String(pacing.requestsPerSecond)]),
      ...['-p', String(Math.ceil((seconds * 1_000) / windowCount)), '-r', String(windowCount)],
      ...['-s', String(anyStabilityPercent), '-f', csv, '--verbose-csv'],
    ];
    return { command: [this.#program, ...flags], parse: () => parseCsv(readFileSync(csv, 'utf8')) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function parseCsv(text: string): ClientReport {
  const [names = [], values = []] = text.split('\n').map((line) => line.split(','));
  const number = (name: string): number => {
    const value = Number(values[names.indexOf(name)]);
    if (Number.isNaN(value)) throw new Error(`perf_analyzer wrote no ${name}: ${text.slice(0, 300)}`);
    return value;
  };
  return {
    requestsPerSecond: number('Inferences/Second'),
    meanLatencyNs: number('Avg latency') * 1e3,
    p99LatencyNs: number('p99 latency') * 1e3,
    sinceDue: null,
    errorCount: null,
  };
}
