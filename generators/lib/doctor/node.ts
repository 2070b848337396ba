import { isOlder } from '../package.ts';
import { error, type Finding, ok } from './finding.ts';

/**
 * Whether the package supports this Node.
 * @param node its version, @param engines the range of package.json: `^A.B.C` and `>=A.B.C`, with `||` between them
 */
export function checkNode(node: string, engines: string): Finding {
  const isIn = (range: string) => {
    const min = range.replace(/^(\^|>=)/, '');
    return !isOlder(node, min) && (!range.startsWith('^') || Number.parseInt(node, 10) === Number.parseInt(min, 10));
  };
  const wanted = engines.split(' || ').join(' or ');
  if (engines.split(' || ').some(isIn)) return ok('node', `${node}, and ${wanted} is needed`);
  return error(
    'node',
    `this is Node ${node}, and ${wanted} is needed`,
    'node',
    'install the newest Node with long-term support',
  );
}
