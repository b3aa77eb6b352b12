import { once } from 'node:events';
import pino from 'pino';
import type { Logger } from '../logger.js';
import { NodeError } from '../node-error.js';
import { prettyLine } from './pretty-line.js';

/** `json`: one object a line, for machines; `pretty`: for people; `auto`: pretty on a terminal, else JSON. */
export type LogFormat = 'auto' | 'json' | 'pretty';

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: LogFormat;
  /** Default: standard output. */
  readonly file?: string | undefined;
}

/** A log. */
export interface OpenLog {
  readonly logger: Logger;
  /** Writes what it still holds; nothing may be logged afterwards. */
  close(): Promise<void>;
}

/**
 * Opens the log of a process.
 *
 * @throws NODE_CONFIGURATION if the file cannot be written
 */
export async function openLog({ level, format, file }: LogOptions): Promise<OpenLog> {
  const destination = pino.destination({ dest: file ?? 1, sync: false, mkdir: true });
  await once(destination, 'ready').catch((cause: unknown) => {
    throw new NodeError('NODE_CONFIGURATION', `cannot write the log file ${file}`, { cause, details: { file } });
  });
  const isTerminal = file === undefined && process.stdout.isTTY === true;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const isColoured = isTerminal && process.env['NO_COLOR'] === undefined;
  const stream = isPretty
    ? { write: (line: string) => destination.write(prettyLine(line, { isColoured })) }
    : destination;
  const logger = pino({ level, serializers: { err: pino.stdSerializers.errWithCause } }, stream);
  const close = async () => {
    const closed = once(destination, 'close');
    destination.end();
    await closed;
  };
  return { logger, close };
}
