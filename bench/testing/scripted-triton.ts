import { parseArgs } from 'node:util';
import { plainHost, type ScriptedHost } from './scripted-host.ts';
import { ScriptedHostEndpoint } from './scripted-host-endpoint.ts';

/**
 * A program that takes Triton's flags and is a scripted host: `--scripted-host` says which, as JSON; what it leaves out is that
 * of a plain one of two cores and executions of 1 ms.
 */
const { values } = parseArgs({
  options: {
    'model-repository': { type: 'string', default: '.' },
    'http-port': { type: 'string', default: '8000' },
    'scripted-host': { type: 'string', default: '{}' },
  },
  strict: false,
});
const host: ScriptedHost = { ...plainHost(2, 1e6), ...JSON.parse(String(values['scripted-host'])) };
const endpoint = new ScriptedHostEndpoint(host, String(values['model-repository']));
await endpoint.listen(Number(values['http-port']));
