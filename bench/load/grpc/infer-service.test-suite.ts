import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

type Message = Readonly<Record<string, unknown>>;

/** The two messages of an inference as protobufjs writes and reads them. */
export function messageTypes(): {
  readRequest(bytes: Buffer): unknown;
  writeResponse(response: Message): Buffer;
} {
  const { ModelInfer } = serviceDefinition();
  if (ModelInfer === undefined) throw new Error('there is no ModelInfer');
  return {
    readRequest: (bytes) => essence(ModelInfer.requestDeserialize(bytes) as Request),
    writeResponse: (response) => ModelInfer.responseSerialize(response),
  };
}

/** A server of grpc-js with that answer to each request, on 127.0.0.1. */
export async function startGrpcJs(
  answer: (request: Message) => Message,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  const implementation: UntypedServiceImplementation = {
    ModelInfer: (call: { request: Message }, respond: (error: null, response: Message) => void) =>
      respond(null, answer(call.request)),
  };
  server.addService(serviceDefinition(), implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

function serviceDefinition(): ServiceDefinition {
  const definition = fromJSON({ nested: { inference: { nested: schema } } } as Parameters<typeof fromJSON>[0], {
    keepCase: true,
    longs: String,
    defaults: true,
  });
  return definition['inference.GRPCInferenceService'] as ServiceDefinition;
}

type Request = { model_name: string; model_version: string; inputs: Message[]; raw_input_contents: Buffer[] };

/** What matters of a request, without the classes of protobufjs. */
function essence({ model_name, model_version, inputs, raw_input_contents }: Request): unknown {
  const described = inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
  return { model_name, model_version, inputs: described, raw_input_contents };
}

const tensor = {
  fields: {
    name: { type: 'string', id: 1 },
    datatype: { type: 'string', id: 2 },
    shape: { rule: 'repeated', type: 'int64', id: 3 },
    parameters: { keyType: 'string', type: 'InferParameter', id: 4 },
    contents: { type: 'InferTensorContents', id: 5 },
  },
};

const head = {
  model_name: { type: 'string', id: 1 },
  model_version: { type: 'string', id: 2 },
  id: { type: 'string', id: 3 },
  parameters: { keyType: 'string', type: 'InferParameter', id: 4 },
};

/** The part of the KServe v2 protocol that an inference needs, as protobufjs wants it. */
const schema = {
  InferParameter: {
    oneofs: { parameter_choice: { oneof: ['bool_param', 'int64_param', 'string_param', 'double_param'] } },
    fields: {
      bool_param: { type: 'bool', id: 1 },
      int64_param: { type: 'int64', id: 2 },
      string_param: { type: 'string', id: 3 },
      double_param: { type: 'double', id: 4 },
    },
  },
  InferTensorContents: {
    fields: {
      bool_contents: { rule: 'repeated', type: 'bool', id: 1 },
      int_contents: { rule: 'repeated', type: 'int32', id: 2 },
      int64_contents: { rule: 'repeated', type: 'int64', id: 3 },
      uint_contents: { rule: 'repeated', type: 'uint32', id: 4 },
      uint64_contents: { rule: 'repeated', type: 'uint64', id: 5 },
      fp32_contents: { rule: 'repeated', type: 'float', id: 6 },
      fp64_contents: { rule: 'repeated', type: 'double', id: 7 },
      bytes_contents: { rule: 'repeated', type: 'bytes', id: 8 },
    },
  },
  InferTensor: tensor,
  ModelInferRequest: {
    fields: {
      ...head,
      inputs: { rule: 'repeated', type: 'InferTensor', id: 5 },
      raw_input_contents: { rule: 'repeated', type: 'bytes', id: 7 },
    },
  },
  ModelInferResponse: {
    fields: {
      ...head,
      outputs: { rule: 'repeated', type: 'InferTensor', id: 5 },
      raw_output_contents: { rule: 'repeated', type: 'bytes', id: 6 },
    },
  },
  GRPCInferenceService: {
    methods: { ModelInfer: { requestType: 'ModelInferRequest', responseType: 'ModelInferResponse' } },
  },
};
