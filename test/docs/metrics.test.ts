import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../generators/lib/package.ts';

const page = readFileSync(join(packageRoot, 'docs/metrics.md'), 'utf8');
// test/launcher/test_metrics.py compares the table with what a container tells.
const metrics = new Set([...page.matchAll(/^\| `([a-z_]+)` \| (?:gauge|counter) \|/gm)].map(([, name]) => name));

/** The names of metrics in an expression. */
function named(expression: string): string[] {
  return expression.match(/\b(?:makina|nginx)_[a-z_]+/g) ?? [];
}

test('the dashboard asks for metrics that there are, each of them for the chosen containers', () => {
  const dashboard = JSON.parse(readFileSync(join(packageRoot, 'docs/metrics-dashboard.json'), 'utf8'));
  const expressions: string[] = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr),
  );
  expect(expressions.length).toBeGreaterThan(10);
  for (const expression of expressions) {
    expect(named(expression)).not.toEqual([]);
    for (const name of named(expression)) expect([...metrics]).toContain(name);
    expect(expression).toMatch(/^[^{]*\{instance=~"\$instance"\}/);
  }
  expect(new Set(dashboard.panels.map(({ id }: { id: number }) => id)).size).toBe(dashboard.panels.length);
});

test('the alerts of the page are about metrics that there are', () => {
  const expressions = [...page.matchAll(/^ +expr: (.*)$/gm)].map(([, expression = '']) => expression);
  expect(expressions.length).toBeGreaterThan(3);
  for (const name of expressions.flatMap(named)) expect([...metrics]).toContain(name);
});
