// For 0.1 and 0.2, whose code went to the runtime; remove it with shortened.ts.

/** Whether Python reads a name that the old file binds, and neither the new one nor the code itself does. */
export function readsGoneName(code: string, base: string, theirs: string): boolean {
  const known = new Set([...boundIn(theirs), ...boundIn(code, '[ \\t]*')]);
  const gone = new Set(boundIn(base).filter((name) => !known.has(name)));
  const read = code.replace(/^[ \t]*#.*$|\.[A-Za-z_]\w*/gm, ' ').match(/[A-Za-z_]\w*/g) ?? [];
  return read.some((name) => gone.has(name));
}

/** The names that Python binds at its top level; those of imports also behind an indent. */
function boundIn(code: string, indent = ''): string[] {
  const imports = new RegExp(`^${indent}(?:import|from[ \\t]+\\S+[ \\t]+import)[ \\t]+(\\([^)]{0,2000}\\)|.+)`, 'gm');
  const imported = Array.from(code.matchAll(imports), ([, names = '']) => names.split(','))
    .flat()
    .map((each) => /^[\s(]*(\w+)[\w.]*(?:\s+as\s+(\w+))?/.exec(each))
    .flatMap((found) => found?.[2] ?? found?.[1] ?? []);
  const defined = Array.from(code.matchAll(/^(?:async def|def|class) (\w+)/gm), ([, name = '']) => name);
  const assigned = Array.from(code.matchAll(/^(\w+(?:, \w+)*)(?:: [^=\n]+)? = /gm), ([, names = '']) =>
    names.split(', '),
  );
  return [...imported, ...defined, ...assigned.flat()];
}

/**
 * Whether states require one of the old file that the runtime does not have.
 * @param now the states of the runtime, in which `cfg.name` is the name of the project
 */
export function requiresGoneState(states: string, base: string, theirs: string, now: string): boolean {
  const [, project] = /\bmakina-projects\.([\w-]+)\.runtime\./.exec(theirs) ?? [];
  if (!project) return false;
  const named = (text: string) => text.replace(/\{\{-?\s*cfg\.name\s*-?\}\}/g, project);
  const known = [now, states].flatMap((text) => statesIn(named(text)));
  const gone = statesIn(named(base)).filter((state) => !known.includes(state));
  return gone.some((state) => {
    const kind = state.split(':')[0] as string;
    return Array.from(named(states).matchAll(mentionOf(state)), ([, id]) => `${kind}: ${id}`).some(
      (found) => !known.includes(found),
    );
  });
}

/** The states of a text, as they are required: `file: ID`. */
function statesIn(text: string): string[] {
  let id = '';
  return text.split('\n').flatMap((line) => {
    id = /^(["']?)([^\s{#-].*|\{\{.*)\1:\s*$/.exec(line)?.[2] ?? id;
    const [, kind] = /^ {2}([a-z_]+)\.\w+/.exec(line) ?? [];
    return kind && id ? [`${kind}: ${id}`] : [];
  });
}

/** What a loop puts into an id. */
const VALUE = '(?:\\{\\{[^\\n}]{0,200}\\}\\}|[^\\s,}\\]#"\'])+';

/** A requisite of a state: `file: ID`, or the id alone. An id of nothing but a value is a path, which says little alone. */
function mentionOf(state: string): RegExp {
  const [kind = '', ...rest] = state.split(': ');
  const parts = rest
    .join(': ')
    .split(/\{\{.*?\}\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const isPath = parts.join('') === '';
  const id = isPath ? `(?=/|\\{\\{)${VALUE}` : parts.join(VALUE);
  return new RegExp(`(?:\\b${kind}:${isPath ? '' : '|-'})[ \\t]+["']?(${id})(?=[\\s,}\\]#"']|$)`, 'g');
}
