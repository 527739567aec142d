import type { Socket } from 'node:net';
import { ExactTimers } from './exact-timers.ts';
import { LoopbackListener } from './loopback-listener.ts';
import { type Delivery, deliver, http, jsonBody, type ScriptedAnswer } from './scripted-answers.ts';
import { ScriptedControl } from './scripted-control.ts';
import { scriptedInference, scriptedModel } from './scripted-model.ts';
import { ScriptedRecorder } from './scripted-record.ts';
import { type ReceivedRequest, RequestReader } from './scripted-requests.ts';

export type ScriptedStep = {
  /** How long the request keeps a worker before it is answered; 0 where left out. */
  readonly holdMs?: number;
  /** What it is answered; rightly where left out. */
  readonly answer?: ScriptedAnswer;
};

export type Script = {
  /** One for each inference request, in the order of arrival; once more from `repeatFrom` (0) when they are used up. */
  readonly steps: readonly ScriptedStep[];
  readonly repeatFrom?: number;
  /** Requests served at once, the others wait in line; any number where left out. */
  readonly workers?: number;
  /** Columns of the output `total`, for large answers; 1 where left out. */
  readonly width?: number;
  /** Ready-made answers to the calls that are no inference, by path. */
  readonly control?: Readonly<Record<string, { status: number; body: string; headers?: readonly string[] }>>;
};

type Connection = { readonly socket: Socket; readonly index: number; outstanding: number };
type Job = { readonly connection: Connection; readonly request: ReceivedRequest; readonly step: ScriptedStep };

/** The scripted server itself; it works in whichever thread makes it. */
export class ScriptedEndpoint {
  readonly recorder = new ScriptedRecorder();
  readonly #script: Script;
  readonly #listener = new LoopbackListener((socket) => this.#accept(socket));
  readonly #timers = new ExactTimers();
  readonly #control = new ScriptedControl();
  readonly #line: Job[] = [];
  #busy = 0;
  #arrived = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  /** Resolves to the port, on 127.0.0.1; `port` 0 takes any free one. */
  listen(port = 0): Promise<number> {
    return this.#listener.listen(port);
  }

  /** Ends as a killed process does: nothing more is answered, all connections break. */
  async stop(): Promise<void> {
    this.#timers.clear();
    await this.#listener.stop();
  }

  #accept(socket: Socket): void {
    const connection: Connection = { socket, index: this.recorder.connected(), outstanding: 0 };
    const reader = new RequestReader();
    socket.on('close', () => this.recorder.closed());
    socket.on('data', (piece) => {
      for (const request of reader.push(piece)) this.#receive(connection, request);
    });
  }

  #receive(connection: Connection, request: ReceivedRequest): void {
    if (request.path !== `/v2/models/${scriptedModel}/infer` || !this.#control.ready) {
      connection.socket.write(this.#controlBytes(request));
      return;
    }
    connection.outstanding += 1;
    this.recorder.received(connection.index, connection.outstanding, request.body);
    const { steps, repeatFrom = 0, workers = Number.POSITIVE_INFINITY } = this.#script;
    const round = Math.max(1, steps.length - repeatFrom);
    const place = this.#arrived < steps.length ? this.#arrived : repeatFrom + ((this.#arrived - repeatFrom) % round);
    this.#arrived += 1;
    this.#line.push({ connection, request, step: steps[place] ?? {} });
    if (this.#busy < workers) this.#serveNext();
  }

  #controlBytes({ method, path, body }: ReceivedRequest): Uint8Array {
    const { control = {} } = this.#script;
    const scripted = Object.hasOwn(control, path) ? control[path] : undefined;
    if (scripted !== undefined)
      return http(scripted.status, { bytes: Buffer.from(scripted.body), headers: scripted.headers ?? [] });
    const answer = this.#control.answer(method, path, body) ?? { status: 404, json: { error: 'Not Found' } };
    return http(answer.status, jsonBody(answer.json));
  }

  #serveNext(): void {
    const job = this.#line.shift();
    if (job === undefined) return;
    this.#busy += 1;
    const beganMs = performance.now();
    const { connection, request, step } = job;
    this.#timers.at(beganMs + (step.holdMs ?? 0), () => {
      this.#busy -= 1;
      const output = scriptedInference(request.headers, request.body, this.#script.width ?? 1);
      if (output === undefined) {
        connection.socket.write(http(400, jsonBody({ error: 'no binary inference request' })));
      } else {
        this.#control.served(output.tensors[0]?.shape[0] ?? 0, (performance.now() - beganMs) * 1e6);
        this.#send(connection, deliver(step.answer ?? { kind: 'right' }, output));
      }
      this.#serveNext();
    });
  }

  #send(connection: Connection, { pieces, pauseMs, afterwards }: Delivery): void {
    const { socket } = connection;
    const [piece, ...others] = pieces;
    if (others.length === 0 && afterwards !== 'silent') {
      connection.outstanding -= 1;
      this.recorder.answered();
    }
    if (piece !== undefined) socket.write(piece);
    if (others.length > 0) {
      const rest = { pieces: others, pauseMs, afterwards };
      this.#timers.at(performance.now() + pauseMs, () => this.#send(connection, rest));
    } else if (afterwards === 'close') socket.end();
    else if (afterwards === 'reset') socket.resetAndDestroy();
  }
}
