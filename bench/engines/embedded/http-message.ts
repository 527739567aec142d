/** A whole HTTP request: nothing is handed on before its body is here. */
export type HttpRequest = {
  readonly method: string;
  /** As sent, undecoded, without the query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

/** What is sent back; the length of the body and the connection's headers are the server's business. */
export type HttpAnswer = {
  readonly status: number;
  readonly contentType: string;
  /** Length of the JSON part where binary tensors follow it. */
  readonly inferenceHeaderBytes?: number;
  readonly body: readonly Uint8Array[];
};

export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

const nothing: readonly Uint8Array[] = [];

export function emptyAnswer(status = 200): HttpAnswer {
  return { status, contentType: 'text/plain', body: nothing };
}

export function jsonAnswer(value: unknown, status = 200): HttpAnswer {
  return { status, contentType: 'application/json', body: [Buffer.from(JSON.stringify(value))] };
}

export function errorAnswer(status: number, message: string): HttpAnswer {
  return jsonAnswer({ error: message }, status);
}
