import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { irisModel } from '../engines/staged-repository.ts';
import { encodeInferenceRequest } from '../kserve/inference.ts';
import type { ClientCommand, ClientReport } from './client-run.ts';
import { irisInput } from './iris-question.ts';

export type WrkLoad = {
  readonly port: number;
  readonly connections: number;
  readonly threads: number;
  readonly seconds: number;
};

/** The request's bytes as a Lua string, and the numbers at full precision: wrk's own print rounds them. */
const script = (body: Uint8Array, headerBytes: number): string => `
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.headers["Inference-Header-Content-Length"] = "${headerBytes}"
wrk.body = "${[...body].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("\\nresult %.9g %.9g %.9g %d\\n", summary.requests / (summary.duration / 1e6), latency.mean,
    latency:percentile(99.0), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`;

/** Wrk of this host, sending the same request; or why there is none. Disposing of it removes its script. */
export class Wrk implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tritune-wrk-'));
  readonly #script = join(this.#folder, 'infer.lua');

  static find(): { found: Wrk } | { missing: string } {
    // It prints its version with exit code 1.
    const { stdout, stderr } = execaSync('wrk', ['-v'], { reject: false });
    const isThere = /^wrk /.test(String(stdout || stderr));
    return isThere ? { found: new Wrk() } : { missing: 'no wrk on PATH: apt-get install wrk' };
  }

  constructor() {
    const { body, headerBytes } = encodeInferenceRequest(irisInput);
    writeFileSync(this.#script, script(body, headerBytes));
  }

  command({ port, connections, threads, seconds }: WrkLoad): ClientCommand {
    const url = `http://127.0.0.1:${port}/v2/models/${irisModel}/infer`;
    const flags = [
      `-t${threads}`,
      `-c${connections}`,
      `-d${Math.ceil(seconds)}s`,
      '--timeout',
      '10s',
      '-s',
      this.#script,
      url,
    ];
    return { command: ['wrk', ...flags], parse: parseWrk };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function parseWrk(stdout: string): ClientReport {
  const numbers = /^result (.*)$/m.exec(stdout)?.[1]?.split(' ').map(Number) ?? [];
  const [requestsPerSecond, meanUs, p99Us, errorCount] = numbers;
  if (requestsPerSecond === undefined || meanUs === undefined || p99Us === undefined || errorCount === undefined) {
    throw new Error(`wrk printed no result: ${stdout.slice(-200)}`);
  }
  return { requestsPerSecond, meanLatencyNs: meanUs * 1e3, p99LatencyNs: p99Us * 1e3, sinceDue: null, errorCount };
}
