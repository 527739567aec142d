import assert from 'node:assert/strict';
import { it } from 'node:test';
import { execa } from 'execa';

const urlOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** What a process prints whose program is text, so that its own flags would be wrong for a thread that runs a file. */
async function printedBy(script: string): Promise<string> {
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 });
  return stdout;
}

it('the thread that sleeps for alarms starts in a process whose program is text', async () => {
  const printed = await printedBy(`
    const { Alarm } = await import(${urlOf('./alarm.ts')});
    const { nowNs } = await import(${urlOf('./clock.ts')});
    new Alarm(() => { console.log('rang'); process.exit(0); }).set(nowNs() + 50_000_000);`);
  assert.equal(printed, 'rang');
});

it('the thread of an instance starts in a process whose program is text', async () => {
  const printed = await printedBy(`
    const { Instance } = await import(${urlOf('./instance.ts')});
    const instance = new Instance();
    await instance.open('/no/such/model.onnx', {}).catch(({ message }) => console.log(message));
    await instance.end();`);
  assert.match(printed, /^onnx runtime error: .*model\.onnx/);
});
