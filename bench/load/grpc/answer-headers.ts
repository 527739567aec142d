import { type ErrorKind, grpcStatuses } from '../answers.ts';
import type { Header } from './hpack-table.ts';

/** What the headers or the trailers of an answer say, as far as it matters here; NaN for a status that is no number. */
export type AnswerHeaders = {
  /** Undefined in trailers. */
  readonly httpStatus: number | undefined;
  readonly isGrpc: boolean;
  /** Undefined where there is none. */
  readonly grpcStatus: number | undefined;
};

export function readAnswerHeaders(headers: readonly Header[]): AnswerHeaders {
  const find = (wanted: string): string | undefined => headers.find(([name]) => name === wanted)?.[1];
  return {
    httpStatus: readNumber(find(':status'), /^[1-9]\d\d$/),
    isGrpc: /^application\/grpc(?:$|[+;])/i.test(find('content-type') ?? ''),
    grpcStatus: readNumber(find('grpc-status'), /^\d{1,9}$/),
  };
}

function readNumber(text: string | undefined, form: RegExp): number | undefined {
  if (text === undefined) return undefined;
  return form.test(text) ? Number(text) : Number.NaN;
}

/** The kind of a gRPC status but OK; a number that gRPC does not know counts as unknown, as its specification says. */
export function statusKind(grpcStatus: number): ErrorKind {
  return `grpc-${grpcStatuses[grpcStatus - 1] ?? 'unknown'}`;
}

/** What gRPC's specification makes of an answer of HTTP that no gRPC server gave. */
export function httpStatusKind(httpStatus: number): ErrorKind {
  return httpKinds[httpStatus] ?? 'grpc-unknown';
}

const httpKinds: Readonly<Record<number, ErrorKind>> = {
  400: 'grpc-internal',
  401: 'grpc-unauthenticated',
  403: 'grpc-permission-denied',
  404: 'grpc-unimplemented',
  429: 'grpc-unavailable',
  502: 'grpc-unavailable',
  503: 'grpc-unavailable',
  504: 'grpc-unavailable',
};

/** What gRPC's specification makes of a stream that the server broke off; a request that it did not look at is counted by itself. */
export function resetKind(errorCode: number): ErrorKind {
  return resetKinds[errorCode] ?? 'grpc-unknown';
}

/** By the error codes of RFC 9113, 7. */
const resetKinds: Readonly<Record<number, ErrorKind>> = {
  0: 'grpc-internal',
  1: 'grpc-internal',
  2: 'grpc-internal',
  3: 'grpc-internal',
  4: 'grpc-internal',
  6: 'grpc-internal',
  7: 'refused-stream',
  8: 'grpc-cancelled',
  9: 'grpc-internal',
  10: 'grpc-internal',
  11: 'grpc-resource-exhausted',
  12: 'grpc-permission-denied',
};
