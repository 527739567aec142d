// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of compose files, which look like templates
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Failure } from '../../failure.ts';
import { requires } from '../../testing/requires.ts';
import { type ComposeService, readComposeFile } from './compose-file.ts';
import { dockerCli } from './docker-cli.ts';
import { composeProject, type ProjectOptions, serviceKey } from './project.ts';

const ownFile = fileURLToPath(new URL('../../../docker-compose.yaml', import.meta.url));
const anything = { service: null, image: null };

describe('a compose file', requires('docker'), () => {
  it("of this project has Triton's image pinned, on loopback, and others where variables say so", async () => {
    const plain = await read(ownFile);
    assert.deepEqual([plain.name, plain.image], ['triton', 'nvcr.io/nvidia/tritonserver:24.10-py3']);
    assert.equal(plain.service.network_mode, 'host');
    assert.match(
      JSON.stringify(plain.service.command),
      /--http-address=127\.0\.0\.1.*--grpc-address=127\.0\.0\.1.*--metrics-address=127\.0\.0\.1/,
    );
    const env = { TRITON_IMAGE: 'localhost:5000/triton:1', TRITON_CPUSET: '2-3' };
    const other = await read(ownFile, { env });
    assert.deepEqual([other.image, other.service.cpuset], ['localhost:5000/triton:1', '2-3']);
    const gpu = await read(ownFile, { service: 'triton-gpu' });
    assert.match(JSON.stringify(gpu.service.deploy), /"nvidia"/);
    const published = await read(ownFile, { service: 'triton-published' });
    for (const port of published.service.ports as { host_ip: string }[]) assert.equal(port.host_ip, '127.0.0.1');
    assert.equal((published.service.ports as unknown[]).length, 3);
  });

  it('lies in a folder of any name, and is read with what its variables hold, never as what that might mean', async () => {
    using place = new Place('a b: $HOME "q" \'s\' {x}, # - \u00e9');
    const file = place.write(
      'services: { server: { image: "${IMAGE}", command: [tritonserver, "--x=${X}"], environment: { A: "${X}" } } }',
    );
    for (const value of [
      'x\n    privileged: true',
      '{a: b}',
      '*a',
      '!!binary x',
      '"',
      "'",
      '$HOME',
      '${HOME}',
      '$$',
      '\u2028',
      '\t- x',
      '',
      ' ',
    ]) {
      const found = await read(file, { env: { IMAGE: 'tritonserver', X: value } });
      const { environment, command, privileged } = found.service as Record<string, unknown>;
      assert.deepEqual(environment, { A: value.replaceAll('$', '$$$$') });
      assert.deepEqual(command, ['tritonserver', `--x=${value}`.replaceAll('$', '$$$$')]);
      assert.equal(privileged, undefined);
    }
  });

  it('is refused by what is wrong with it', async () => {
    using place = new Place('broken');
    for (const [text, message] of [
      ['services: [1]', /compose\.yaml cannot be used: .*services/],
      ['services: { triton: { image: a, no_such_key: 1 } }', /no_such_key/],
      ['services: { triton: { image: "${NOT_SET:?say which image}" } }', /say which image/],
      ['services: { triton: { build: . } }', /service triton of \S+ names no image/],
      ['a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nservices: { triton: *b }', /cannot be used/],
      ['\u0000', /cannot be used/],
      ['[', /cannot be used/],
    ] as const) {
      await assert.rejects(read(place.write(text)), (error) => {
        assert(error instanceof Failure, String(error));
        assert.equal(error.exitCode, 2, error.message);
        assert.match(error.message, message);
        return true;
      });
    }
  });

  it('without a service triton has one that is a tritonserver, if there is only one', async () => {
    using place = new Place('other');
    const server = '{ image: my/image, command: [tritonserver] }';
    assert.equal(
      (await read(place.write(`services: { db: { image: postgres }, serving: ${server} }`))).name,
      'serving',
    );
    const file = place.write(`services: { a: ${server}, b: ${server} }`);
    assert.deepEqual(await readComposeFile(dockerCli(process.env), file, anything), {
      missing: `${file} has no service triton`,
    });
    assert.equal((await read(file, { service: 'b' })).name, 'b');
  });
});

