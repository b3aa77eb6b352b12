import pino from 'pino';
import type { Logger } from '../logger.js';
import { prettyLine } from './pretty-line.js';

/** `json`: one object a line, for machines; `pretty`: for people; `auto`: pretty on a terminal, else JSON. */
export type LogFormat = 'auto' | 'json' | 'pretty';

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: LogFormat;
  /** Default: standard output. */
  readonly file?: string | undefined;
}

/** A log, and the way to write what it still holds. */
export interface OpenLog {
  readonly logger: Logger;
  flush(): void;
}

/** Opens the log of a process. */
export function openLog({ level, format, file }: LogOptions): OpenLog {
  const destination = pino.destination({ dest: file ?? 1, sync: false, mkdir: true });
  const isTerminal = file === undefined && process.stdout.isTTY === true;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const isColoured = isTerminal && process.env['NO_COLOR'] === undefined;
  const stream = isPretty
    ? { write: (line: string) => destination.write(prettyLine(line, { isColoured })) }
    : destination;
  const logger = pino({ level, serializers: { err: pino.stdSerializers.errWithCause } }, stream);
  return { logger, flush: () => destination.flushSync() };
}
