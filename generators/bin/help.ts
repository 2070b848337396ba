import { type Field, fields } from '../lib/model/fields.ts';

const VALUE: Record<Field['kind'], string> = {
  string: 'TEXT',
  integer: 'NUMBER',
  boolean: '',
  list: 'TEXT ...',
  dict: 'JSON',
};

/** `makina-image --help` */
export function printHelp(): void {
  console.log(`makina-image VERB [flags]

  new [NAME]   write a project, or change the model of the one that is there
  base DIR     write the folder of the base image
  --version    print the version

makina-image VERB --help tells more.`);
}

/** `makina-image new --help` */
export function printNewHelp(): void {
  const rows: [string, string][] = fields.map((field) => [`--${field.flag} ${VALUE[field.kind]}`, field.description]);
  rows.push(
    ['--answers FILE', 'answers as JSON or YAML, by field name'],
    ['--destination DIR', 'where to write; ./NAME if not given'],
    ['--force', 'replace files that differ'],
    ['--yes', 'ask nothing, take the defaults'],
  );
  console.log(
    `makina-image new [NAME] [flags]\n\n${table(rows)}\n\nA flag wins over the answers file, that over .yo-rc.json, that over the defaults.`,
  );
}

/** `makina-image base --help` */
export function printBaseHelp(): void {
  console.log(`makina-image base DIR [--force]\n\n${table([['--force', 'replace files that differ']])}`);
}

function table(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, text]) => `  ${head.padEnd(width)}  ${text}`).join('\n');
}
