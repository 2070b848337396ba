/** Programs that wait for one of the image itself, which starts only after them: both would wait until the time is over. */

import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

const NGINX_PRIORITY = 50;

export function checkWaits({ programs, vhosts }: Image): Problem[] {
  const order = startOrder(programs);
  const listeners = listenersOf(programs, vhosts);
  return Object.entries(programs).flatMap(([name, { wait_for, essential, oneshot }]) =>
    wait_for.flatMap((address, index): Problem[] => {
      const other = listeners.get(port(address) ?? 0);
      // What is neither essential nor oneshot waits beside the others.
      const isLate = other === name || ((essential || oneshot) && order.indexOf(other ?? '') > order.indexOf(name));
      if (other === undefined || !isLate) return [];
      const which = other === name ? 'itself' : `${other}, which starts after it`;
      return [{ path: ['programs', name, 'wait_for', String(index)], message: `waits for ${which}; take it away` }];
    }),
  );
}

/** The port of this container that an address leads to, if it does. */
function port(address: string): number | undefined {
  const [, found] = /^(?:localhost|127\.[0-9.]+|\[::1\]):([0-9]+)$/.exec(address) ?? [];
  return found === undefined ? undefined : Number(found);
}

/** The names of the programs, and nginx, in the order of a start: as circusd.ini has it. */
function startOrder(programs: Image['programs']): string[] {
  const entries = Object.entries(programs).map(([name, { priority, oneshot }]) => ({ name, priority, oneshot }));
  entries.sort((a, b) => Number(b.oneshot) - Number(a.oneshot) || (a.name < b.name ? -1 : 1));
  const all = [{ name: 'nginx', priority: NGINX_PRIORITY }, ...entries];
  return all.sort((a, b) => b.priority - a.priority).map(({ name }) => name);
}

/** Who listens on which port, as far as the model knows. */
function listenersOf(programs: Image['programs'], vhosts: Image['vhosts']): Map<number, string> {
  const found = new Map<number, string>();
  for (const { listen } of Object.values(vhosts)) found.set(listen, 'nginx');
  for (const [name, { port, numprocesses, autostart }] of Object.entries(programs))
    if (port !== undefined && autostart)
      for (let index = 0; index < numprocesses; index += 1) found.set(port + index, name);
  return found;
}
