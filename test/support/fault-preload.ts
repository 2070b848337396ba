// Required before a bin: calls of node:fs go wrong as FAULTS_HERE says; the numbers of those that change something go to FAULTS_SEEN.
import fs from 'node:fs';
import { inject } from './faults.ts';

const { FAULTS_HERE = '{}', FAULTS_SEEN } = process.env;
const end = inject(JSON.parse(FAULTS_HERE));
process.on('exit', () => {
  const { changes } = end();
  if (FAULTS_SEEN) fs.writeFileSync(FAULTS_SEEN, JSON.stringify(changes));
});
