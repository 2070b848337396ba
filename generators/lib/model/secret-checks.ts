/** Secrets that are drawn: whether those that programs and crons name are there, and have a length that their form can have. */

import type { Problem } from './problem.ts';
import type { Image } from './schema.ts';

export function checkSecrets(image: Image): Problem[] {
  const { secrets } = image;
  return [
    ...Object.entries(secrets).flatMap(([name, { length, format }]) =>
      format === 'base64' && length % 4 > 0
        ? [{ path: ['secrets', name, 'length'], message: 'must be a multiple of 4 for base64' }]
        : [],
    ),
    ...(['programs', 'crons'] as const).flatMap((kind) =>
      Object.entries(image[kind]).flatMap(([name, { env_from }]) =>
        Object.entries<string>(env_from).flatMap(([variable, source]) => {
          const [, secret] = /^secret:(.*)$/.exec(source) ?? [];
          if (secret === undefined || Object.hasOwn(secrets, secret)) return [];
          const message = `names ${source}, which \`secrets\` does not have; add it there`;
          return [{ path: [kind, name, 'env_from', variable], message }];
        }),
      ),
    ),
  ];
}
