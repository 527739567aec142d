import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import { type ControlAnswer, ScriptedControl } from './scripted-control.ts';
import type { HostCounts } from './scripted-host-state.ts';
import { scriptedModel } from './scripted-model.ts';

/** The model's config.pbtxt in a repository. @throws Failure (usage) where it cannot be parsed. */
export function readScriptedConfig(repository: string): PlainConfig {
  const file = join(repository, scriptedModel, 'config.pbtxt');
  return toPlain(parseConfig(readFileSync(file, 'utf8'), file));
}

/** What `GET /v2/models/scripted/stats` says of a scripted host; `isCached`: as if all answers were kept ones. */
export function scriptedStatistics(counts: HostCounts, { isCached = false } = {}): unknown {
  const { requestCount: count, rowCount, executionCount, queueNs, computeNs } = counts;
  const whole = (ns: number): number => Math.round(ns);
  return {
    model_stats: [
      {
        name: scriptedModel,
        version: '1',
        inference_count: rowCount,
        execution_count: executionCount,
        inference_stats: {
          success: { count, ns: whole(queueNs + computeNs) },
          queue: { count, ns: whole(queueNs) },
          compute_infer: { count, ns: whole(computeNs) },
          ...(isCached ? { cache_hit: { count, ns: count } } : {}),
        },
      },
    ],
  };
}

/** The control side of a scripted host: a load reads the configuration that lies in the repository. */
export class ScriptedHostControl {
  readonly #control = new ScriptedControl();
  readonly #repository: string;
  readonly #onLoad: (config: PlainConfig) => void;
  readonly #counts: () => HostCounts;

  constructor(repository: string, host: { onLoad: (config: PlainConfig) => void; counts: () => HostCounts }) {
    this.#repository = repository;
    this.#onLoad = host.onLoad;
    this.#counts = host.counts;
    this.#control.answer('POST', `/v2/repository/models/${scriptedModel}/unload`, new Uint8Array());
  }

  get ready(): boolean {
    return this.#control.ready;
  }

  /** Undefined where there is no such path. */
  answer(method: string, path: string): ControlAnswer | undefined {
    const nothing = new Uint8Array();
    if (method === 'POST' && path === `/v2/repository/models/${scriptedModel}/load`) return this.#load(path);
    const answer = this.#control.answer(method, path, nothing);
    const isStatistics = method === 'GET' && path === `/v2/models/${scriptedModel}/stats`;
    return isStatistics && answer?.status === 200 ? { ...answer, json: scriptedStatistics(this.#counts()) } : answer;
  }

  #load(path: string): ControlAnswer | undefined {
    try {
      const config = readScriptedConfig(this.#repository);
      this.#onLoad(config);
      const body = { parameters: { config: JSON.stringify(config) } };
      return this.#control.answer('POST', path, Buffer.from(JSON.stringify(body)));
    } catch (error) {
      return { status: 400, json: { error: `failed to load '${scriptedModel}': ${String(error)}` } };
    }
  }
}
