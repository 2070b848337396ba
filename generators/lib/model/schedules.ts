/** Schedules that cron accepts and never runs as they say; the launcher's schedule_checks.py has the same rules. */

const LARGEST_STEPS = [59, 23, 31, 12, 7];
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** What is wrong with a schedule that has the right form; undefined where nothing is. */
export function oddSchedule(schedule: string): string | undefined {
  const fields = schedule.split(/ +/);
  if (fields.length !== 5) return undefined;
  for (const [index, field] of fields.entries())
    for (const [, step] of field.matchAll(/\*\/(\d+)/g))
      if (Number(step) > (LARGEST_STEPS[index] as number))
        return `has the step ${step}, which is more than its field counts; name the times themselves`;
  const [, , days, months, weekdays] = fields as [string, string, string, string, string];
  // cron takes a day of the week as well as one of the month, unless one of them starts with *.
  if (days.startsWith('*') || !weekdays.startsWith('*')) return undefined;
  const isEver = numbers(months, 12).some((month) =>
    numbers(days, 31).some((day) => day <= (DAYS[month - 1] as number)),
  );
  return isEver ? undefined : 'names days that its months do not have, so it would never run';
}

/** The numbers from 1 up that a field stands for. */
function numbers(field: string, max: number): number[] {
  return field.split(',').flatMap((element) => {
    const [, range = '', step = '1'] = /^([^/]*)(?:\/(\d+))?$/.exec(element) as string[];
    const [from = '', to = from] = range === '*' ? ['1', String(max)] : range.split('-');
    const [first, last] = [from, to].map((word) => MONTHS.indexOf(word) + 1 || Number(word)) as [number, number];
    const all = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    return all.filter((_, index) => index % Number(step) === 0);
  });
}
