import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { serviceDefinition } from './grpc-definition.ts';

/** What a call came to: the message, or the status code with its text. */
export type GrpcOutcome =
  | { readonly code: 0; readonly response: Record<string, unknown> }
  | { readonly code: number; readonly details: string };

/** A plain client of the protocol, with messages as plain objects. */
export class GrpcClient implements Disposable {
  readonly #client: Client;
  readonly #service = serviceDefinition();

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#client = new Client(`${address.host}:${address.port}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
  }

  call(method: string, request: object): Promise<GrpcOutcome> {
    const definition = this.#service[method];
    if (definition === undefined) throw new Error(`there is no method ${method}`);
    return this.bytes(definition.path, definition.requestSerialize(request), definition.responseDeserialize);
  }

  /** A call whose message is given as bytes, right or wrong. */
  bytes(path: string, message: Buffer, read: (bytes: Buffer) => unknown = () => ({})): Promise<GrpcOutcome> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        read,
        message,
        { deadline: Date.now() + 20_000 },
        (error: ServiceError | null, response: unknown) =>
          resolve(
            error === null
              ? { code: 0, response: response as Record<string, unknown> }
              : { code: error.code, details: error.details },
          ),
      );
    });
  }

  /** Requests over one stream; resolves with what came back when the server ends it. */
  stream(requests: readonly object[]): Promise<Record<string, unknown>[]> {
    const call = this.#streamOf();
    const answers: Record<string, unknown>[] = [];
    return new Promise((resolve, reject) => {
      call.on('data', (answer: Record<string, unknown>) => answers.push(answer));
      call.on('end', () => resolve(answers));
      call.on('error', reject);
      for (const request of requests) call.write(request);
      call.end();
    });
  }

  /** Requests over one stream of whose answers only the first is read until they are counted. */
  slowStream(requests: readonly object[]): { countAnswers(): Promise<number> } {
    const call = this.#streamOf();
    let count = 0;
    call.on('data', () => {
      count += 1;
      // Without a first look the client keeps all that comes.
      if (count === 1) call.pause();
    });
    for (const request of requests) call.write(request);
    call.end();
    return {
      countAnswers: () =>
        new Promise((resolve, reject) => {
          call.on('end', () => resolve(count));
          call.on('error', reject);
          call.resume();
        }),
    };
  }

  #streamOf(): ClientDuplexStream<object, Record<string, unknown>> {
    const definition = this.#service.ModelStreamInfer;
    if (definition === undefined) throw new Error('there is no ModelStreamInfer');
    return this.#client.makeBidiStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize as (bytes: Buffer) => Record<string, unknown>,
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
