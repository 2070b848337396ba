// For 0.1 and 0.2, whose code went to the run-time; remove it with shortened.ts.

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
 * Whether states require one of the old file that the run-time does not have.
 * @param now the states of the run-time, in which `cfg.name` is the name of the project
 */
export function requiresGoneState(states: string, base: string, theirs: string, now: string): boolean {
  const [, project] = /\bmakina-projects\.([\w-]+)\.runtime\./.exec(theirs) ?? [];
  if (!project) return false;
  const named = (text: string) => text.replace(/\{\{-?\s*cfg\.name\s*-?\}\}/g, project);
  const known = new Set([...statesIn(named(now)), ...statesIn(named(states))]);
  const gone = statesIn(named(base))
    .filter((state) => !known.has(state))
    .map(patternOf);
  const required = named(states).matchAll(/^[ \t]*-[ \t]+([a-z_]+:)[ \t]+(\S.*)$/gm);
  return Array.from(required, ([, kind = '', id = '']) => `${kind} ${id.trim().replace(/^(["'])(.*)\1$/, '$2')}`).some(
    (state) => !known.has(state) && gone.some((pattern) => pattern.test(state)),
  );
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

/** What the states of a loop are named; one of values alone is a path. */
function patternOf(state: string): RegExp {
  const [kind = '', ...rest] = state.split(': ');
  const id = rest.join(': ');
  const parts = id.split(/\{\{.*?\}\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${kind}: ${parts.join('') === '' ? '/.+' : parts.join('.+')}$`);
}
