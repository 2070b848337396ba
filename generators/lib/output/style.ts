/** How text is shown; the command line or Yeoman's front decides. */
export interface Style {
  /** Columns. */
  width: number;
  colour: boolean;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };
export type Colour = keyof typeof CODES;

/** A text in a colour, if colours are shown. */
export function paint({ colour }: Pick<Style, 'colour'>, code: Colour, text: string): string {
  return colour ? `\x1b[${CODES[code]}m${text}\x1b[0m` : text;
}
