/**
 * `npm run bench:day`: from an empty folder to the first page, and from an edit to the page that has it, side by side in one run.
 *
 * Needs what `npm run test:e2e` needs, Compose, npm and PyPI, and knows the variables of bench:boot. ROUNDS (5) is the number of rounds;
 * the first one is cold where the engine is new. Each round begins with another subject, and makes EDITS (5) edits.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { createDocker, freePort } from '../e2e/docker.mjs';
import { onInterruption } from '../e2e/interruption.mjs';
import { debianImage, findEngine, installPackages } from '../e2e/machine.mjs';
import { printResults } from './day/print.mjs';
import { subjects as makeSubjects } from './day/subjects.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const EDITS = Number(process.env.EDITS ?? 5);
const PATIENCE_SECONDS = 900;
/** After a page, so that whoever watches the files has begun. */
const SETTLING_MILLISECONDS = 2000;

/** Waits for a page that has some words. @returns the seconds since `start` */
async function until(port, words, start, signal) {
  for (;;) {
    signal.throwIfAborted();
    const body = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.text(),
      () => '',
    );
    if (body.includes(words)) return (performance.now() - start) / 1000;
    if (performance.now() - start > PATIENCE_SECONDS * 1000) throw new Error(`no page has "${words}": ${body}`);
    await sleep(5);
  }
}

/** Begins in an empty folder, edits, and takes all away. @returns seconds to the first page, and those of each edit */
async function round(subject, { work, env, signal }) {
  const folder = mkdtempSync(join(work, 'day-'));
  const port = await freePort();
  const options = { cwd: folder, env: { ...env, ...subject.env, PORT: String(port) }, extendEnv: false };
  const run = ([file, ...args]) => execa(file, args, { ...options, cancelSignal: signal, stdin: 'ignore' });
  subject.prepare?.(folder);
  const start = performance.now();
  for (const command of subject.begin(folder, port)) await run(command);
  const [file, ...args] = subject.serve(folder, port);
  const server = spawn(file, args, { ...options, stdio: 'ignore', detached: true });
  const ended = new Promise((resolve) => {
    server.once('exit', resolve);
  });
  try {
    const first = await until(port, 'It works', start, signal);
    const edits = [];
    for (let number = 0; number < EDITS; number += 1) {
      await sleep(SETTLING_MILLISECONDS);
      const path = join(folder, subject.file);
      const words = `Edit ${number}`;
      const text = subject.edit(words)(readFileSync(path, 'utf8'));
      const begun = performance.now();
      writeFileSync(path, text);
      edits.push(await until(port, words, begun, signal));
    }
    return { first, edits };
  } finally {
    process.kill(-server.pid, 'SIGINT');
    await ended;
    if (subject.stop) await run(subject.stop(folder, port));
  }
}

/** Measures and prints; returns the exit code. */
async function main() {
  const options = {
    'debian-13-image': process.env.E2E_DEBIAN_13_IMAGE,
    'debian-mirror': process.env.E2E_DEBIAN_MIRROR,
  };
  const signal = onInterruption();
  const work = mkdtempSync(join(tmpdir(), 'makina-image-bench-day-'));
  const home = join(work, 'home');
  mkdirSync(home);
  let engine;
  try {
    await installPackages(options, signal);
    engine = await findEngine(work, signal);
    const debian = await debianImage(createDocker(engine, signal), options, 13, signal);
    const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
    const env = { ...inherited, ...engine.env, HOME: home, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' };
    // npm needs them; what else starts Node does without, since they treble its start.
    const trusting = {
      ...env,
      ...(process.env.NODE_EXTRA_CA_CERTS && { npm_config_cafile: process.env.NODE_EXTRA_CA_CERTS }),
    };
    const subjects = makeSubjects({ debian, certificates: process.env.PIP_CERT || process.env.SSL_CERT_FILE });
    const letters = Object.keys(subjects);
    const values = Object.fromEntries(letters.map((letter) => [letter, { cold: [], warm: [], edit: [] }]));
    for (let number = 0; number <= ROUNDS; number += 1)
      for (const at of letters.keys()) {
        const letter = letters[(at + number) % letters.length];
        const { first, edits } = await round(subjects[letter], { work, env: trusting, signal });
        values[letter][number === 0 ? 'cold' : 'warm'].push(first);
        if (number > 0) values[letter].edit.push(...edits);
      }
    printResults(subjects, values);
    return 0;
  } catch (error) {
    console.error(`stopped: ${signal.aborted ? signal.reason.message : (error.stderr ?? error.message)}`);
    return 1;
  } finally {
    await engine?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = await main();
