import { scriptedMetadata, scriptedModel } from './scripted-model.ts';

/** What the control side of the scripted server answers to one call. */
export type ControlAnswer = { readonly status: number; readonly json: unknown };

/** One model that can be loaded and unloaded, with the counters that a load puts back to zero. */
export class ScriptedControl {
  #loaded = true;
  #config: unknown = { name: scriptedModel, backend: 'scripted', max_batch_size: 8 };
  #success = { count: 0, ns: 0 };
  #inferenceCount = 0;

  get ready(): boolean {
    return this.#loaded;
  }

  /** Counts one inference of `rowCount` rows that took `ns`. */
  served(rowCount: number, ns: number): void {
    this.#success = { count: this.#success.count + 1, ns: this.#success.ns + ns };
    this.#inferenceCount += rowCount;
  }

  /** Undefined where there is no such path. */
  answer(method: string, path: string, body: Uint8Array): ControlAnswer | undefined {
    const model = `/v2/models/${scriptedModel}`;
    const repository = `/v2/repository/models/${scriptedModel}`;
    switch (`${method} ${path}`) {
      case 'GET /v2':
        return ok({
          name: 'scripted',
          version: '1',
          extensions: ['model_repository', 'statistics', 'binary_tensor_data'],
        });
      case 'GET /v2/health/live':
      case 'GET /v2/health/ready':
        return ok({});
      case 'POST /v2/repository/index':
        return ok([{ name: scriptedModel, version: '1', state: this.#loaded ? 'READY' : 'UNAVAILABLE' }]);
      case `POST ${repository}/load`:
        return this.#load(body);
      case `POST ${repository}/unload`:
        this.#loaded = false;
        return ok({});
    }
    if (path !== model && !path.startsWith(`${model}/`)) return undefined;
    if (!this.#loaded)
      return { status: 400, json: { error: `Request for unknown model: '${scriptedModel}' is not found` } };
    return this.#aboutModel(method, path.slice(model.length));
  }

  #aboutModel(method: string, path: string): ControlAnswer | undefined {
    switch (`${method} ${path}`) {
      case 'GET ':
        return ok(scriptedMetadata);
      case 'GET /ready':
        return ok({});
      case 'GET /config':
        return ok(this.#config);
      case 'GET /stats':
        return ok({ model_stats: [this.#statistics()] });
      default:
        return undefined;
    }
  }

  #load(body: Uint8Array): ControlAnswer {
    try {
      const { parameters } = JSON.parse(Buffer.from(body).toString() || '{}') as { parameters?: { config?: string } };
      if (parameters?.config !== undefined) this.#config = JSON.parse(parameters.config);
    } catch {
      return { status: 400, json: { error: 'failed to parse the load request' } };
    }
    this.#loaded = true;
    this.#success = { count: 0, ns: 0 };
    this.#inferenceCount = 0;
    return ok({});
  }

  #statistics(): unknown {
    const success = this.#success;
    return {
      name: scriptedModel,
      version: '1',
      inference_count: this.#inferenceCount,
      execution_count: success.count,
      inference_stats: { success, compute_infer: success },
    };
  }
}

function ok(json: unknown): ControlAnswer {
  return { status: 200, json };
}
