import { irisModel } from '../engines/staged-repository.ts';
import type { Tensor } from '../kserve/tensors.ts';
import { compareAnswers, holdsValues } from '../load/answers.ts';
import { checkAnswer as checkGrpcAnswer } from '../load/grpc/check-answer.ts';
import { AnswerReader } from '../load/http/answer.ts';
import { checkAnswer as checkHttpAnswer } from '../load/http/check-answer.ts';
import { constantRate, poisson, type Schedule } from '../load/pacing/schedule.ts';
import { LatencyRecorder } from '../load/recorder.ts';
import { Rotation } from '../load/rotation.ts';
import { TimelineRecorder } from '../load/timeline.ts';
import { loadTransport, plainTarget } from '../load/transport.ts';
import { Window } from '../load/window.ts';
import { irisAnswer, irisInput } from './iris-question.ts';

/** What runs again and again while load is sent, each once and without sockets. @throws Error for a piece that gives a wrong result. */
export async function hotPieces(): Promise<readonly (readonly [name: string, piece: () => void])[]> {
  return [...(await encoding()), ...parsing(), ...comparing(), ...recording(), ...pacing()];
}

type Pieces = (readonly [name: string, piece: () => void])[];

async function encoding(): Promise<Pieces> {
  const target = plainTarget({ host: '127.0.0.1', port: 8000 }, irisModel);
  const [http, grpc] = [await loadTransport('http'), await loadTransport('grpc')];
  return [
    ['encode a request, http', () => http.encode(target, irisInput)],
    ['encode a request, grpc', () => grpc.encode(target, irisInput)],
  ];
}

function parsing(): Pieces {
  const httpAnswer = answerOfHttp();
  const grpcAnswer = answerOfGrpc();
  const question = new Rotation([{ bytes: Buffer.alloc(0), jsonBytes: 0, expected: irisAnswer }]).next();
  return [
    [
      'parse and compare an unknown answer, http',
      () => {
        const answer = new AnswerReader().push(httpAnswer);
        if (answer === undefined || 'wrong' in checkHttpAnswer(answer, irisAnswer)) throw new Error('a wrong answer');
      },
    ],
    [
      'parse and compare an unknown answer, grpc',
      () => {
        if ('wrong' in checkGrpcAnswer(grpcAnswer, question)) throw new Error('a wrong answer');
      },
    ],
  ];
}

function comparing(): Pieces {
  const known = answerOfHttp();
  const received = Buffer.from(known);
  const bytes = Buffer.concat(irisAnswer.map(({ data }) => data));
  const rounded = irisAnswer.map((tensor) => (tensor.datatype === 'FP32' ? roundedOtherwise(tensor) : tensor));
  const roundedBytes = Buffer.concat(rounded.map(({ data }) => data));
  return [
    ['compare a known answer, byte for byte', () => isTrue(known.compare(received, 0, received.byteLength) === 0)],
    ['compare values, the same bytes', () => isTrue(holdsValues(bytes, irisAnswer))],
    ['compare values, rounded otherwise', () => isTrue(holdsValues(roundedBytes, irisAnswer))],
    ['compare tensors, rounded otherwise', () => isTrue(compareAnswers(rounded, irisAnswer) === undefined)],
  ];
}

function recording(): Pieces {
  const recorder = new LatencyRecorder();
  const timeline = new TimelineRecorder();
  const window = new Window(Number.POSITIVE_INFINITY);
  const rotation = new Rotation(
    Array.from({ length: 45 }, () => ({ bytes: Buffer.alloc(1), jsonBytes: 0, expected: null })),
  );
  let latencyNs = 1;
  let endNs = 0;
  let sinceStartNs = 0;
  window.arm(0, 100_000);
  return [
    [
      'record a latency',
      () => {
        // All over the range from 100 us to 10 ms, as in a load.
        latencyNs = (latencyNs * 48_271) % 2_147_483_647;
        recorder.record(100_000 + (latencyNs % 10_000_000));
      },
    ],
    [
      'place an answer in the window',
      () => {
        endNs += 30_000;
        window.complete(endNs);
      },
    ],
    [
      'place an answer in the timeline',
      () => {
        sinceStartNs = (sinceStartNs + 30_000) % 60e9;
        timeline.record(sinceStartNs, 100_000);
      },
    ],
    ['take the next request', () => rotation.next()],
  ];
}

function pacing(): Pieces {
  const times = (schedule: Schedule): (() => void) => {
    const iterator = schedule[Symbol.iterator]();
    return () => iterator.next();
  };
  return [
    ['next time of a constant rate', times(constantRate(1_000))],
    ['next time of a Poisson process', times(poisson(1_000, 1))],
  ];
}

function isTrue(value: boolean): void {
  if (!value) throw new Error('a piece gives a wrong result');
}

/** Each value one unit in the last place away. */
function roundedOtherwise(tensor: Tensor): Tensor {
  const data = Buffer.from(tensor.data);
  for (let offset = 0; offset < data.byteLength; offset += 4) data.writeUInt32LE(data.readUInt32LE(offset) + 1, offset);
  return { ...tensor, data };
}

function answerOfHttp(): Buffer {
  const outputs = irisAnswer.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: data.byteLength },
  }));
  const json = JSON.stringify({ model_name: irisModel, model_version: '1', outputs });
  const bytes = Buffer.concat(irisAnswer.map(({ data }) => data));
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/octet-stream',
    `Inference-Header-Content-Length: ${json.length}`,
    `Content-Length: ${json.length + bytes.byteLength}`,
  ].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n${json}`), bytes]);
}

/** The ModelInferResponse with the same outputs, all of its lengths less than 128. */
function answerOfGrpc(): Buffer {
  const field = (number: number, bytes: Uint8Array | string): Buffer =>
    Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), Buffer.from(bytes as Uint8Array)]);
  const outputs = irisAnswer.map(({ name, datatype, shape }) =>
    field(5, Buffer.concat([field(1, name), field(2, datatype), field(3, Buffer.from(shape))])),
  );
  const contents = irisAnswer.map(({ data }) => field(6, data));
  return Buffer.concat([field(1, irisModel), field(2, '1'), ...outputs, ...contents]);
}