describe('the project that is made of a service', requires('docker'), () => {
  it('says what it is to say, whatever its texts hold', async () => {
    const texts = fc.sample(
      fc.string({
        unit: fc.oneof(
          fc.constantFrom(...'${}"\'\\:#&*!|>%@`,[]- \n\r\t\u0085\u2028\u2029\ufeff\u007f'),
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
        ),
        minLength: 1,
        maxLength: 20,
      }),
      { numRuns: 60, seed: 11 },
    );
    const odd = texts.filter((text) => !text.includes('\0'));
    const service = composed({ command: odd, repository: { from: `/x/${odd.join('')}`, to: '/models' } });
    const { command, volumes } = await understood(service);
    assert.deepEqual(command, odd);
    assert.equal(volumes[0]?.source, `/x/${odd.join('')}`);
  });

  it('publishes ports on loopback alone where there is no host network, and none where there is', async () => {
    const published = await understood(composed({ network: 'published', ports: [8000, 8001, 8002] }));
    assert.deepEqual(
      published.ports?.map(({ host_ip, target, published: at }) => [host_ip, target, at]),
      [
        ['127.0.0.1', 8000, '8000'],
        ['127.0.0.1', 8001, '8001'],
        ['127.0.0.1', 8002, '8002'],
      ],
    );
    assert.equal(published.network_mode, undefined);
    const host = await understood(composed({}));
    assert.deepEqual([host.ports, host.network_mode], [undefined, 'host']);
  });

  it('keeps devices and limits, and leaves out all that could meet, or find, or begin a container', async () => {
    const theirs = {
      container_name: 'theirs',
      restart: 'always',
      ports: ['8000:8000'],
      labels: { a: 'b' },
      depends_on: ['db'],
      profiles: ['x'],
      build: '.',
      init: true,
      networks: { front: null },
      healthcheck: { test: ['CMD', 'x'] },
      hostname: 'h',
      tty: true,
      shm_size: '2gb',
      user: '1000',
      cpuset: '0-3',
      ipc: 'host',
      deploy: {
        replicas: 3,
        restart_policy: { condition: 'any' },
        resources: {
          limits: { memory: '4g' },
          reservations: { devices: [{ driver: 'nvidia', count: 1, capabilities: ['gpu'] }] },
        },
      },
    };
    const {
      command: _,
      image: __,
      volumes: ___,
      logging: ____,
      ...made
    } = await understood(composed({ cpuset: '1' }, theirs));
    assert.deepEqual(made, {
      container_name: 'tritune-1-000000000000',
      cpuset: '1',
      entrypoint: null,
      healthcheck: { disable: true },
      labels: { l: 'v' },
      network_mode: 'host',
      pull_policy: 'never',
      restart: 'no',
      shm_size: '2147483648',
      user: '1000',
      deploy: {
        placement: {},
        resources: {
          limits: { memory: '4294967296' },
          reservations: { devices: [{ capabilities: ['gpu'], count: 1, driver: 'nvidia' }] },
        },
      },
    });
  });

  it('has the variables of the plan beside those of the service, and in their place, as they were written', async () => {
    const service = { environment: { KEPT: 'a$$b', LD_PRELOAD: '/old.so' } };
    const environment = { LD_PRELOAD: '/lib/$x.so', MORE: '1' };
    const { environment: made } = await understood(composed({ environment }, service));
    assert.deepEqual(made, { KEPT: 'a$b', LD_PRELOAD: '/lib/$x.so', MORE: '1' });
  });
});

async function read(
  file: string,
  { env = {}, ...wanted }: { env?: Record<string, string>; service?: string } = {},
): Promise<ComposeService> {
  const found = await readComposeFile(dockerCli({ ...process.env, ...env }), file, { ...anything, ...wanted });
  assert('service' in found, JSON.stringify(found));
  return found;
}

function composed(options: Partial<ProjectOptions>, service: Record<string, unknown> = {}): string {
  const shared = { volumes: {}, secrets: {}, configs: {} };
  const whole = {
    name: 'tritune-1-000000000000',
    labels: { l: 'v' },
    image: 'x',
    command: ['tritonserver'],
    repository: { from: '/from', to: '/models' },
    network: 'host',
    ports: [],
    cpuset: null,
    environment: {},
  } as const;
  return composeProject({ file: '/f', name: 'triton', image: 'x', service, shared }, { ...whole, ...options });
}

type Understood = {
  command: string[];
  volumes: { source: string }[];
  ports?: { host_ip: string; target: number; published: string }[];
  network_mode?: string;
  image: string;
  logging: unknown;
  environment?: Record<string, string>;
};

/** What compose makes of a project, with the `$` as they are meant. */
async function understood(project: string): Promise<Understood> {
  const text = await dockerCli(process.env).run(
    ['compose', '--project-name', 'x', '--file', '-', 'config', '--format', 'json'],
    { input: project },
  );
  const { services } = JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('$$', '$') : value,
  ) as { services: Record<string, Understood> };
  const service = services[serviceKey];
  assert(service !== undefined);
  return service;
}

class Place implements Disposable {
  readonly #root = mkdtempSync(join(tmpdir(), 'tritune-compose-'));
  readonly #folder: string;

  constructor(name: string) {
    this.#folder = join(this.#root, name);
    mkdirSync(this.#folder);
  }

  write(text: string): string {
    writeFileSync(join(this.#folder, 'compose.yaml'), text);
    return join(this.#folder, 'compose.yaml');
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true });
  }
}
