import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execaSync } from 'execa';
import type { DoctorReport, Finding } from '../../generators/lib/doctor/finding.ts';
import { minorVersion } from '../../generators/lib/package.ts';
import { makinaImage, tempDir } from './run.ts';

/** What an engine that has all tells of itself, in the words of `docker info`. */
export const ENGINE = {
  ServerVersion: '28.2.2',
  OSType: 'linux',
  DockerRootDir: '/',
  ClientInfo: {
    Plugins: [
      { Name: 'buildx', Version: '0.23.0' },
      { Name: 'compose', Version: '2.36.0' },
    ],
  },
};

export interface Docker {
  /** What `docker info` prints. */
  info?: unknown;
  code?: number;
  stderr?: string;
  /** Lines of `docker ps`. */
  ps?: string;
  /** The labels of the images that are there, by name. */
  images?: Record<string, Record<string, string>>;
  seconds?: number;
}

const find = (command: string) => execaSync('sh', ['-c', `command -v ${command}`], { reject: false }).stdout;
const COMMANDS = ['node', 'git', 'cat', 'sleep'].map(find).filter(Boolean);

/**
 * A folder for PATH with node, git and cat alone, and with a docker command that says what a real one would.
 * @param docker undefined for none
 */
export function path(docker?: Docker): string {
  const folder = tempDir();
  for (const command of COMMANDS) symlinkSync(command, join(folder, basename(command)));
  if (docker) writeDocker(folder, { info: ENGINE, images: { [BASE]: OURS }, ...docker });
  return folder;
}

export const BASE = `makina-image-base:${minorVersion}`;
export const OURS = { 'org.opencontainers.image.title': 'makina-image-base', 'makina-image.runtime': minorVersion };

function writeDocker(folder: string, { info, code = 0, stderr = '', ps = '', images = {}, seconds = 0 }: Docker): void {
  const answers = join(folder, 'answers');
  mkdirSync(join(answers, 'images'), { recursive: true });
  for (const [name, text] of Object.entries({ info: JSON.stringify(info), stderr, ps }))
    writeFileSync(join(answers, name), text ? `${text}\n` : '');
  for (const [name, labels] of Object.entries(images))
    writeFileSync(join(answers, 'images', name.replaceAll('/', '_')), JSON.stringify(labels));
  const script = `#!/bin/sh
cd '${answers}'
[ ${seconds} = 0 ] || exec sleep ${seconds}
case $1 in
  info) cat info; cat stderr >&2; exit ${code} ;;
  ps) cat ps ;;
  image)
    for name; do :; done
    cat "images/$name" 2>&- && exit
    echo "Error response from daemon: No such image: $name" >&2; exit 1 ;;
esac
`;
  writeFileSync(join(folder, 'docker'), script);
  chmodSync(join(folder, 'docker'), 0o755);
}

/** A project in a fresh folder. */
export async function project(...flags: string[]): Promise<string> {
  const dir = tempDir();
  await makinaImage(dir, ['new', 'demo', '--yes', ...flags]);
  return join(dir, 'demo');
}

/** Runs doctor. `bad` are the findings that are not ok, `told` their levels and ids. */
export async function doctor(folder: string, args: string[] = [], searchPath = path({})) {
  const env = { PATH: searchPath };
  const { exitCode, stdout, stderr } = await makinaImage(folder, ['doctor', '--json', ...args], { env });
  const report = (stdout ? JSON.parse(String(stdout)) : undefined) as DoctorReport;
  const bad = (report?.findings ?? []).filter(({ level }) => level !== 'ok');
  const of = (id: string): Finding | undefined =>
    bad.find((finding) => finding.id === id) ?? report.findings.find((finding) => finding.id === id);
  return { exitCode, stderr: String(stderr), report, bad, told: bad.map(({ id, level }) => `${level} ${id}`), of };
}
