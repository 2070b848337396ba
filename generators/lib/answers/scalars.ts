/**
 * What a plain scalar of YAML is to all its readers, 1.1 (PyYAML, Salt) and 1.2 alike. The launcher's scalars.py says the
 * same; test/tables/scalars.json is the table of both.
 */

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const BOOLEANS = new Set(['true', 'True', 'TRUE', 'false', 'False', 'FALSE']);
/** Booleans to some readers, and marks of YAML. */
const ODD_WORD = /^([yY]|yes|Yes|YES|[nN]|no|No|NO|on|On|ON|off|Off|OFF|=|<<)$/;
const NUMBER =
  /^([-+]?(0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN))$/;
const DATE =
  /^[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(([Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9][0-9]?(:?[0-9]{2})?))?)?$/;
const INTEGER = /^(0|-?[1-9][0-9]*)$/;
const DECIMAL = /^-?(0|[1-9][0-9]*)\.[0-9]*[1-9]$/;

export const ODD = 'a value that YAML readers read or print differently; quote it if it is text';

/** @returns `odd` for what is read differently, or printed in another way than it was written */
export function meaningOf(source: string): 'null' | 'boolean' | 'number' | 'text' | 'odd' {
  if (NULLS.has(source)) return 'null';
  if (BOOLEANS.has(source)) return 'boolean';
  if (ODD_WORD.test(source) || DATE.test(source)) return 'odd';
  if (!NUMBER.test(source)) return 'text';
  const value = Number(source);
  if (INTEGER.test(source)) return Number.isSafeInteger(value) ? 'number' : 'odd';
  // Python writes smaller ones with an exponent.
  return DECIMAL.test(source) && String(value) === source && Math.abs(value) >= 1e-4 ? 'number' : 'odd';
}

/** Whether a scalar where text is wanted is that text: `null` and `~` remove a value, except in a list. */
export function isSpelled(source: string, inList: boolean): boolean {
  return inList ? source !== '' : !['', '~', 'null'].includes(source);
}
