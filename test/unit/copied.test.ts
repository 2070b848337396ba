import { describe, expect, it } from 'vitest';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { codeLines } from '../../generators/lib/render/copied.ts';
import { renderTemplate } from '../../generators/lib/render/template.ts';
import { projectView } from '../../generators/lib/render/view.ts';

const given = (answers: object) => complete({ name: 'shop', demo: false, ...answers });
const linesOf = (answers: object) => codeLines(given(answers).image as Image);
const early = (answers: object) =>
  [...(linesOf(answers).build_file_lines ?? '').matchAll(/^COPY project\/?(\S*) /gm)].map(([, path]) => path);
const sha256 = '0'.repeat(64);
const download = (url: string, more = {}) => ({ d: { url, sha256, target: '/opt/d', ...more } });

describe('what comes before the code', () => {
  it('is the settings, and what the answers name, each once', () => {
    expect(early({})).toEqual(['.salt']);
    const answers = {
      virtualenvs: { a: { requirements: 'requirements.txt' }, b: { requirements: './requirements.txt' } },
      apt_repositories: {
        r: { uri: 'https://x.invalid', suites: ['a'], components: ['main'], key_file: 'keys/{name}.asc' },
      },
      downloads: download('file://{project_root}/vendor/tool.gz'),
      build_files: ['constraints.txt', 'keys'],
    };
    expect(early(answers)).toEqual(['.salt', 'requirements.txt', 'vendor/tool.gz', 'constraints.txt', 'keys']);
  });

  it('is nothing that the build makes itself, and no file of the image', () => {
    const downloads = download('file:///opt/x', { target: '{project_root}/vendor', unpack: 'tar' });
    expect(early({ downloads, virtualenvs: { a: { requirements: 'vendor/requirements.txt' } } })).toEqual(['.salt']);
    expect(early({ downloads: download('https://x.invalid/x') })).toEqual(['.salt']);
  });

  it('is all of it where the owner says so, and then it is stored once', () => {
    const lines = linesOf({ build_files: ['.'], configs: { a: { source: 'a.conf' } } });
    expect(lines).toEqual({
      build_file_lines: 'COPY project /srv/projects/shop/project\n',
      config_file_lines: '',
      code_lines: '',
    });
  });

  it('is only names that a Dockerfile takes as they are', () => {
    expect(given({ downloads: download('file://{project_root}/a$b*') }).problems).toEqual([
      { path: ['downloads', 'd', 'url'], message: expect.stringContaining('rename the file') },
    ]);
    expect(given({ downloads: download('file:///opt/a$b*') }).problems).toBeUndefined();
  });
});

it('gives templates of configs a layer of their own', () => {
  const configs = {
    a: { source: 'etc/a.conf' },
    b: { source: 'etc/b.conf' },
    c: { source: 'etc/a.conf', target: '/etc/c' },
  };
  const lines = linesOf({ configs, build_files: ['etc/b.conf'] }).config_file_lines ?? '';
  expect(lines.match(/^(COPY|RUN) .*/gm)).toEqual([
    'COPY project/etc/a.conf /srv/projects/shop/project/etc/a.conf',
    'RUN /srv/projects/shop/project/.salt/runtime/build.sh shop settings',
  ]);
});

it('lets what only describes an image stand above the code, and what a RUN would feel below it', () => {
  const image = given({ environment: { LD_PRELOAD: '/x' }, labels: { a: 'b' }, configs: { a: { source: 'a' } } })
    .image as Image;
  const words = renderTemplate('project/project/Dockerfile', projectView(image)).match(/^(?!#)[A-Z]+ \S+/gm);
  const last = words?.slice(words.indexOf('COPY custom.sls')).filter((word) => !/^ARG/.test(word));
  expect(last).toEqual([
    'COPY custom.sls',
    'COPY pillar',
    'COPY project/.salt',
    'RUN runtime=/srv/projects/shop/project/.salt/runtime',
    'COPY project/a',
    'RUN /srv/projects/shop/project/.salt/runtime/build.sh',
    'LABEL org.opencontainers.image.title="shop"',
    'LABEL a="b"',
    'EXPOSE 80',
    'STOPSIGNAL SIGTERM',
    'HEALTHCHECK --interval=30s',
    'ENTRYPOINT ["/usr/bin/tini",',
    'CMD ["/srv/projects/shop/project/launch.sh"]',
    'COPY project',
    'RUN /srv/projects/shop/project/.salt/runtime/build.sh',
    'ENV LD_PRELOAD="/x"',
    'VOLUME ["/srv/projects/shop/data"]',
  ]);
});
