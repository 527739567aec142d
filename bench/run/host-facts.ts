import { execa } from 'execa';
import { formatCpuList } from '../cpu-list.ts';
import { type HostTopology, readTopology } from '../engines/placement/topology.ts';
import { listHostFolder, readHostFile, unknown } from './host-files.ts';

/** What decides how fast the processors of a host are from one moment to the next; `unknown` where the kernel does not tell. */
export type PowerFacts = {
  /** Of all CPUs: "performance", or several where they differ. */
  readonly governor: string;
  readonly turbo: 'on' | 'off' | typeof unknown;
  /** Hardware threads: two CPUs of a core share it. */
  readonly smt: 'on' | 'off' | typeof unknown;
  /** The hottest sensor of a processor, in degrees Celsius. */
  readonly temperatureC: number | typeof unknown;
};

/** How the CPUs of a host lie, as it stands in the record. */
export type TopologyFacts = {
  readonly online: string;
  /** What a container, a cpuset or an affinity leaves of them. */
  readonly allowed: string;
  readonly cores: number;
  readonly sockets: number | typeof unknown;
  /** CPUs by NUMA node. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly siblingsKnown: boolean;
};

const cpuFolder = 'sys/devices/system/cpu';

/** Reads them below `root`, "/" of a host. Never throws. */
export function readPowerFacts(root = '/'): PowerFacts {
  const cpus = listHostFolder(root, cpuFolder).filter((name) => /^cpu\d+$/.test(name));
  const governors = cpus.flatMap((cpu) => readHostFile(root, `${cpuFolder}/${cpu}/cpufreq/scaling_governor`) || []);
  return {
    governor: governors.length === 0 ? unknown : [...new Set(governors)].sort().join(', '),
    turbo: turboOf(root),
    smt: smtOf(root),
    temperatureC: temperatureOf(root),
  };
}

/** The topology in the words of a record. */
export function topologyFacts({ online, allowed, cores, siblingsKnown }: HostTopology = readTopology()): TopologyFacts {
  const sockets = new Set(cores.map(({ socket }) => socket));
  const nodes = Map.groupBy(
    cores.filter(({ node }) => node !== null),
    ({ node }) => node,
  );
  return {
    online: formatCpuList(online),
    allowed: formatCpuList(allowed),
    cores: cores.length,
    sockets: sockets.has(null) ? unknown : sockets.size,
    nodes: Object.fromEntries(
      [...nodes].map(([node, own]) => [`node${node}`, formatCpuList(own.flatMap(({ cpus }) => cpus))]),
    ),
    siblingsKnown,
  };
}

/** What macOS tells of its processors; nothing elsewhere. */
export async function macFacts(): Promise<Readonly<Record<string, string>>> {
  if (process.platform !== 'darwin') return {};
  const wanted = {
    physicalCores: 'hw.physicalcpu',
    sockets: 'hw.packages',
    performanceCores: 'hw.perflevel0.physicalcpu',
  };
  const told = await Promise.all(
    Object.entries(wanted).map(async ([name, key]) => {
      const { failed, stdout } = await execa('sysctl', ['-n', key], { reject: false, timeout: 5_000 });
      return failed || stdout === '' ? [] : [[name, stdout.trim()] as const];
    }),
  );
  return Object.fromEntries(told.flat());
}

/** To a guest its CPUs look like whole cores, whether two of them share one or not. */
function smtOf(root: string): PowerFacts['smt'] {
  const active = readHostFile(root, `${cpuFolder}/smt/active`);
  if (active === '1') return 'on';
  const isGuest = /^flags\s*:.*\bhypervisor\b/m.test(readHostFile(root, 'proc/cpuinfo') ?? '');
  return active === '0' && !isGuest ? 'off' : unknown;
}

function turboOf(root: string): PowerFacts['turbo'] {
  const [noTurbo, boost] = ['intel_pstate/no_turbo', 'cpufreq/boost'].map((file) =>
    readHostFile(root, `${cpuFolder}/${file}`),
  );
  if (noTurbo === '0' || noTurbo === '1') return noTurbo === '0' ? 'on' : 'off';
  if (boost === '0' || boost === '1') return boost === '1' ? 'on' : 'off';
  return unknown;
}

/** Sensors of boards and disks say nothing of the processor. */
const processorSensor = /^(x86_pkg_temp|coretemp|k10temp|zenpower|cpu[-_]?thermal|cpu\d*-thermal|soc[-_]thermal)$/i;

function temperatureOf(root: string): number | typeof unknown {
  const zones = listHostFolder(root, 'sys/class/thermal')
    .map((zone) => `sys/class/thermal/${zone}`)
    .filter((zone) => processorSensor.test(readHostFile(root, `${zone}/type`) ?? ''))
    .map((zone) => readHostFile(root, `${zone}/temp`));
  const monitors = listHostFolder(root, 'sys/class/hwmon')
    .map((monitor) => `sys/class/hwmon/${monitor}`)
    .filter((monitor) => processorSensor.test(readHostFile(root, `${monitor}/name`) ?? ''))
    .flatMap((monitor) =>
      listHostFolder(root, monitor)
        .filter((name) => /^temp\d+_input$/.test(name))
        .map((name) => readHostFile(root, `${monitor}/${name}`)),
    );
  const degrees = [...zones, ...monitors]
    .map((text) => (/^\d{1,7}$/.test(text ?? '') ? Number(text) / 1_000 : 0))
    .filter((value) => value > 0 && value < 200);
  return degrees.length === 0 ? unknown : Math.max(...degrees);
}
