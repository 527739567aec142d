import type { Core, ModelStatistics } from './core.ts';
import { errorAnswer, type HttpHandler } from './http-message.ts';

type Family = {
  readonly name: string;
  readonly help: string;
  readonly of: (model: ModelStatistics) => number;
  /** A label beside the model and its version. */
  readonly reason?: string;
};

const us = (ns: number): number => Math.floor(ns / 1000);

const families: readonly Family[] = [
  {
    name: 'nv_inference_request_success',
    help: 'Number of successful inference requests, all batch sizes',
    of: ({ inference_stats }) => inference_stats.success.count,
  },
  {
    name: 'nv_inference_request_failure',
    help: 'Number of failed inference requests, all batch sizes',
    of: ({ inference_stats }) => inference_stats.fail.count,
    reason: 'OTHER',
  },
  {
    name: 'nv_inference_count',
    help: 'Number of inferences performed (does not include cached requests)',
    of: ({ inference_count }) => inference_count,
  },
  {
    name: 'nv_inference_exec_count',
    help: 'Number of model executions performed (does not include cached requests)',
    of: ({ execution_count }) => execution_count,
  },
  {
    name: 'nv_inference_request_duration_us',
    help: 'Cumulative inference request duration in microseconds (includes cached requests)',
    of: ({ inference_stats }) => us(inference_stats.success.ns),
  },
  ...(['queue', 'compute_input', 'compute_infer', 'compute_output'] as const).map((phase) => ({
    name: `nv_inference_${phase}_duration_us`,
    help: `Cumulative ${phase.replace('_', ' ')} duration in microseconds`,
    of: ({ inference_stats }: ModelStatistics) => us(inference_stats[phase].ns),
  })),
];

/** `GET /metrics` in the Prometheus text format, with Triton's names. */
export function metricsRoutes(core: Core): HttpHandler {
  return ({ method, path }) => {
    if (path !== '/metrics') return errorAnswer(404, 'Not Found');
    if (method !== 'GET') return errorAnswer(405, 'Method Not Allowed');
    const models = core.statistics();
    const text = families.map((family) => familyText(family, models)).join('') + processText();
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: [Buffer.from(text)] };
  };
}

/** What this process takes, instances included, under the names that Prometheus has for it. */
function processText(): string {
  const { user, system } = process.cpuUsage();
  return `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total ${(user + system) / 1e6}
# HELP process_resident_memory_bytes Resident memory size in bytes
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes ${process.memoryUsage.rss()}
`;
}

function familyText({ name, help, of, reason }: Family, models: readonly ModelStatistics[]): string {
  const more = reason === undefined ? '' : `,reason="${reason}"`;
  const lines = models.map((model) => {
    const labels = `model="${escaped(model.name)}"${more},version="${escaped(model.version)}"`;
    return `${name}{${labels}} ${of(model)}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${lines.join('')}`;
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
