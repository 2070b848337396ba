/** What a terminal would obey, or show elsewhere: controls and marks of direction, except line breaks and tabs. */
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** What style.ts paints with. */
const PAINT = /(\x1b\[(?:0|1|2|31|32|33|36)m)/;

/**
 * A text whose controls are shown and not sent, as JSON writes them (`\u001b`).
 * @param colour our own colours stay
 */
export function shown(text: string, { colour }: { colour: boolean } = { colour: false }): string {
  const parts = colour ? text.split(PAINT) : [text];
  // Every other part is a colour.
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replace(OBEYED, escaped))).join('');
}

function escaped(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
