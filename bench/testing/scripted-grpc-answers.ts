import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { Output } from './scripted-answers.ts';
import { prefixed, scriptedGrpcMessage } from './scripted-grpc-messages.ts';

/** What the server does with one request, once it has held it. */
export type GrpcAnswer =
  | { readonly kind: 'right' | 'wrong-shape' | 'wrong-values' | 'other-rounding' }
  /** Right, the message cut at these offsets, each piece in a DATA frame of its own. */
  | { readonly kind: 'split'; readonly at: readonly number[] }
  /** A status but OK, in trailers behind headers or with nothing before them. */
  | { readonly kind: 'status'; readonly code: number; readonly trailersOnly: boolean }
  /** The stream broken off with a code of HTTP/2, before anything else or after half of the message. */
  | { readonly kind: 'stream-reset'; readonly code: number; readonly midway: boolean }
  /** OK without a message; two messages. */
  | { readonly kind: 'no-message' | 'twice' }
  /** GOAWAY: then the right answer; or with this request among those that were never looked at. */
  | { readonly kind: 'goaway-then-right' | 'goaway-refused' }
  /** Right, and then the connection closed; the connection reset before the answer, or halfway through it; nothing at all. */
  | { readonly kind: 'right-then-closed' | 'reset' | 'reset-midway' | 'silent' };

/** One request with its right output; `socket` is the connection itself, `coding` what its message was compressed with. */
export type GrpcCall = {
  readonly stream: ServerHttp2Stream;
  readonly socket: Socket;
  readonly output: Output;
  readonly coding: string | undefined;
};

/** So long after a part of an answer the rest of it follows: by then the part has been read. */
const pauseMs = 20;

export function answerGrpc(call: GrpcCall, answer: GrpcAnswer): void {
  const { stream, socket, output, coding } = call;
  const right = scriptedGrpcMessage(output);
  const later = (act: () => void): void => {
    setTimeout(() => socket.destroyed || act(), pauseMs);
  };
  switch (answer.kind) {
    case 'right':
      respond(stream, [coding === undefined ? right : compressed(right, coding)], { coding });
      break;
    case 'wrong-shape':
    case 'wrong-values':
    case 'other-rounding':
      respond(stream, [scriptedGrpcMessage(output, answer.kind)]);
      break;
    case 'split':
      respond(stream, cut(right, answer.at));
      break;
    case 'status':
      if (answer.trailersOnly) refuse(stream, answer.code);
      else respond(stream, [], { status: answer.code });
      break;
    case 'stream-reset':
      if (answer.midway) begin(stream, right);
      later(() => stream.close(answer.code));
      break;
    case 'no-message':
      respond(stream, []);
      break;
    case 'twice':
      respond(stream, [right, right]);
      break;
    case 'goaway-then-right':
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id ?? 0);
      later(() => respond(stream, [right]));
      break;
    case 'goaway-refused':
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, (stream.id ?? 0) - 2);
      break;
    case 'right-then-closed':
      respond(stream, [right]);
      later(() => socket.end());
      break;
    case 'reset':
      socket.resetAndDestroy();
      break;
    case 'reset-midway':
      begin(stream, right);
      later(() => socket.resetAndDestroy());
      break;
    case 'silent':
  }
}

/** Ends a request with a status and nothing before it. */
export function refuse(stream: ServerHttp2Stream, code: number): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': `${code}`, 'grpc-message': 'scripted' },
    { endStream: true },
  );
}

/** A message without its prefix and its compression. */
export function messageOf(received: Buffer, coding: string | undefined): Buffer {
  const message = received.subarray(5);
  if (received[0] !== 1) return message;
  return coding === 'gzip' ? gunzipSync(message) : inflateSync(message);
}

function compressed(message: Buffer, coding: string): Buffer {
  const bare = message.subarray(5);
  return prefixed(coding === 'gzip' ? gzipSync(bare) : deflateSync(bare), true);
}

function respond(
  stream: ServerHttp2Stream,
  pieces: readonly Uint8Array[],
  { status = 0, coding }: { status?: number; coding?: string | undefined } = {},
): void {
  const encoding = coding === undefined ? {} : { 'grpc-encoding': coding };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...encoding }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': `${status}` }));
  const [piece, ...others] = pieces;
  const next = (at: number): void => {
    const rest = others[at];
    if (rest === undefined) stream.end();
    else setImmediate(() => stream.write(rest, () => next(at + 1)));
  };
  if (piece === undefined) stream.end();
  else stream.write(piece, () => next(0));
}

function begin(stream: ServerHttp2Stream, message: Buffer): void {
  // Else the stream would end well before it is broken off.
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => undefined);
  stream.write(message.subarray(0, Math.floor(message.byteLength / 2)));
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const inside = at.filter((offset) => offset > 0 && offset < bytes.byteLength);
  return [0, ...inside].map((start, index) => bytes.subarray(start, inside[index]));
}
