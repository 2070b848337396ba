import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Labels } from '../../generators/lib/text/merge3.ts';
import type { Triple } from './edits.ts';
import { tempDir } from './run.ts';

/** What `git merge-file --diff3` says of many triples, in one shell. */
export async function gitMerges(triples: Triple[], labels: Labels): Promise<{ clean: boolean; text: string }[]> {
  const dir = tempDir();
  for (const [index, triple] of triples.entries())
    for (const side of ['ours', 'base', 'theirs'] as const) writeFileSync(join(dir, `${index}.${side}`), triple[side]);
  const script = `i=0; while [ $i -lt ${triples.length} ]; do
    git merge-file -p --diff3 -L "$1" -L "$2" -L "$3" $i.ours $i.base $i.theirs > $i.out; echo $?; i=$((i + 1))
  done`;
  const { stdout } = await execa('sh', ['-c', script, 'sh', labels.ours, labels.base, labels.theirs], {
    cwd: dir,
    env: { GIT_CONFIG_GLOBAL: '/dev/null' },
  });
  return stdout.split('\n').map((code, index) => {
    if (Number(code) > 127) throw new Error(`git merge-file failed with ${code} on ${JSON.stringify(triples[index])}`);
    return { clean: code === '0', text: readFileSync(join(dir, `${index}.out`), 'utf8') };
  });
}
