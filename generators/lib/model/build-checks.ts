/** Answers that the build and Docker accept, but that would have another effect than they say. */

import { namedVolumes } from './docker-run.ts';
import { isWithin, plainPath } from './path-checks.ts';
import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

export function checkBuild(image: Image): Problem[] {
  return [...checkVolumeNames(image), ...checkRepositories(image), ...checkUnpacked(image), ...checkLocal(image)];
}

/** A volume of Docker is known by its name alone. */
function checkVolumeNames(image: Image): Problem[] {
  const taken = new Map<string, string>();
  return namedVolumes(image).flatMap(({ path, name }, index) => {
    const other = taken.get(name);
    taken.set(name, path);
    if (other === undefined || other.replace(/\/+$/, '') === path.replace(/\/+$/, '')) return [];
    const message = `and ${other} would be one Docker volume, ${name}; rename one of the folders`;
    return [{ path: ['volumes', String(index)], message }];
  });
}

/** apt refuses the whole file otherwise. */
function checkRepositories({ apt_repositories }: Image): Problem[] {
  return Object.entries(apt_repositories).flatMap(([name, { suites, components }]) => {
    const path = ['apt_repositories', name];
    if (suites.length === 0) return [{ path: [...path, 'suites'], message: 'must name one suite at least' }];
    const flat = suites.filter((suite) => suite.endsWith('/')).length;
    if (flat > 0 && flat < suites.length)
      return [{ path: [...path, 'suites'], message: 'must all end with / or none: make two repositories of them' }];
    if (flat > 0 && components.length > 0)
      return [{ path: [...path, 'components'], message: 'must not be given for a flat repository' }];
    if (flat === 0 && components.length === 0)
      return [{ path: [...path, 'components'], message: 'must name one at least, such as main' }];
    return [];
  });
}

function checkUnpacked({ downloads }: Image): Problem[] {
  return Object.entries(downloads).flatMap(([name, { unpack, strip_components }]) =>
    strip_components > 0 && unpack !== 'tar'
      ? [{ path: ['downloads', name, 'strip_components'], message: 'has no effect without unpack: tar; take it away' }]
      : [],
  );
}

/** The Dockerfile copies it, and some characters have a meaning there. */
function checkLocal({ name, downloads }: Image): Problem[] {
  return Object.entries(downloads).flatMap(([key, { url }]) => {
    const path = url.startsWith('file://') ? plainPath(url.slice('file://'.length), name) : '';
    if (!isWithin(path, plainPath('{project_root}', name)) || /^[A-Za-z0-9_./@+-]+$/.test(path)) return [];
    return [
      {
        path: ['downloads', key, 'url'],
        message: 'must be letters, digits and _./@+- below {project_root}; rename the file',
      },
    ];
  });
}
