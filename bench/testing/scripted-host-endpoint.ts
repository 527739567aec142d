import type { Socket } from 'node:net';
import { nowNs } from '../load/transport.ts';
import { seededRandom } from '../random.ts';
import { ExactTimers } from './exact-timers.ts';
import { LoopbackListener } from './loopback-listener.ts';
import { deliver, http, jsonBody, type Output } from './scripted-answers.ts';
import { type ScriptedHost, servingOf } from './scripted-host.ts';
import { ScriptedHostControl } from './scripted-host-control.ts';
import { ScriptedHostState } from './scripted-host-state.ts';
import { scriptedInference, scriptedModel } from './scripted-model.ts';
import { type ReceivedRequest, RequestReader } from './scripted-requests.ts';

type Waiting = { readonly socket: Socket; readonly output: Output };

/** A scripted host in real time: a KServe v2 server over HTTP that answers when the host in its script would. */
export class ScriptedHostEndpoint {
  readonly #state: ScriptedHostState;
  readonly #control: ScriptedHostControl;
  readonly #listener = new LoopbackListener((socket) => this.#accept(socket));
  readonly #timers = new ExactTimers();
  readonly #waiting = new Map<number, Waiting>();
  #ticket = 0;

  constructor(host: ScriptedHost, repository: string) {
    this.#state = new ScriptedHostState(host, servingOf({}), seededRandom(1));
    this.#control = new ScriptedHostControl(repository, {
      onLoad: (config) => this.#state.load(servingOf(config), nowNs()),
      counts: () => this.#state.counts,
    });
  }

  /** Resolves to the port, on 127.0.0.1; `port` 0 takes any free one. */
  listen(port = 0): Promise<number> {
    return this.#listener.listen(port);
  }

  async stop(): Promise<void> {
    this.#timers.clear();
    await this.#listener.stop();
  }

  #accept(socket: Socket): void {
    const reader = new RequestReader();
    socket.on('data', (piece) => {
      for (const request of reader.push(piece)) this.#receive(socket, request);
      this.#wait();
    });
  }

  #receive(socket: Socket, { method, path, headers, body }: ReceivedRequest): void {
    if (path !== `/v2/models/${scriptedModel}/infer` || !this.#control.ready) {
      const answer = this.#control.answer(method, path) ?? { status: 404, json: { error: 'Not Found' } };
      socket.write(http(answer.status, jsonBody(answer.json)));
      return;
    }
    const output = scriptedInference(headers, body, 1);
    if (output === undefined) {
      socket.write(http(400, jsonBody({ error: 'no binary inference request' })));
      return;
    }
    const atNs = nowNs();
    this.#answer(atNs);
    this.#ticket += 1;
    this.#waiting.set(this.#ticket, { socket, output });
    this.#state.arrive(this.#ticket, atNs);
  }

  /** Sends what the host has answered by now. */
  #answer(atNs: number): void {
    for (const ticket of this.#state.advance(atNs)) {
      const waiting = this.#waiting.get(ticket);
      this.#waiting.delete(ticket);
      if (waiting === undefined) continue;
      for (const piece of deliver({ kind: 'right' }, waiting.output).pieces) waiting.socket.write(piece);
    }
  }

  #wait(): void {
    this.#timers.clear();
    const { nextNs } = this.#state;
    if (nextNs === Number.POSITIVE_INFINITY) return;
    this.#timers.at(nextNs / 1e6, () => {
      this.#answer(nowNs());
      this.#wait();
    });
  }
}
