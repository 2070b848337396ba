import fs from 'node:fs';
import { join } from 'node:path';
import { parseMapping } from '../../answers/answers-file.ts';
import { placeOfType } from '../../answers/place.ts';
import { unusable } from '../../answers/unusable.ts';
import { UserError } from '../../errors.ts';
import { problemsOf } from '../../model/intent.ts';
import { type TestFile, testFileSchema } from '../../model/test-file.ts';
import { lstat } from '../../system/files.ts';
import { asOwner } from '../../system/rights.ts';

const MAX_BYTES = 1 << 20;

/**
 * Reads test.yaml of a project; without one, its defaults count.
 * @throws UserError (usage) when it cannot be used
 */
export async function readTestFile(root: string): Promise<TestFile> {
  const path = join(root, 'test.yaml');
  const bytes = asOwner(root, () => readFile(path));
  const schema = testFileSchema();
  const holds = 'one mapping, such as `requests: [{path: /, contains: Welcome}]`';
  const kind = { what: 'test file', holds, place: placeOfType(schema) };
  const given = bytes ? await parseMapping(path, bytes, kind) : {};
  const odd = unusable(given);
  const { success, data, error } = schema.safeParse(given);
  if (success && odd.length === 0) return data;
  const problems = odd.length > 0 || !error ? odd : problemsOf(schema, error);
  const lines = problems.map(
    ({ path: at, message, fix }) => `  ${at.join('.')} ${message}; ${fix ?? 'correct it there'}`,
  );
  throw new UserError(`${path} cannot be used, nothing was tested:\n${lines.join('\n')}`);
}

function readFile(path: string): Buffer | undefined {
  const stat = lstat(path);
  if (!stat) return undefined;
  if (!stat.isFile()) throw new UserError(`${path} is not a file; move it away, or write a file there`);
  if (stat.size > MAX_BYTES) throw new UserError(`${path} is larger than 1 MiB, which no test file is; shorten it`);
  return fs.readFileSync(path);
}
