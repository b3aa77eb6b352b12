import { type ParseArgsConfig, parseArgs } from 'node:util';
import { fromHex } from '@hs/bytes';
import { encodeDomain } from '../../domain.js';
import { EllipticSum } from '../../elliptic-sum.js';
import type { RecordFileFormat } from '../../record-file/index.js';
import { usageFailure } from './exit-codes.js';
import { type BackendOptions, backendNames } from './open-backend.js';

/** What a total or root must be, as lower-case hex. */
export interface Expectations {
  readonly either: string | undefined;
  readonly total: string | undefined;
  readonly root: string | undefined;
  /** Only a snapshot file has one. */
  readonly snapshotRoot: string | undefined;
}

export interface OutputOptions {
  readonly isJson: boolean;
  readonly hasPrefixes: boolean;
}

export interface SumArguments extends BackendOptions, OutputOptions {
  readonly kind: 'sum' | 'verify';
  readonly files: readonly string[];
  /** Undefined: by the file's name and first bytes. */
  readonly format: RecordFileFormat | 'snapshot' | undefined;
  readonly isAscending: boolean;
  readonly maxKeyBytes: number | undefined;
  readonly maxValueBytes: number | undefined;
  /** Undefined: if standard error is a terminal. */
  readonly hasProgress: boolean | undefined;
  readonly expectations: Expectations;
}

export interface MergeArguments extends OutputOptions {
  readonly kind: 'merge';
  readonly files: readonly string[];
  readonly expectations: Expectations;
}

/** What the command was asked to do. */
export type CommandArguments =
  | SumArguments
  | MergeArguments
  | { readonly kind: 'help'; readonly topic: 'main' | 'sum' | 'verify' | 'merge' }
  | { readonly kind: 'version' };

type FlagKinds = NonNullable<ParseArgsConfig['options']>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const outputFlags: FlagKinds = { json: flag, prefix: flag, 'no-prefix': flag, help: { ...flag, short: 'h' } };
const expectFlags: FlagKinds = { expect: text, 'expect-total': text, 'expect-root': text };
const snapshotFlags: FlagKinds = { 'expect-snapshot-root': text };
const recordFlags: FlagKinds = {
  format: text,
  ascending: flag,
  'max-key-bytes': text,
  'max-value-bytes': text,
  domain: text,
  backend: text,
  threads: text,
  progress: flag,
  'no-progress': flag,
};
const flagsOf = {
  sum: { ...outputFlags, ...recordFlags },
  verify: { ...outputFlags, ...recordFlags, ...expectFlags, ...snapshotFlags },
  merge: { ...outputFlags, ...expectFlags },
};

/** Reads the command line. @throws CommandFailure with the exit code for wrong usage */
export function parseCommandLine(args: readonly string[]): CommandArguments {
  const [command, ...rest] = args;
  if (command === '--help' || command === '-h' || command === 'help') return { kind: 'help', topic: 'main' };
  if (command === '--version') return { kind: 'version' };
  if (command === undefined) throw usageFailure('a command is missing: sum, verify or merge');
  if (command !== 'sum' && command !== 'verify' && command !== 'merge') {
    throw usageFailure(`there is no command ${command}, only sum, verify and merge`);
  }
  const { flags, files } = parseFlags(rest, flagsOf[command]);
  if (flags.has('help')) return { kind: 'help', topic: command };
  const output = { isJson: flags.has('json'), hasPrefixes: isOn(flags, 'prefix') ?? true };
  const expectations = expectationsOf(flags);
  if (files.filter((file) => file === '-').length > 1) throw usageFailure('standard input can be read only once');
  if (command === 'merge') {
    if (files.length === 0) throw usageFailure('merge needs the files to add up');
    return { kind: command, files, expectations, ...output };
  }
  if (command === 'verify' && Object.values(expectations).every((hex) => hex === undefined)) {
    throw usageFailure('verify needs --expect, --expect-total, --expect-root or --expect-snapshot-root');
  }
  const format = oneOf(flags, 'format', command === 'sum' ? ['binary', 'jsonl'] : ['binary', 'jsonl', 'snapshot']);
  if (format === 'snapshot' && files.length > 1) throw usageFailure('a snapshot file is verified alone');
  return {
    kind: command,
    files: files.length === 0 ? ['-'] : files,
    format,
    isAscending: flags.has('ascending'),
    maxKeyBytes: numberOf(flags, 'max-key-bytes'),
    maxValueBytes: numberOf(flags, 'max-value-bytes'),
    domain: domainOf(flags.get('domain')),
    backend: oneOf(flags, 'backend', backendNames),
    threads: threadsOf(flags),
    hasProgress: isOn(flags, 'progress'),
    expectations,
    ...output,
  };
}

