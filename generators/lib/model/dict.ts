/** What YAML calls a mapping, JSON an object and Salt a dict. */
export type Dict = { [key: string]: unknown };

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
