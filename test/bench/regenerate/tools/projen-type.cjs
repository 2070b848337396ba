// A project type of projen: every text is its own, the binary file is written once, since it writes text only.
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { Project, SampleFile, TextFile } = require('projen');

exports.ImageProject = class extends Project {
  constructor() {
    super({ name: 'project' });
    const root = join(__dirname, 'template');
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(root.length + 1);
      if (path.endsWith('.png')) new SampleFile(this, path, { sourcePath: file });
      else {
        const text = readFileSync(file, 'utf8').replaceAll('{{name}}', this.name);
        // It ends every file with a newline of its own.
        const lines = text.split('\n');
        new TextFile(this, path, { lines, executable: (statSync(file).mode & 0o111) !== 0 });
      }
    }
  }
};
