// node --require: writes to the file METER how much memory a process took and how many children it started.
const child = require('node:child_process');
const { writeFileSync } = require('node:fs');

let children = 0;
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) {
  const start = child[name];
  child[name] = (...args) => {
    children++;
    return start.apply(child, args);
  };
}
process.on('exit', () => {
  // Kilobytes.
  writeFileSync(process.env.METER, JSON.stringify({ memory: process.resourceUsage().maxRSS / 1024, children }));
});
