import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Placement } from '../engines/placement/choose.ts';
import type { Check } from './checks.ts';
import type { ContainerLimits } from './container-limits.ts';
import { type Measuring, measuringInWords } from './host-claim.ts';
import type { PowerFacts } from './host-facts.ts';
import { unknown } from './host-files.ts';
import type { StrainBefore } from './host-strain.ts';
import type { NoiseFloor } from './noise-floor.ts';

/** More of the processor time than that, and absolute numbers are those of another host. */
const stealMost = 0.02;
const pressureMost = 0.1;

/** How the CPUs are divided between server and client. */
export function checkPlacement(placement: Placement): Check {
  const { divided, because, server, client, splitCores, siblingsKnown, serverCoreCount, memoryNodes } = placement;
  const what = 'placement';
  if (because === 'elsewhere') return { what, status: unknown, finding: 'the server is elsewhere', advice: null };
  if (!divided) {
    const why = {
      asked: [
        'server and client share all CPUs, as the plan says',
        'placement: auto gives the client a core of its own',
      ],
      'few-cores': [
        `server and client share ${serverCoreCount === 1 ? 'the one core' : `the ${serverCoreCount} cores`} of this host, too few to divide`,
        'what the client takes is missing to the server: absolute numbers are lower than those of a deployment',
      ],
      'no-taskset': ['server and client share all CPUs: there is no taskset', 'on Linux install util-linux'],
      auto: ['server and client share all CPUs', null],
    }[because];
    return { what, status: 'warning', finding: `${why[0]} (${server})`, advice: why[1] ?? null };
  }
  const finding = `server on CPUs ${server}${memoryNodes === null ? '' : `, memory on node ${memoryNodes}`}; client on ${client}`;
  if (splitCores)
    return {
      what,
      status: 'warning',
      finding: `${finding}; they split a core`,
      advice: 'name all CPUs of each core, or write auto',
    };
  if (!siblingsKnown) {
    const advice = 'this host does not tell which CPUs share a core, so that server and client may still share one';
    return { what, status: unknown, finding, advice };
  }
  return { what, status: 'ok', finding, advice: null };
}

/** Clocks, as far as the kernel tells. */
export function checkGovernor({ governor, turbo, temperatureC }: PowerFacts): Check {
  const what = 'governor';
  const heat = `temperature ${temperatureC === unknown ? unknown : `${Math.round(temperatureC)} °C`}`;
  const finding = `${governor}, turbo ${turbo}, ${heat}`;
  if (governor === unknown)
    return {
      what,
      status: unknown,
      finding,
      advice: 'a guest does not see its clocks: ask the host, or trust comparisons alone',
    };
  if (governor === 'performance') return { what, status: 'ok', finding, advice: null };
  return {
    what,
    status: 'warning',
    finding,
    advice: 'cpupower frequency-set -g performance keeps the clock from following the load',
  };
}

/** What others take of the host. */
export function checkStrain({ stealRatio, cpuPressureRatio }: StrainBefore): Check[] {
  const share = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`;
  return [
    {
      what: 'steal',
      ...(stealRatio === unknown
        ? { status: unknown, finding: 'the kernel does not tell what the hypervisor takes', advice: null }
        : {
            status: stealRatio > stealMost ? ('warning' as const) : ('ok' as const),
            finding: `the hypervisor takes ${share(stealRatio)} of the processor time`,
            advice: stealRatio > stealMost ? 'measure when its other guests are quiet, or on a host of your own' : null,
          }),
    },
    {
      what: 'other work',
      ...(cpuPressureRatio === unknown
        ? { status: unknown, finding: 'the kernel does not tell how long processes wait (no PSI)', advice: null }
        : {
            status: cpuPressureRatio > pressureMost ? ('warning' as const) : ('ok' as const),
            finding: `something waited for a processor ${share(cpuPressureRatio)} of the last 10 s`,
            advice: cpuPressureRatio > pressureMost ? 'stop what runs beside it, or measure at another time' : null,
          }),
    },
  ];
}

/** Empty without a quota: it is the usual case and nothing to be told of. */
export function checkQuota({ cpus }: ContainerLimits): Check[] {
  if (cpus === null || cpus === unknown) return [];
  return [
    {
      what: 'CPU quota',
      status: 'warning',
      finding: `the container may use ${Number(cpus.toFixed(2))} processors' worth of time, server and client together`,
      advice:
        'the kernel stops what has used it up until the next period: give it CPUs of its own instead (--cpuset-cpus)',
    },
  ];
}

/** Whether there is room for the copy of a model and for what a run writes. */
export function checkDisk(folder: string, neededBytes: number): Check {
  const what = 'disk space';
  const freeBytes = freeIn(folder);
  if (freeBytes === undefined)
    return { what, status: unknown, finding: `${folder} does not tell its room`, advice: null };
  const [free, needed] = [mebibytes(freeBytes), mebibytes(neededBytes)];
  const status = freeBytes < neededBytes ? 'error' : freeBytes < 2 * neededBytes ? 'warning' : 'ok';
  const advice = status === 'ok' ? null : 'make room, or name another folder with --out';
  return { what, status, finding: `${free} free in ${folder}, about ${needed} needed`, advice };
}

const floorDaysMost = 30;

/** The noise floor of this host and engine that was measured last. */
export function checkNoiseFloor(floor: NoiseFloor | null, now: Date): Check {
  const what = 'noise floor';
  const advice = 'tritune noise measures it: sweeps are planned with it, and told from unusual ones';
  if (floor === null) return { what, status: unknown, finding: 'never measured on this host and engine', advice };
  const days = Math.floor((now.getTime() - Date.parse(floor.measuredAt)) / 86_400_000);
  const age = days < 1 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`;
  const finding = `${(floor.residualSd * 100).toFixed(1)} % a block, measured ${age} (${floor.engine})`;
  return days > floorDaysMost
    ? { what, status: 'warning', finding, advice }
    : { what, status: 'ok', finding, advice: null };
}

/** Empty where nobody measures. */
export function checkOthers(others: readonly Measuring[]): Check[] {
  return others.map((other) => ({
    what: 'measuring run',
    status: 'warning',
    finding: `this host is being measured by ${measuringInWords(other)}`,
    advice: 'a sweep waits for nobody: it is refused until that one has ended',
  }));
}

/** In the nearest folder that exists. */
function freeIn(folder: string): number | undefined {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    } catch {
      if (dirname(path) === path) return undefined;
    }
  }
}

function mebibytes(bytes: number): string {
  const size = bytes / 2 ** 20;
  return size >= 10_240 ? `${Math.floor(size / 1_024)} GiB` : `${Math.floor(size)} MiB`;
}
