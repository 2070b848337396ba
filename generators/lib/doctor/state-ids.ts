import { join } from 'node:path';
import { readDisk } from '../plan/disk.ts';
import { movedCode } from '../render/moved-runtime.ts';
import { runtimeFiles } from '../render/runtime-files.ts';
import { renderTemplate } from '../render/template.ts';
import { type Finding, named, warning } from './finding.ts';

const steps = [...movedCode.keys()].filter((path) => path.endsWith('.sls'));

/** States of a step with the id of one that it includes from the runtime: Salt refuses an id that appears twice. */
export function checkStateIds(root: string, name: string): Finding[] {
  return [...readDisk(root, steps)].flatMap(([path, entry]) => {
    if (entry?.kind !== 'file') return [];
    const text = entry.bytes.toString();
    const own = idsIn(text, name);
    const files = includedBy(text);
    const twice = [...files].flatMap((file) => idsIn(renderTemplate(file, {}), name).filter((id) => own.includes(id)));
    if (twice.length === 0) return [];
    return [
      warning(
        'runtime',
        `the step and the runtime that it includes both define ${named([...new Set(twice)])}, and Salt refuses an id that appears twice`,
        join(root, path),
        'remove what the runtime does; give a state of your own another id',
      ),
    ];
  });
}

/** A text of a step with the name of its project. */
export const withName = (text: string, name: string) => text.replace(/\{\{-?\s*cfg\.name\s*-?\}\}/g, name);

/** The ids of the states in a text. */
export function idsIn(text: string, name: string): string[] {
  return Array.from(text.matchAll(/^(["']?)(?!\{[%#]|[#-]|(?:include|extend):)(\S.*)\1:[ \t\r]*$/gm), ([, , id]) =>
    withName(id as string, name),
  );
}

/** The templates of the runtime's states that a text includes, and those that they include. */
function includedBy(text: string, found = new Set<string>()): ReadonlySet<string> {
  for (const [, state] of text.matchAll(/^[ \t]*-[ \t]+(?:makina-projects\.\w+\.runtime\.states)?\.(\w+)[ \t\r]*$/gm)) {
    const file = `states/${state}.sls`;
    if (!runtimeFiles.includes(file) || found.has(`runtime/${file}`)) continue;
    found.add(`runtime/${file}`);
    includedBy(renderTemplate(`runtime/${file}`, {}), found);
  }
  return found;
}
