// In the place of generators/lib/render/files.ts: what the engine has to know of the benchmark's template.
export { renames } from '../template.mjs';
