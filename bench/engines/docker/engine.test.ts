import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { dockerTestImage, requires } from '../../testing/requires.ts';
import { engineContract } from '../contract.test-suite.ts';
import type { Engine } from '../engine.ts';
import { StagedRepository } from '../staged-repository.ts';
import { findDocker } from './find.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const needsDocker = requires('docker');
const found = needsDocker.skip === undefined ? await findTestEngine() : undefined;

engineContract('docker', { ...needsDocker, makeEngine, leftovers: () => containersOf(process.pid) });

async function findTestEngine(): Promise<Engine> {
  const choice = { image: dockerTestImage, composeFile: null, service: null, cpuset: null };
  const result = await findDocker({ choice, folders: [root], env: process.env, isOwnFlag: (word) => /^--(http-port|load-model|grpc-port|metrics-port|model-|.*-address)/.test(word) });
  if ('missing' in result) throw new Error(result.missing);
  return result.engine;
}

function makeEngine(): Engine {
  if (found === undefined) throw new Error(needsDocker.skip);
  return found;
}

function containersOf(pid: number): string[] {
  const { stdout } = execaSync('docker', ['ps', '--all', '--format', '{{.Names}}']);
  return stdout.split('\n').filter((name) => name.startsWith(`tritune-${pid}-`));
}
