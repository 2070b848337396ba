import * as z from 'zod/mini';
import { field, line, matching, required } from './types.ts';

/** Only made where it is needed: it takes time. */
const clueSchema = () => {
  const below = matching(
    /^(?!\.{0,2}\/)(?!.*(^|\/)\.\.(\/|$))[^\u0000-\u001f\u007f\\]{1,200}$/,
    'must be the path of a file, below the folder of an application and without ".."',
  );

  return z.strictObject({
    file: required(below, 'A file that an application of this kind has'),
    contains: field(z.array(z.string()), [], 'Words of which one must be in it, in small or capital letters'),
  });
};

/** What is in a `stack.yaml`: a layer of answers below those of the user. */
export const stackSchema = () =>
  z.strictObject({
    description: required(line, 'What you start with, in one line'),
    detect: field(
      z.array(clueSchema()),
      [],
      'What shows that a folder holds such an application: one of these is enough',
    ),
    answers: field(z.record(z.string(), z.unknown()), {}, 'Answers, as in an answers file; they need no other ones'),
  });

export type Clue = z.output<ReturnType<typeof clueSchema>>;
