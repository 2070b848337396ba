/** Random moments that a printed seed repeats. */

/**
 * @param seed a whole number
 * @param label what the numbers are for: each label has its own, so that a step alone gets what it gets in a whole run
 * @returns a function that returns a number from 0 to below 1 each time (mulberry32)
 */
export function createRandom(seed, label) {
  let state = seed;
  for (const character of label) state = Math.imul(state ^ character.codePointAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random moments, one in each of `count` equal parts of a span of time, in whole milliseconds. */
export function moments(random, count, span) {
  return Array.from({ length: count }, (_, index) => Math.round(((index + random()) * span) / count));
}
