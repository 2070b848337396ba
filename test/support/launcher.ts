import { join } from 'node:path';
import { execa } from 'execa';

const SCRIPT = `
import json, os, sys
sys.path.insert(0, sys.argv[1] + '/project/.salt/runtime')
from launcher import errors, project
from launcher.settings import override
image = project.Project(sys.argv[2])
image.salt_root, image.data_root = sys.argv[1] + '/project/.salt', sys.argv[3]
told = []
for text in json.load(sys.stdin):
    path = sys.argv[3] + '/configuration/pillar.sls'
    with open(path, 'wb') as file:
        file.write(text.encode('utf-8', 'surrogatepass'))
    os.chmod(path, 0o640)
    try:
        override.read_override(image)
        told.append(None)
    except errors.LaunchError as error:
        told.append(str(error).replace(path, 'pillar.sls'))
    except Exception as error:
        told.append('CRASH ' + repr(error))
print(json.dumps(told))
`;

/**
 * What the launcher of a project says of overrides.
 * @param data a folder for them, with configuration/ in it
 * @returns for each text its sentence, null where it is taken
 */
export async function launcherTells(
  python: string,
  root: string,
  name: string,
  data: string,
  texts: string[],
): Promise<(string | null)[]> {
  const args = ['-c', SCRIPT, root, name, data];
  const { stdout } = await execa(python, args, { input: JSON.stringify(texts), cwd: join(root) });
  return JSON.parse(stdout);
}
