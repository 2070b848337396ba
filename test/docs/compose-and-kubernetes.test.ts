import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { complete } from '../../generators/lib/model/intent.ts';
import type { Image } from '../../generators/lib/model/schema.ts';
import { packageRoot } from '../../generators/lib/package.ts';
import { render } from '../../generators/lib/render/render.ts';
import { blocksOf } from './blocks.mjs';

const PAGE = 'docs/compose-and-kubernetes.md';
const page = readFileSync(join(packageRoot, PAGE), 'utf8');
const blocks = blocksOf(PAGE, page);
const fileOf = (path: string) => blocks.find(({ file }) => file === path)?.text as string;
const compose = parse(fileOf('compose.yaml')).services.demo;
// biome-ignore lint/suspicious/noExplicitAny: what Kubernetes takes is checked by its own schemas below.
const objects: any[] = parseAllDocuments(fileOf('demo.yaml')).map((document) => document.toJS());
const pod = objects.find(({ kind }) => kind === 'Deployment').spec.template.spec;
const [container] = pod.containers;
const paths = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);

const { files } = render(complete({ name: 'demo' }).image as Image);
const generated = (path: string) => new TextDecoder().decode(files.get(path)?.bytes);
const own = parse(generated('compose.yaml')).services.demo;

const PYTHON = process.env.TOOLS_PYTHON ?? 'python3';
const canValidate = execaSync(PYTHON, ['-c', 'import kubernetes_validate'], { reject: false }).exitCode === 0;
if (!canValidate && process.env.NO_SKIP)
  throw new Error('kubernetes-validate is missing, and nothing may be skipped here');

describe(`the examples of ${PAGE}`, () => {
  test.skipIf(!canValidate)('are what Kubernetes takes', () => {
    const input = JSON.stringify(objects);
    const script = `import json, sys, kubernetes_validate
for each in json.load(sys.stdin): print(kubernetes_validate.validate(each, '1.37', strict=True))`;
    const { exitCode, stderr } = execaSync(PYTHON, ['-c', script], { input, reject: false });
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  test('mount the volume, and wait as long, as the generated compose.yaml', () => {
    expect(compose).toMatchObject({ volumes: own.volumes, stop_grace_period: own.stop_grace_period, ports: own.ports });
    expect(paths).toContain(own.volumes[0].split(':')[1]);
    expect(`${pod.terminationGracePeriodSeconds}s`).toBe(own.stop_grace_period);
  });

  test('give it the same rights and folders, which are those that build-and-start.md lists', () => {
    const { capabilities } = container.securityContext;
    expect(capabilities).toEqual({ drop: compose.cap_drop, add: compose.cap_add });
    expect(paths.filter((path: string) => !path.startsWith('/srv/')).sort()).toEqual([...compose.tmpfs].sort());
    const listed = readFileSync(join(packageRoot, 'docs/build-and-start.md'), 'utf8');
    expect(listed).toContain(`\`--cap-add\` ${capabilities.add.join(', ')}`);
    for (const path of compose.tmpfs) expect(listed).toContain(`--tmpfs ${path.replace('demo', 'NAME')}`);
  });

  test('probe with the health check of the Dockerfile, and with makina', () => {
    const [, command] = /HEALTHCHECK[\s\S]*?CMD (\[[\s\S]*?\])/.exec(generated('project/Dockerfile')) ?? [];
    const words = JSON.parse((command as string).replaceAll('\\\n', ''));
    expect(words.pop()).toBe('--wait');
    // What runs once may take its time: the container is alive then, and not ready.
    expect(container.startupProbe.exec.command).toEqual([...words, '--alive']);
    expect(container.readinessProbe.exec.command).toEqual(['makina', 'ready']);
    const [, liveness = ''] = /```yaml\n(livenessProbe:[\s\S]*?)```/.exec(page) ?? [];
    expect(parse(liveness).livenessProbe.exec.command).toEqual(['makina', 'live']);
  });

  test('wait longer for a start than the launcher does', () => {
    const { periodSeconds, failureThreshold } = container.startupProbe;
    expect(periodSeconds * failureThreshold).toBeGreaterThan(Number(container.env[0].value));
    expect(page).toContain(`here ${periodSeconds * failureThreshold} seconds`);
  });

  test('name each other', () => {
    const names = Object.fromEntries(objects.map(({ kind, metadata }) => [kind, metadata.name]));
    const volumes = Object.fromEntries(pod.volumes.map((volume: { name: string }) => [volume.name, volume]));
    expect(volumes.data.persistentVolumeClaim.claimName).toBe(names.PersistentVolumeClaim);
    expect(volumes.override.secret).toEqual({ secretName: names.Secret, defaultMode: 0o400 });
    expect(container.volumeMounts.map(({ name }: { name: string }) => name).sort()).toEqual(
      Object.keys(volumes).sort(),
    );
  });
});
