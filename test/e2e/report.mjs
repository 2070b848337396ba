/** Prints each step as it ends, and counts. */

/**
 * @param signal aborts the whole run
 * @param strict whether nothing may be skipped
 * @returns `step(name, action)` runs one step, prints `ok NAME (seconds)` or `FAILED NAME (seconds)` with the reason, and
 *   returns what the action returns, which is printed too if it is a text; undefined if it failed. The first word of a
 *   named case's step is its name; `expect(names)` fails for each name that no step had. `needed` is the same for
 *   a step without which nothing more can be done: it throws after that. `skip(name, reason)` prints what cannot be run here,
 *   which is a failure if `strict`. `summary()` prints the last line and returns the
 *   exit code.
 */
export function createReport(signal, strict = false) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const names = new Set();

  async function step(name, action) {
    const start = performance.now();
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(2)} s`;
    signal.throwIfAborted();
    names.add(name.split(' ')[0]);
    try {
      const result = await action();
      count.passed += 1;
      console.log(`ok ${name} (${seconds()})${typeof result === 'string' ? ` ${result}` : ''}`);
      return result ?? true;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      count.failed += 1;
      console.log(`FAILED ${name} (${seconds()})\n${error.message.replace(/^/gm, '    ')}`);
    }
  }

  async function needed(name, action) {
    const result = await step(name, action);
    if (result === undefined) throw new Error(`nothing more can be done without: ${name}`);
    return result;
  }

  async function expect(expected) {
    for (const name of expected.filter((each) => !names.has(each)))
      await step(name, () => {
        throw new Error('this case did not run');
      });
  }

  async function skip(name, reason) {
    if (strict)
      return step(name, () => {
        throw new Error(`this did not run: ${reason}`);
      });
    count.skipped += 1;
    console.log(`skipped ${name}: ${reason}`);
  }

  function summary() {
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    return count.passed > 0 && count.failed === 0 && !signal.aborted ? 0 : 1;
  }

  return { step, needed, expect, skip, summary };
}
