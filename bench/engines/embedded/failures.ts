/** How a call to the core fails; the servers in front of it turn each into the HTTP and gRPC status that Triton uses. */
export type CoreStatus =
  | 'INVALID_ARG'
  | 'NOT_FOUND'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | 'UNSUPPORTED'
  | 'ALREADY_EXISTS'
  | 'UNKNOWN'
  | 'DEADLINE';

/** A failed call: `message` is the text that a client gets, worded like Triton's own. */
export class CoreError extends Error {
  override readonly name = 'CoreError';
  readonly status: CoreStatus;

  constructor(status: CoreStatus, message: string, options: { cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.status = status;
  }
}
