/**
 * Whether a path may be read and written by the engine: relative, inside the project, not in its data, not git's or the
 * engine's own.
 */
export function isSafePath(path: string): boolean {
  const steps = path.split('/');
  const odd = /[\u0000-\u001f\u007f\\]/.test(path) || path !== path.normalize('NFC');
  if (odd || steps.some((step) => step === '' || step === '.' || step === '..')) return false;
  const top = (steps[0] as string).toLowerCase();
  return !['.git', '.makina-image', 'data'].includes(top) && !steps.some((step) => step.toLowerCase() === '.git');
}
