/** Checks of programs and crons that no single field can do. */

import type { Problem } from './problem.ts';
import { oddSchedule } from './schedules.ts';
import type { Image } from './schema.ts';
import { shellWord } from './shell-words.ts';

/** The kernel refuses a longer argument or variable, its NUL included. */
const MAX_BYTES = 131_072;

export function checkCommands(image: Image): Problem[] {
  return [
    ...Object.entries(image.programs).flatMap(([name, program]) => [
      ...ofCommand(['programs', name], program),
      ...ofLine(['programs', name, 'healthcheck'], program.healthcheck),
    ]),
    ...Object.entries(image.crons).flatMap(([name, cron]) => [
      ...ofSchedule(['crons', name, 'schedule'], cron.schedule),
      ...ofCommand(['crons', name], cron),
    ]),
    ...checkPorts(image),
  ];
}

type Command = Pick<Image['crons'][string], 'cmd' | 'args' | 'env'>;

function ofCommand(path: string[], { cmd, args, env }: Command): Problem[] {
  const isLong = (text: string) => Buffer.byteLength(text) >= MAX_BYTES;
  const message = `is longer than the ${MAX_BYTES - 1} bytes that the kernel takes; put it into a file`;
  return [
    ...ofLine([...path, 'cmd'], cmd),
    ...args.flatMap((arg, index) => (isLong(arg) ? [{ path: [...path, 'args', String(index)], message }] : [])),
    ...Object.entries(env).flatMap(([name, value]) =>
      isLong(`${name}=${value}`) ? [{ path: [...path, 'env', name], message }] : [],
    ),
  ];
}

function ofLine(path: string[], line: string | undefined): Problem[] {
  const message = line === undefined ? undefined : shellWord(line);
  return message === undefined ? [] : [{ path, message }];
}

function ofSchedule(path: string[], schedule: string): Problem[] {
  const message = oddSchedule(schedule);
  return message === undefined ? [] : [{ path, message }];
}

/** Programs that listen on the same port; one that does not start by itself, or ends before the others start, can share one. */
function checkPorts({ programs, vhosts, metrics }: Image): Problem[] {
  const vhostPorts = new Map<number, string>();
  for (const [key, vhost] of Object.entries(vhosts)) {
    vhostPorts.set(vhost.listen, `nginx (vhosts.${key})`);
    if ((vhost.ssl_cert ?? vhost.ssl_certificate) !== undefined)
      vhostPorts.set(vhost.ssl_listen, `nginx (vhosts.${key})`);
  }
  const taken = new Map(vhostPorts);
  const ofPrograms = Object.entries(programs).flatMap(([name, { port, numprocesses, autostart, oneshot }]) => {
    if (port === undefined) return [];
    const own = Array.from({ length: numprocesses }, (_, index) => port + index);
    const isAlone = !autostart || oneshot;
    // The metrics are served from the start to the end.
    const clash = own.find((number) => number === metrics || (!isAlone && taken.has(number)));
    if (!isAlone) for (const number of own) if (!taken.has(number)) taken.set(number, `programs.${name}`);
    if (clash === undefined) return [];
    const other = clash === metrics ? 'metrics' : taken.get(clash);
    const message = `leads to port ${clash}, which is that of ${other} too; give each its own`;
    return [{ path: ['programs', name, 'port'], message }];
  });
  const server = vhostPorts.get(metrics ?? 0);
  const ofMetrics = { path: ['metrics'], message: `is the port of ${server} too; give each its own` };
  return server === undefined ? ofPrograms : [ofMetrics, ...ofPrograms];
}
