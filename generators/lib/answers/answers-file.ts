import { UserError } from '../errors.ts';
import { type Intent, isDict } from '../model/intent.ts';

/**
 * Reads an answers file.
 * @param name its name, which tells JSON (`.json`) from YAML, and stands in errors
 * @throws UserError when it is not valid, or not one mapping
 */
export async function parseAnswers(name: string, text: string): Promise<Intent> {
  let answers: unknown;
  try {
    answers = name.endsWith('.json') ? JSON.parse(text) : (await import('yaml')).parse(text);
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n');
    throw new UserError(`${name} cannot be read as ${name.endsWith('.json') ? 'JSON' : 'YAML'}: ${sentence}`);
  }
  if (!isDict(answers)) throw new UserError(`${name} must hold one mapping of field names to answers`);
  const { $schema: _, ...intent } = answers;
  return intent;
}
