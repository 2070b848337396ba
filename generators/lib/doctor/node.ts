import { isOlder } from '../package.ts';
import { error, type Finding, ok } from './finding.ts';

/**
 * Whether this Node is one that the package takes.
 * @param node its version, @param engines the range of package.json: `^A.B.C` and `>=A.B.C`, with `||` between them
 */
export function checkNode(node: string, engines: string): Finding {
  const isIn = (range: string) => {
    const least = range.replace(/^(\^|>=)/, '');
    return (
      !isOlder(node, least) && (!range.startsWith('^') || Number.parseInt(node, 10) === Number.parseInt(least, 10))
    );
  };
  const told = engines.split(' || ').join(' or ');
  if (engines.split(' || ').some(isIn)) return ok('node', `${node}, and ${told} is needed`);
  return error(
    'node',
    `this is Node ${node}, and ${told} is needed`,
    'node',
    'install the newest Node with long-term support',
  );
}
