import type { Result } from '../verbs/self-test/self-test.ts';

export interface TestCase extends Result {
  seconds: number;
}

/** A report as JUnit's XML, which GitLab and actions of GitHub read. */
export function junit(suite: string, cases: readonly TestCase[]): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const seconds = cases.reduce((sum, each) => sum + each.seconds, 0);
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="${seconds.toFixed(3)}"`;
  const lines = cases.map((each) => testCase(suite, each));
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name="${xml(suite)}" ${counts}>
${lines.join('')}  </testsuite>
</testsuites>
`;
}

function testCase(suite: string, { name, seconds, failure, log = '' }: TestCase): string {
  const start = `    <testcase classname="${xml(suite)}" name="${xml(name)}" time="${seconds.toFixed(3)}"`;
  if (failure === undefined) return `${start}/>\n`;
  return `${start}>\n      <failure message="${xml(failure)}">${xml(log)}</failure>\n    </testcase>\n`;
}

/** What XML 1.0 cannot hold, not even escaped. */
const IMPOSSIBLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu;
const NAMED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** A text in an attribute or an element; what is impossible there is shown as JSON writes it. */
function xml(text: string): string {
  return text
    .replace(IMPOSSIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (character) => NAMED[character] as string)
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
