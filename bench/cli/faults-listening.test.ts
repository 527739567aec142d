import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { requires } from '../testing/requires.ts';
import { Workplace } from './workplace.fixture.ts';

/** 127.0.0.1, the same as a version 6 address, and ::1, as the kernel writes them. */
const loopback = /^(0100007F|0{16}FFFF00000100007F|0{24}01000000)$/;

describe('what listens during a run', { timeout: 120_000 }, () => {
  for (const [engine, needs] of [
    ['embedded', {}],
    ['local', requires('triton')],
  ] as const) {
    it(`is the server of the ${engine} engine alone, on loopback, three ports`, needs, async () => {
      using place = new Workplace();
      const command = place.start('sweep', place.plan({ engine, blocks: 9 }));
      await command.said(/block 1\//);
      const ofServers = () =>
        addressesOf(leftoversOf(command.pid).flatMap((text) => /^process (\d+):/.exec(text)?.[1] ?? []));
      // A block begins with a new server.
      let listening = ofServers();
      for (let look = 0; look < 200 && listening.length < 3; look += 1) {
        await delay(50);
        listening = ofServers();
      }
      assert.deepEqual(addressesOf([String(command.pid)]), []);
      await command.end('SIGINT');
      assert.equal(listening.length, 3, listening.join());
      for (const address of listening) assert.match(address, loopback);
    });
  }
});

/** On which addresses processes listen for TCP, each socket once. */
function addressesOf(pids: readonly string[]): string[] {
  const held = new Set(pids.flatMap(socketsOf));
  return ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/net/${kind}`, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && held.has(fields[9] ?? ''))
      .map(([, local = '']) => local.split(':')[0] ?? ''),
  );
}

function socketsOf(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [];
      return inode ?? [];
    } catch {
      // It was closed between the listing and the look.
      return [];
    }
  });
}
