// The bin: runs the bundle beside it, with the code that V8 compiled in an earlier run. That saves a quarter of a start.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { codeCacheOf } from './code-cache.ts';

const filename = join(import.meta.dirname, 'bundle.cjs');
const source = fs.readFileSync(filename, 'utf8');
const cache = codeCacheOf(source, process.env);
const script = new Script(source, { filename, cachedData: cache?.code });
// At the end, when all that such a run needs is compiled.
if (cache && (!cache.code || script.cachedDataRejected))
  process.on('exit', () => cache.keep(script.createCachedData()));
// A script cannot import.
script.runInThisContext()(createRequire(filename), import.meta.dirname, (name: string) => import(name));
