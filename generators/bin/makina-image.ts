import { UserError } from '../lib/errors.ts';

// Loaded by verb, so that none pays for what another needs.
const VERBS: Record<string, () => Promise<(args: string[]) => Promise<void> | void>> = {
  new: async () => (await import('./new.ts')).runNew,
  base: async () => (await import('./base.ts')).runBase,
};

async function main([verb, ...args]: string[]): Promise<void> {
  if (verb === '--version') return console.log((await import('../lib/package.ts')).version);
  if (verb === undefined || verb === '--help' || verb === '-h') return (await import('./help.ts')).printHelp();
  const load = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!load) throw new UserError(`there is no verb "${verb}"; makina-image --help lists them`);
  const run = await load();
  await run(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = error instanceof UserError;
  console.error(known ? `makina-image: ${error.message}` : error);
  process.exitCode = known ? error.code : 1;
});
