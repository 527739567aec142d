import { execa } from 'execa';
import { Failure } from '../../failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type DockerCall = {
  /** What the program reads on its standard input; nothing where left out. */
  readonly input?: string;
  /** 30 s where left out. */
  readonly timeoutMs?: number;
  /** Ends the program at once. */
  readonly signal?: AbortSignal;
  /** Of what it prints, while it runs. */
  readonly onLine?: (line: string) => void;
};

/** Runs the `docker` program of this host. */
export type DockerCli = {
  readonly env: Environment;
  /** Resolves with its standard output. @throws Failure (server) that says what the program, or the daemon, had against it. */
  run(args: readonly string[], call?: DockerCall): Promise<string>;
};

const callTimeoutMs = 30_000;

/**
 * Every call is in a session of its own: Ctrl-C in a terminal reaches a whole foreground group, and would end the very
 * command that takes a container away.
 */
export function dockerCli(env: Environment): DockerCli {
  return {
    env,
    async run(args, { input, timeoutMs = callTimeoutMs, signal, onLine } = {}) {
      const running = execa('docker', args, {
        env,
        extendEnv: false,
        reject: false,
        detached: true,
        timeout: timeoutMs,
        forceKillAfterDelay: 500,
        stdin: 'pipe',
        all: onLine !== undefined,
        ...(input === undefined ? { input: '' } : { input }),
        ...(signal === undefined ? {} : { cancelSignal: signal }),
      });
      if (onLine !== undefined) for await (const line of running.iterable({ from: 'all' })) onLine(line);
      const result = await running;
      if (!result.failed) return result.stdout;
      signal?.throwIfAborted();
      const { code, timedOut, stderr = '' } = result;
      throw failureOf(args, { code, timedOut, stderr, timeoutMs });
    },
  };
}

type Ended = { code: string | undefined; timedOut: boolean; stderr: string; timeoutMs: number };

/** What went wrong, by what the program says: it has no exit codes for that. */
function failureOf(args: readonly string[], { code, timedOut, stderr, timeoutMs }: Ended): Failure {
  const what = `docker ${args
    .filter((arg) => /^[a-z]+$/.test(arg))
    .slice(0, 2)
    .join(' ')}`;
  if (code === 'ENOENT' || code === 'EACCES') {
    return new Failure('server', 'no-docker', 'there is no docker program on PATH', {
      hint: 'install Docker, or choose another engine: --engine local or --engine embedded',
    });
  }
  if (timedOut) {
    return new Failure('server', 'docker-hangs', `${what} did not end within ${timeoutMs / 1000} s`, {
      hint: 'look at the daemon: docker info',
    });
  }
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const known = reasons.find(({ pattern }) => pattern.test(stderr));
  const last = lines.at(-1) ?? 'it said nothing';
  if (known !== undefined)
    return new Failure('server', known.code, known.message, { hint: `${known.hint}\ndocker says: ${last}` });
  return new Failure(
    'server',
    'docker',
    `${what} failed: ${last}`,
    lines.length > 1 ? { hint: lines.slice(-6, -1).join('\n') } : {},
  );
}

const reasons = [
  {
    pattern: /is not a docker command|unknown shorthand flag: 'p'|unknown command: docker compose/,
    code: 'no-compose',
    message: 'docker has no compose here',
    hint: 'install the compose plugin, version 2 or later',
  },
  {
    pattern: /permission denied.*(socket|docker api)/i,
    code: 'docker-denied',
    message: 'this user may not talk to the Docker daemon',
    hint: 'become a member of the group that owns its socket (mostly docker), or run as a user who may',
  },
  {
    pattern:
      /cannot connect to the docker daemon|failed to connect to the docker api|error during connect|is the docker daemon running/i,
    code: 'docker-gone',
    message: 'the Docker daemon does not answer',
    hint: 'start it, and look where DOCKER_HOST and the docker context point',
  },
  {
    pattern: /bind source path does not exist|invalid mount config|mounts denied/i,
    code: 'docker-mount',
    message: 'the Docker daemon does not see the staged model repository',
    hint: 'it must run on this host and see the same folders: choose another folder with --out, or a folder that Docker shares',
  },
] as const;
