/** Whether file descriptors are those of a terminal. node:tty takes a tenth of a start to load, and few runs ask. */
export function isTerminal(...descriptors: number[]): boolean {
  const { isatty } = process.getBuiltinModule('node:tty');
  return descriptors.every((descriptor) => isatty(descriptor));
}
