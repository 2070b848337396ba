// Runs the bin, or yo, again and again in one process, each time from its own source anew: most of a short run is the start of its
// process. What yo imports stays loaded.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

const scripts = new Map();

function scriptOf(filename) {
  const script = scripts.get(filename) ?? new Script(fs.readFileSync(filename, 'latin1'), { filename });
  scripts.set(filename, script);
  return script;
}

let imports = 0;

/** Imports an ES module once more. It calls process.exit last, which would end this process too. */
function importAnew(filename) {
  process.exit = (code) => {
    process.exitCode = code;
  };
  imports += 1;
  return import(`${pathToFileURL(filename)}?${imports}`);
}

/** What a run could leave behind for the next one. */
function state() {
  const signals = process.eventNames().filter((name) => String(name).startsWith('SIG'));
  return JSON.stringify([process.geteuid(), process.getegid(), process.getgroups(), process.umask(), signals]);
}

let clean = state();

process.on('message', ({ bin, args, cwd, env }) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.argv = [process.execPath, bin, ...args];
  // Nothing else keeps the process running once the run has ended.
  process.channel.unref();
  if (bin.endsWith('.js')) return void importAnew(bin);
  const filename = join(dirname(bin), 'bundle.cjs');
  scriptOf(filename).runInThisContext()(createRequire(filename), dirname(bin), (name) => import(name));
});

process.on('beforeExit', () => {
  if (!process.connected) return;
  for (const listener of process.listeners('exit')) listener(process.exitCode ?? 0);
  process.removeAllListeners('exit');
  const exitCode = process.exitCode ?? 0;
  process.exitCode = undefined;
  process.chdir('/');
  // What yo imports listens to signals from its first run on.
  if (imports === 1) clean = state();
  process.channel.ref();
  process.send({ exitCode, isClean: state() === clean });
});
