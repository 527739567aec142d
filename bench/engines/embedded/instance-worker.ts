import { flushCompileCache } from 'node:module';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../failure.ts';
import { nowNs } from './clock.ts';
import type { Answer, InstanceThread, Order } from './instance.ts';
import { Mailbox, signals } from './mailbox.ts';
import { type OnnxSession, openSession, type SessionValue } from './onnx-session.ts';

/** The thread of one instance: it holds one session and does one order after the other, asleep between them. */
const { memory, port } = workerData as InstanceThread;
const mailbox = new Mailbox(memory);
let session: OnnxSession | undefined;
let inputNames: readonly string[] = [];
let outputNames: readonly string[] = [];

flushCompileCache();
for (;;) {
  const signal = mailbox.awaitOrder();
  if (signal === signals.over) break;
  if (signal === signals.shared) runShared(mailbox.word);
  else if (signal === signals.message) follow(receiveMessageOnPort(port)?.message as Order);
}
session?.close();
port.close();

/** The hot path: tensors come and go by the mailbox; bit i of `mask` asks for output i. */
function runShared(mask: number): void {
  attempt(() => {
    const fetches = outputNames.filter((_, index) => (mask >>> index) & 1);
    answerRun(mailbox.take(inputNames), fetches);
  });
}

function follow(order: Order): void {
  attempt(() => {
    if (order.kind === 'run') return answerRun(order.feeds, order.fetches);
    session?.close();
    session = undefined;
    if (order.kind === 'close') return answer({ kind: 'closed' }, []);
    session = openSession(order.path, order.options);
    inputNames = session.inputs.map(({ name }) => name);
    outputNames = session.outputs.map(({ name }) => name);
    return answer({ kind: 'opened', inputs: session.inputs, outputs: session.outputs }, []);
  });
}

function answerRun(feeds: readonly SessionValue[], fetches: readonly string[]): void {
  if (session === undefined) throw new Error('no model is open');
  const startNs = nowNs();
  const outputs = session.run(feeds, fetches);
  const endNs = nowNs();
  mailbox.times = { startNs, endNs };
  const parted = outputs.map(({ name, dims, data }) => ({ name, dims, parts: [data] }));
  if (mailbox.put(parted, 0)) {
    mailbox.sendAnswer(signals.shared);
  } else {
    const buffers = new Set(outputs.map(({ data }) => data.buffer).filter((buffer) => buffer instanceof ArrayBuffer));
    answer({ kind: 'ran', outputs, startNs, endNs }, [...buffers]);
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    answer({ kind: 'failed', message: messageOf(error) }, []);
  }
}

function answer(told: Answer, transfer: ArrayBuffer[]): void {
  port.postMessage(told, transfer);
  mailbox.sendAnswer(signals.message);
}
