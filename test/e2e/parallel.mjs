/** As many at a time as the machine of CI has processors. */
const AT_A_TIME = 2;

/** Calls `use` for each item, two at a time, and returns the results in the order of the items; the first error is thrown at the end. */
export async function twoAtATime(items, use) {
  const left = [...items.entries()];
  const results = [];
  const errors = [];
  const worker = async () => {
    while (left.length > 0 && errors.length === 0) {
      const [index, item] = left.shift();
      try {
        results[index] = await use(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
}
