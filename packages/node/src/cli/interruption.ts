import { NodeError } from '../node-error.js';
import { exitCodes } from './exit-codes.js';

/** Signals that ask this process to end. */
export interface Interruption {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** Which one came, if one did. */
  readonly received: () => NodeJS.Signals | undefined;
}

const exitCodeBySignal = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;

/** Watches for signals: the first one aborts, so that everything can be closed; the second one ends the process. */
export function watchInterruption(note: (line: string) => void): Interruption {
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (received !== undefined) {
        note('ended at once');
        process.exit(exitCodeBySignal[name]);
      }
      received = name;
      if (name === 'SIGINT' && process.stderr.isTTY) note('stopping; Ctrl-C again ends it at once');
      abort.abort(new NodeError('NODE_STOPPED', `interrupted by ${name}`, { details: { signal: name } }));
    });
  }
  return { signal: abort.signal, received: () => received };
}

/** The exit code of a command that a signal interrupted. */
export function interruptedExitCode(received: NodeJS.Signals): 130 | 143 {
  return received === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted;
}
