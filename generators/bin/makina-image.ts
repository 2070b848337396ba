import { nearest } from '../lib/answers/nearest.ts';
import { EXIT, UserError } from '../lib/errors.ts';

// Loaded by verb, so that none pays for what another needs.
const VERBS: Record<string, () => Promise<(args: string[]) => Promise<void> | void>> = {
  new: async () => (await import('./new.ts')).runNew,
  base: async () => (await import('./base.ts')).runBase,
  'circus-program': async () => (await import('./stanza.ts')).runCircusProgram,
  'nginx-vhost': async () => (await import('./stanza.ts')).runNginxVhost,
  'nginx-location': async () => (await import('./stanza.ts')).runNginxLocation,
  check: async () => (await import('./upgrade.ts')).runCheck,
  diff: async () => (await import('./upgrade.ts')).runDiff,
  upgrade: async () => (await import('./upgrade.ts')).runUpgrade,
  resolve: async () => (await import('./settle.ts')).runResolve,
  adopt: async () => (await import('./settle.ts')).runAdopt,
  ci: async () => (await import('./ci.ts')).runCi,
  doctor: async () => (await import('./doctor.ts')).runDoctor,
  restore: async () => (await import('./settle.ts')).runRestore,
};
// Of these 2 is an answer, "something would change", and no error.
const ANSWERING = ['check', 'diff', 'upgrade', 'doctor'];

async function main([verb, ...args]: string[]): Promise<void> {
  if (verb === '--version') return console.log((await import('../lib/package.ts')).version);
  if (verb === undefined || verb === '--help' || verb === '-h') return (await import('./help.ts')).printHelp();
  const load = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!load)
    throw new UserError(
      `there is no verb "${verb}"${nearest(verb, Object.keys(VERBS))}; makina-image --help lists them`,
    );
  const run = await load();
  await run(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // An error of the system (a file that cannot be read ...) says what and where; only a fault of ours needs its stack.
  const told = error instanceof UserError || (error instanceof Error && 'syscall' in error);
  console.error(told ? `makina-image: ${error.message}` : error);
  const code = error instanceof UserError ? error.code : EXIT.internal;
  process.exitCode = ANSWERING.includes(process.argv[2] as string) ? EXIT.internal : code;
});
