import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { Failure, messageOf } from '../../failure.ts';
import { within } from './within.ts';

/**
 * Waits for a line on a pipe whose other end only this process holds. The end of the pipe without one means that this process
 * was killed, or could not take its container away: then everything of the project goes. At first again and again, since a
 * container may be on its way just then; where the daemon does not answer, for two minutes.
 */
const script = `
if read -r _; then exit 0; fi
remove() {
  docker rm --force --volumes "$1"
  docker network rm "$1_default"
  for volume in $(docker volume ls --quiet --filter "label=com.docker.compose.project=$1"); do docker volume rm "$volume"; done
}
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do remove "$1"; sleep 0.3; done
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
  docker version && break
  sleep 5
done
remove "$1"
exit 0
`;

const farewellMs = 1_000;

/** Removes a project's container when this process is gone. While that lives it costs nothing. */
export class ContainerWatcher {
  readonly #pipe: Writable;
  readonly #ended: Promise<unknown>;

  /** @throws Failure (server) where not even a shell can be started. */
  static async launch(project: string, env: Readonly<Record<string, string | undefined>>): Promise<ContainerWatcher> {
    const child = spawn('/bin/sh', ['-c', script, 'watch', project], {
      detached: true,
      env,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    try {
      await once(child, 'spawn');
    } catch (cause) {
      throw new Failure('server', 'no-shell', `cannot start a process: ${messageOf(cause)}`, { cause });
    }
    child.unref();
    return new ContainerWatcher(child.stdin, once(child, 'exit'));
  }

  private constructor(pipe: Writable, ended: Promise<unknown>) {
    this.#pipe = pipe;
    this.#ended = ended;
    // It may be gone by the time it is told goodbye.
    pipe.on('error', () => undefined);
  }

  /** All is removed: it goes. */
  async dismiss(): Promise<void> {
    this.#pipe.end('goodbye\n');
    await within(farewellMs, this.#ended);
  }

  /** Something may be left: it is to remove it, now and after this process. */
  handOver(): void {
    this.#pipe.end();
  }
}
