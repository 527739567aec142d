import type { ModelMetadata, TensorMetadata } from '../../kserve/client.ts';
import { bytesField, ProtoReader, wireTypes } from '../grpc/protobuf.ts';
import type { Target } from '../transport.ts';

/** ModelMetadataRequest, ModelConfigRequest and ModelStatisticsRequest all have this form. */
export function modelRequest({ model, modelVersion }: Pick<Target, 'model' | 'modelVersion'>): Buffer {
  return Buffer.concat([bytesField(1, model), ...(modelVersion === null ? [] : [bytesField(2, modelVersion)])]);
}

/** ServerMetadataResponse. All that read here throw Malformed for what is no such message. */
export function readServer(bytes: Buffer): { name: string; version: string } {
  const server = { name: '', version: '' };
  eachField(new ProtoReader(bytes), {
    1: (reader) => {
      server.name = reader.text();
    },
    2: (reader) => {
      server.version = reader.text();
    },
  });
  return server;
}

/** ModelMetadataResponse. */
export function readMetadata(bytes: Buffer): ModelMetadata {
  const metadata = { name: '', versions: [] as string[], platform: '' };
  const inputs: TensorMetadata[] = [];
  const outputs: TensorMetadata[] = [];
  eachField(new ProtoReader(bytes), {
    1: (reader) => {
      metadata.name = reader.text();
    },
    2: (reader) => metadata.versions.push(reader.text()),
    3: (reader) => {
      metadata.platform = reader.text();
    },
    4: (reader) => inputs.push(readTensor(reader.message())),
    5: (reader) => outputs.push(readTensor(reader.message())),
  });
  return { ...metadata, inputs, outputs };
}

/** max_batch_size in a ModelConfigResponse; 0, as in the config itself, where it is left out. */
export function readMaxBatchSize(bytes: Buffer): number {
  let size = 0;
  eachField(new ProtoReader(bytes), {
    1: (response) =>
      eachField(response.message(), {
        4: (config) => {
          size = config.size();
        },
      }),
  });
  return Number.isNaN(size) ? 0 : Math.max(0, size);
}

/** ModelStatisticsResponse, in the form that HTTP gives it. */
export function readStatistics(bytes: Buffer): unknown {
  const models: unknown[] = [];
  eachField(new ProtoReader(bytes), {
    1: (response) => {
      const model: Record<string, unknown> = {};
      const count = (name: string) => (reader: ProtoReader) => {
        model[name] = Number(reader.varint());
      };
      eachField(response.message(), {
        4: count('inference_count'),
        5: count('execution_count'),
        6: (reader) => {
          model.inference_stats = readPhases(reader.message());
        },
      });
      models.push(model);
    },
  });
  return { model_stats: models };
}

/** Names in a RepositoryIndexResponse. */
export function readModelNames(bytes: Buffer): string[] {
  const names: string[] = [];
  eachField(new ProtoReader(bytes), {
    1: (response) => eachField(response.message(), { 1: (model) => names.push(model.text()) }),
  });
  return names;
}

const phases = ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output', 'cache_hit'];

function readPhases(statistics: ProtoReader): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  const fields = phases.map((name, index): [number, (reader: ProtoReader) => void] => [
    index + 1,
    (reader) => {
      const duration: Record<string, number> = { count: 0, ns: 0 };
      const number = (field: string) => (inner: ProtoReader) => {
        duration[field] = Number(inner.varint());
      };
      eachField(reader.message(), { 1: number('count'), 2: number('ns') });
      read[name] = duration;
    },
  ]);
  eachField(statistics, Object.fromEntries(fields));
  return read;
}

function readTensor(reader: ProtoReader): TensorMetadata {
  const tensor = { name: '', datatype: '' };
  const shape: number[] = [];
  eachField(reader, {
    1: (inner) => {
      tensor.name = inner.text();
    },
    2: (inner) => {
      tensor.datatype = inner.text();
    },
    3: (inner) => {
      if (inner.wireType !== wireTypes.bytes) {
        shape.push(inner.size());
        return;
      }
      const packed = inner.message();
      while (packed.more) shape.push(packed.size());
    },
  });
  return { ...tensor, shape };
}

function eachField(reader: ProtoReader, fields: Readonly<Record<number, (reader: ProtoReader) => unknown>>): void {
  while (reader.next()) {
    const read = fields[reader.field];
    if (read === undefined) reader.skip();
    else read(reader);
  }
}
