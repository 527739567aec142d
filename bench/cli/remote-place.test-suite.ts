import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Engine, Server } from '../engines/engine.ts';
import { listRecords, type RestoreRecord } from '../engines/remote/restore-record.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import { LoopbackListener } from '../testing/loopback-listener.ts';
import { projectFolder, type Ran, tritune } from './host.fixture.ts';

const slow = { instances: { id: 'count-2', settings: { 'instance_group.count': 2 } } };

/** A server that somebody else runs, with the iris model loaded from its own repository, and a folder to measure it from. */
export class RemotePlace implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tritune-remote-place-'));
  readonly repository = new StagedRepository();
  readonly far: Server;
  readonly env: Record<string, string>;

  /** `load`: models that it has loaded. */
  static async begin(
    engine: Engine = embeddedEngine(process.env),
    load: readonly string[] = [irisModel],
  ): Promise<RemotePlace> {
    const repository = new StagedRepository();
    const far = await engine.start({ repository: repository.path, autoCompleteConfig: false });
    for (const model of load) await far.control.load(model);
    return new RemotePlace(far, repository);
  }

  private constructor(far: Server, repository: StagedRepository) {
    this.far = far;
    this.repository[Symbol.dispose]();
    this.repository = repository;
    this.env = { PATH: process.env.PATH ?? '', HOME: this.folder, XDG_STATE_HOME: join(this.folder, 'state') };
    mkdirSync(join(this.folder, 'models'));
    cpSync(join(projectFolder, 'model_repository'), join(this.folder, 'models'), { recursive: true });
  }

  get http(): string {
    return `127.0.0.1:${this.far.httpAddress.port}`;
  }

  get grpc(): string {
    return `127.0.0.1:${this.far.grpcAddress?.port}`;
  }

  /** Writes a small plan for that server and returns its path. */
  plan(changes: Readonly<Record<string, unknown>> = {}, name = 'plan.yaml'): string {
    const plan = {
      name: 'small',
      model: irisModel,
      modelRepository: 'models',
      engine: { kind: 'remote', http: this.http, grpc: this.grpc },
      load: { concurrency: 2, input: join(projectFolder, 'data', 'test_data.csv') },
      blocks: 1,
      slicesPerBlock: 1,
      variants: [slow.instances],
      ...changes,
    };
    return this.file(name, JSON.stringify(plan, null, 2));
  }

  file(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return join(this.folder, name);
  }

  /** In this process. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Ran> {
    const host = { cwd: this.folder, projectFolder: this.folder, env: { ...this.env, ...env } };
    return tritune(args, signal === undefined ? host : { ...host, signal });
  }

  /** As a process of its own. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return execa(process.execPath, [join(projectFolder, 'bench', 'main.ts'), ...args], {
      ...{ cwd: this.folder, extendEnv: false, reject: false, stdin: 'ignore' },
      // Tests that run at the same time are not to wait for one another.
      env: { ...this.env, XDG_RUNTIME_DIR: this.folder, ...env },
    });
  }

  /** What the server answers of the model's configuration, byte for byte. */
  async served(model = irisModel): Promise<string> {
    const answer = await fetch(`http://${this.http}/v2/models/${model}/config`);
    return `${answer.status} ${await answer.text()}`;
  }

  records(): RestoreRecord[] {
    return listRecords(join(this.folder, 'state', 'tritune')).map(({ record }) => {
      assert(!(record instanceof Error));
      return record;
    });
  }

  /** Every file below the folder whose bytes hold a text. */
  filesWith(text: string, ...besides: readonly string[]): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !besides.includes(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file).includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.far.stop();
    this.repository[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export type WireMode = 'pass' | 'reset' | 'stall' | 'truncate' | 'huge' | 'nonsense' | 'gateway' | 'informal';

/** Stands before a server and fails in one way or another, from when it is told to. */
export class Wire implements AsyncDisposable {
  mode: WireMode = 'pass';
  port = 0;
  readonly #listener: LoopbackListener;
  readonly #to: number;
  readonly #sockets = new Set<Socket>();

  static async before(port: number): Promise<Wire> {
    const wire = new Wire(port);
    wire.port = await wire.#listener.listen(0);
    return wire;
  }

  private constructor(to: number) {
    this.#to = to;
    this.#listener = new LoopbackListener((socket) => this.#accept(socket));
  }

  /** All connections break, and so do those that follow until it passes again. */
  cut(mode: WireMode = 'reset'): void {
    this.mode = mode;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.#listener.stop();
  }

  #accept(socket: Socket): void {
    const { mode } = this;
    if (mode === 'pass') this.#pass(socket);
    else if (mode === 'reset') socket.resetAndDestroy();
    else if (mode === 'stall') socket.resume();
    else socket.once('data', () => (mode === 'huge' ? flood(socket, answers[mode]) : socket.end(answers[mode])));
  }

  #pass(socket: Socket): void {
    const server = connect({ port: this.#to, host: '127.0.0.1', noDelay: true });
    for (const each of [socket, server]) this.#sockets.add(each);
    server.on('error', () => socket.destroy());
    socket.on('close', () => server.destroy());
    server.on('close', () => socket.destroy());
    socket.pipe(server);
    server.pipe(socket);
  }
}

const answers: Record<Exclude<WireMode, 'pass' | 'reset' | 'stall'>, string> = {
  truncate: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"name":',
  huge: 'HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n',
  nonsense: 'SSH-2.0-OpenSSH_9.6\r\n',
  gateway: 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 25\r\n\r\n<h1>\u001b[31mno upstream</h1>',
  informal: 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>',
};

/** 1 GB, as far as anybody wants to have it. */
function flood(socket: Socket, head: string): void {
  socket.write(head);
  const piece = Buffer.alloc(1024 * 1024, 'x');
  let left = 1024;
  const go = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= 1;
      if (!socket.write(piece)) return void socket.once('drain', go);
    }
  };
  go();
}