/** Flags that were given; those without a value have an empty one. */
type Flags = ReadonlyMap<string, string>;

function parseFlags(args: readonly string[], options: FlagKinds): { flags: Flags; files: readonly string[] } {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      tokens: true,
    });
    const names = tokens.filter((token) => token.kind === 'option').map((token) => token.name);
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated !== undefined) throw usageFailure(`--${repeated} is given twice`);
    const flags = Object.entries(values).map(
      ([name, value]) => [name, typeof value === 'string' ? value : ''] as const,
    );
    return { flags: new Map(flags), files: positionals };
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS_')) throw error;
    throw usageFailure((error as Error).message, error);
  }
}

function isOn(flags: Flags, name: string): boolean | undefined {
  const isOff = flags.has(`no-${name}`);
  if (!flags.has(name)) return isOff ? false : undefined;
  if (isOff) throw usageFailure(`--${name} and --no-${name} exclude each other`);
  return true;
}

function oneOf<const Choice extends string>(
  flags: Flags,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = flags.get(name);
  if (value === undefined) return undefined;
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw usageFailure(`--${name} is ${choices.join(', ')}; not ${value}`);
  return choice;
}

function threadsOf(flags: Flags): BackendOptions['threads'] {
  const threads = flags.get('threads');
  if (threads === 'all' || threads === 'all-but-one') return threads;
  const count = numberOf(flags, 'threads');
  if (count === undefined || count <= 1024) return count;
  throw usageFailure(`--threads is at most 1024, not ${count}`);
}

function numberOf(flags: Flags, name: string): number | undefined {
  const digits = flags.get(name);
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (/^[0-9]{1,10}$/.test(digits) && value >= 1 && value <= 2 ** 30) return value;
  throw usageFailure(`--${name} is an integer from 1 to ${2 ** 30}, not ${digits}`);
}

function domainOf(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  try {
    encodeDomain(domain);
    return domain;
  } catch (error) {
    throw usageFailure(`--domain: ${(error as Error).message}`, error);
  }
}

function expectationsOf(flags: Flags): Expectations {
  const total = hexOf(flags, 'expect-total');
  if (total !== undefined) requireSum(total);
  return {
    either: hexOf(flags, 'expect'),
    total,
    root: hexOf(flags, 'expect-root'),
    snapshotRoot: hexOf(flags, 'expect-snapshot-root'),
  };
}

function hexOf(flags: Flags, name: string): string | undefined {
  const hex = flags.get(name)?.toLowerCase();
  if (hex === undefined) return undefined;
  if (!/^[0-9a-f]{64}$/.test(hex)) throw usageFailure(`--${name} takes 64 hex digits`);
  if (/^0*$/.test(hex)) throw usageFailure(`--${name}: zero is the checksum of no records and proves nothing`);
  return hex;
}

function requireSum(hex: string): void {
  try {
    EllipticSum.decode(fromHex(hex));
  } catch (error) {
    throw usageFailure('--expect-total: no set of records has this sum; is a digit wrong?', error);
  }
}
