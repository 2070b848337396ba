import { UserError } from '../errors.ts';
import { type Intent, isDict } from '../model/intent.ts';

/**
 * Reads an answers file, JSON (`.json`) or YAML; no file gives no answers.
 * @param path the file, relative to the folder the command runs in
 * @throws UserError when it cannot be read, is not valid, or does not hold one mapping
 */
export async function readAnswersFile(path: string | undefined): Promise<Intent> {
  if (path === undefined) return {};
  const json = /\.json$/i.test(path);
  let answers: unknown;
  try {
    // Loaded here because most runs have no answers file.
    const { default: fs } = await import('fs-extra');
    // A process substitution of the shell, /dev/fd/63, is welcome.
    if (!path.startsWith('/dev/') && !(await fs.stat(path)).isFile()) throw new Error('it is not a file');
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await fs.readFile(path));
    answers = json ? JSON.parse(text) : await parseYaml(text);
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n');
    throw new UserError(`${path} cannot be read as ${json ? 'JSON' : 'YAML'}: ${sentence}`);
  }
  if (!isDict(answers)) throw new UserError(`${path} must hold one mapping of field names to answers`);
  const { $schema: _, ...intent } = answers;
  return intent;
}

async function parseYaml(text: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { merge: true });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) throw wrong;
  return document.toJS();
}
