/** Levels by pino's numbers. */
const levelNames: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** ANSI colours of levels. */
const levelColours: Readonly<Record<string, number>> = { trace: 90, debug: 90, info: 36, warn: 33, error: 31 };

const maxFieldLength = 160;

/** One line of a JSON log for people: time of day, level, message, fields; under it, what an error was caused by. */
export function prettyLine(json: string, options: { readonly isColoured: boolean }): string {
  const paint = (text: string, colour: number): string =>
    options.isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
  const { level, time, msg, pid: _, hostname: __, err, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const name = levelNames[Number(level)] ?? String(level);
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const shown = Object.entries(fields).map(([key, value]) => ` ${paint(`${key}=`, 90)}${fieldText(value)}`);
  const head = `${paint(clock, 90)} ${paint(name.padEnd(5), levelColours[name] ?? 0)} ${oneLine(String(msg))}`;
  return `${head}${shown.join('')}\n${causesOf(err)
    .map((cause) => `         ${cause}\n`)
    .join('')}`;
}

function fieldText(value: unknown): string {
  const text = oneLine(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > maxFieldLength ? `${text.slice(0, maxFieldLength)}…` : text;
}

/** Peers choose some of what is logged: nothing of it moves the cursor or begins a line. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get to a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

function causesOf(error: unknown): readonly string[] {
  const causes: string[] = [];
  for (let at = error as Record<string, unknown> | undefined; at !== undefined && causes.length < 5; ) {
    const code = at['code'] === undefined ? '' : ` (${String(at['code'])})`;
    causes.push(oneLine(`${causes.length === 0 ? '' : 'because: '}${String(at['message'])}${code}`));
    at = typeof at['cause'] === 'object' && at['cause'] !== null ? (at['cause'] as Record<string, unknown>) : undefined;
  }
  return causes;
}
