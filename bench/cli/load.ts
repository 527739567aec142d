import { Command } from 'commander';
import { exitCodes, Failure, messageOf } from '../failure.ts';
import { duration, latency, rate } from '../report/format.ts';
import { plainText } from '../report/plain-text.ts';
import type { Exit, Host } from './host.ts';
import { secretsOf, withoutSecrets } from './load-headers.ts';
import type { LoadEvents } from './load-measure.ts';
import { addLoadOptions, type LoadOptions } from './load-options.ts';
import type { PreparedLoad } from './load-prepare.ts';
import type { LoadRequest } from './load-request.ts';

export function loadCommand(host: Host, exit: Exit): Command {
  const command = new Command('load').description(
    'Sends inference requests to a running server and tells its throughput and latency, with the options of perf_analyzer where they mean the same.',
  );
  return (
    addLoadOptions(command)
      .addHelpText('after', examples)
      // Left to commander, the words would be repeated, and they may be the rest of a header that was not quoted.
      .argument('[words...]')
      .usage('[options]')
      .action(async (words: readonly string[], options: LoadOptions) => {
        if (words.length > 0) {
          throw new Failure('usage', 'arguments', `there are words that belong to no option: ${words.length}`, {
            hint: 'put a value that holds blanks in quotes; see tritune load --help',
          });
        }
        const { readLoadRequest } = await import('./load-request.ts');
        const request = await readLoadRequest(options, host);
        const secrets = secretsOf(request.headers);
        try {
          exit(await load(request, options, host));
        } catch (error) {
          throw error instanceof Failure ? withoutSecretsIn(error, secrets) : error;
        }
      })
  );
}

const examples = `
Examples:
  tritune load -m sklearn-onnx --concurrency-range 1:8
  tritune load -m sklearn-onnx -u grpc://localhost:8001 --concurrency-range 1,8,64 -f load.csv
  tritune load -m sklearn-onnx --request-rate-range 1000 --request-distribution poisson -p 10s
  tritune load -m sklearn-onnx --request-rate-range 500:8000:500 --binary-search -l 5 --percentile 99
  tritune load -m sklearn-onnx --input-data data/test_data.csv --concurrency-range 8 --json

Exit codes: 0 done; 2 usage; 3 the server or the model is not there; 4 the measurement is invalid: failed requests, wrong
answers, or a client that was the limit; 130 interrupted, with what was measured until then.
`;

async function load(request: LoadRequest, { json, quiet, verbose }: LoadOptions, host: Host): Promise<number> {
  const [{ prepareLoad }, { measureLoad }, output] = await Promise.all([
    import('./load-prepare.ts'),
    import('./load-measure.ts'),
    import('./load-output.ts'),
  ]);
  const { signal } = host;
  const tell = (text: string): void => host.stderr.write(`${plainText(text)}\n`);
  const prepared = await prepareLoad(request, signal);
  await tellOfOthers(host, tell);
  const detail = verbose === true && quiet !== true ? tell : () => undefined;
  detail(whatWasChosen(prepared));
  const events = progress(request, quiet === true ? () => undefined : tell, detail);
  const measured = await measureLoad(prepared, request, { signal, events });
  const levels = output.reportLevels(measured, request);
  host.stdout.write(
    json === true
      ? `${JSON.stringify(output.resultDocument(prepared.about, levels, measured, request), null, 2)}\n`
      : output.resultText(prepared.about, levels, measured, request),
  );
  try {
    output.writeFiles(request, levels, measured);
  } catch (error) {
    // That it was interrupted is what the exit code says then.
    if (measured.interruption === undefined) throw error;
    host.stderr.write(`tritune: ${plainText(messageOf(error))}\n`);
  }
  if (measured.interruption !== undefined) throw measured.interruption;
  return output.isInvalid(levels, measured) ? exitCodes.measurement : exitCodes.done;
}

/** A load measures what it is asked to, but not in silence beside a sweep. */
async function tellOfOthers({ env }: Host, tell: (text: string) => void): Promise<void> {
  const [{ measuringHere, measuringInWords }, { hostClaimFolder }] = await Promise.all([
    import('../run/host-claim.ts'),
    import('../run/host-claim-folder.ts'),
  ]);
  for (const other of measuringHere(hostClaimFolder(env)))
    tell(`this host is being measured by ${measuringInWords(other)}: the two disturb each other`);
}

function whatWasChosen({ about, target }: PreparedLoad): string {
  const headers = target.headers.map(([name]) => name).join(', ');
  return `connected to ${about.address}; transport ${about.transport}; ${about.distinctRequestCount} distinct requests; headers: ${headers === '' ? 'none' : headers}`;
}

function progress(request: LoadRequest, tell: (text: string) => void, detail: (text: string) => void): LoadEvents {
  const { pacings, windowMs, warmUpMs } = request;
  const name = (level: number): string =>
    pacings.kind === 'concurrency'
      ? `concurrency ${level}`
      : pacings.kind === 'rate'
        ? `request rate ${level}`
        : pacings.kind;
  return {
    threads: (count) => detail(`${count === 1 ? '1 thread sends' : `${count} threads send`}`),
    window(level, index) {
      const again = index === 0 ? '' : `, window ${index + 1}`;
      tell(`${name(level)}${again}: ${duration(warmUpMs)} of warm-up, then ${duration(windowMs)}`);
    },
    measured(level, { load: { requestsPerSecond, requestCount, latency: record, errors } }) {
      const failed = Object.entries(errors).map(([kind, count]) => `${count} ${kind}`);
      const mean = record.count === 0 ? null : record.sumNs / record.count;
      detail(
        `${name(level)}: ${rate(requestsPerSecond)}, ${requestCount} requests, avg ${latency(mean)}; failed: ${failed.length === 0 ? 'none' : failed.join(', ')}`,
      );
    },
  };
}

/** A failure may repeat what the server said. */
function withoutSecretsIn(failure: Failure, secrets: readonly string[]): Failure {
  if (secrets.length === 0) return failure;
  const exit = Object.entries(exitCodes).find(([, code]) => code === failure.exitCode)?.[0] as ConstructorParameters<
    typeof Failure
  >[0];
  const { hint, cause } = failure;
  return new Failure(exit, failure.code, withoutSecrets(failure.message, secrets), {
    ...(hint === undefined ? {} : { hint: withoutSecrets(hint, secrets) }),
    cause,
  });
}
