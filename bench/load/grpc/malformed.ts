/** The peer sent what HTTP/2, gRPC or protobuf does not allow; `message` says what, for tests and debuggers. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}
