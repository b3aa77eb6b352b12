import type { CommandResult } from './command.js';

/** JSON of anything that commands give, on one line: byte strings as hex, big numbers as text. */
export function jsonText(data: unknown): string {
  return JSON.stringify(data, (_name, item: unknown) => {
    if (typeof item === 'bigint') return item.toString();
    if (item instanceof Map) return Object.fromEntries(item);
    return ArrayBuffer.isView(item) ? Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString('hex') : item;
  });
}

/** What goes to standard output when a command is done. */
export function resultText({ data, text }: CommandResult, isJson: boolean): string {
  const shown = isJson && data !== undefined ? jsonText(data) : text;
  return shown === '' ? '' : `${shown}\n`;
}

/** An error as data. */
export function errorData(error: unknown): object {
  if (!(error instanceof Error)) return { error: { message: String(error) } };
  const { message, code, details } = error as Error & { readonly code?: unknown; readonly details?: unknown };
  return {
    error: {
      code: typeof code === 'string' ? code : 'INTERNAL',
      message,
      details: details ?? {},
      because: causesOf(error),
    },
  };
}

/** Messages of what an error was caused by, the nearest first. */
export function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) causes.push(cause.message);
  return causes;
}
