/** Exit codes of the command; part of its interface. */
export const exitCodes = {
  /** Done, and as expected if something was expected. */
  ok: 0,
  /** The sum is not the expected one. */
  mismatch: 1,
  /** Arguments that make no sense. */
  usage: 2,
  /** Input that cannot be read or is not what it should be. */
  input: 3,
  /** A defect of the program. */
  internal: 70,
  /** 128 and the number of the signal. */
  interrupted: 130,
  terminated: 143,
} as const;

/** Ends the command with a message for the person who runs it. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The failure for wrong arguments. */
export function usageFailure(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(exitCodes.usage, message, { cause });
}

/** The failure for input that cannot be used: says which, what is wrong and, for programs, the code. */
export function inputFailure(name: string, cause: unknown): CommandFailure {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  const isNamed = typeof code === 'string' && !String(message).includes(code);
  return new CommandFailure(exitCodes.input, `${name}: ${String(message)}${isNamed ? ` (${code})` : ''}`, { cause });
}
