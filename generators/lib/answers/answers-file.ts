import { UserError } from '../errors.ts';
import { type Intent, isDict } from '../model/intent.ts';

/**
 * Reads an answers file, JSON (`.json`) or YAML; no file gives no answers.
 * @param path the file, relative to the folder the command runs in
 * @throws UserError when it cannot be read, is not valid, or does not hold one mapping
 */
export async function readAnswersFile(path: string | undefined): Promise<Intent> {
  if (path === undefined) return {};
  const json = path.endsWith('.json');
  let answers: unknown;
  try {
    // Loaded here because most runs have no answers file.
    const { default: fs } = await import('fs-extra');
    answers = json ? await fs.readJson(path) : (await import('yaml')).parse(await fs.readFile(path, 'utf8'));
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n');
    throw new UserError(`${path} cannot be read as ${json ? 'JSON' : 'YAML'}: ${sentence}`);
  }
  if (!isDict(answers)) throw new UserError(`${path} must hold one mapping of field names to answers`);
  const { $schema: _, ...intent } = answers;
  return intent;
}
