import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type ConfigSources, readConfigFile, readSetting, readSettings } from '../config/config-sources.js';
import { type Setting, text, toggle } from '../config/setting.js';
import { type NodeSettings, nodeSettings } from '../config/settings.js';
import { NodeError } from '../node-error.js';
import type { Command, OptionValues } from './command.js';
import { nearest } from './nearest.js';

/** Flags that every command has. */
export const commonFlags: readonly Setting<unknown>[] = [
  text('config', { placeholder: 'FILE', help: 'JSON file with settings; or HS_NODE_CONFIG' }),
  toggle('json', 'print one JSON document instead of text'),
  toggle('help', 'print what the command does and takes; or -h'),
];

/** What the command line asks for. */
export type CommandLine =
  | { readonly kind: 'version' }
  /** `topic`: the words that name a command or a group; none for the whole. */
  | { readonly kind: 'help'; readonly topic: string }
  | {
      readonly kind: 'command';
      readonly command: Command;
      readonly args: readonly string[];
      readonly settings: Pick<NodeSettings, keyof NodeSettings>;
      readonly options: OptionValues<Command['options']>;
      readonly sources: ConfigSources;
      readonly isJson: boolean;
    };

/**
 * Finds the command, and reads its flags, the environment and the config file.
 *
 * @throws NODE_CONFIGURATION saying what is wrong and what would be right
 */
export function parseCommandLine(
  argv: readonly string[],
  context: { readonly commands: readonly Command[]; readonly environment: ConfigSources['environment'] },
): CommandLine {
  const { commands, environment } = context;
  const [first, second] = argv;
  if (first === '--version') return { kind: 'version' };
  if (first === '--help' || first === '-h') return { kind: 'help', topic: '' };
  const isHelpAsked = argv.includes('--help') || argv.includes('-h');
  const found =
    commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  if (found === undefined) {
    const group = commands.filter(({ name }) => name.startsWith(`${first} `));
    if (group.length > 0 && isHelpAsked) return { kind: 'help', topic: String(first) };
    throw unknownCommand(first, second, { commands, group });
  }
  if (isHelpAsked) return { kind: 'help', topic: found.name };
  const { flags, positionals } = parseFlags(found, argv.slice(found.name.split(' ').length));
  checkPositionals(found, positionals);
  const sources = { flags, environment, file: readConfigFile(flags['config'] as string | undefined, environment) };
  const options = Object.entries(found.options).map(([name, setting]) => [name, readSetting(setting, sources)]);
  return {
    kind: 'command',
    command: found,
    args: positionals,
    settings: readSettings(found.settings, sources),
    options: Object.fromEntries(options),
    sources,
    isJson: flags['json'] === true,
  };
}

/** All flags that a command takes. */
export function flagsOf(command: Command): readonly Setting<unknown>[] {
  const shared = command.settings.map((name): Setting<unknown> => nodeSettings[name]);
  return [...Object.values(command.options), ...shared, ...commonFlags];
}

/** How a command is called, in one line. */
export function usageOf(command: Command): string {
  const positionals = command.positionals.map(({ name, isOptional }) => (isOptional === true ? `[${name}]` : name));
  const needed = Object.values(command.options).filter(({ isRequired }) => isRequired);
  const flags = needed.map(({ name, placeholder }) => `--${name} ${placeholder}`);
  return ['hs-node', command.name, ...positionals, ...flags, '[flags]'].join(' ');
}

function parseFlags(
  command: Command,
  args: readonly string[],
): { readonly flags: ConfigSources['flags']; readonly positionals: readonly string[] } {
  const known = flagsOf(command);
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const { name, kind } of known) {
    options[name] = kind === 'switch' ? { type: 'boolean' } : { type: 'string', multiple: true };
  }
  let parsed: { readonly values: Record<string, unknown>; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (cause) {
    const unknown = args.find((arg) => /^--?[a-z]/.test(arg) && options[arg.replace(/^--?|=.*/g, '')] === undefined);
    throw unknown === undefined
      ? usage((cause as Error).message, command.name, cause)
      : unknownFlag(command, unknown.replace(/=.*/, ''), known);
  }
  const flags: Record<string, string | readonly string[] | boolean | undefined> = {};
  for (const { name, kind } of known) {
    const given = parsed.values[name] as readonly string[] | boolean | undefined;
    if (kind !== 'value' || given === undefined || typeof given === 'boolean') flags[name] = given;
    else if (given.length === 1) flags[name] = given[0];
    else throw usage(`--${name} is given ${given.length} times, but can have one value`, command.name);
  }
  return { flags, positionals: parsed.positionals };
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const missing = command.positionals.find(
    ({ isOptional }, index) => isOptional !== true && given[index] === undefined,
  );
  if (missing !== undefined) throw usage(`${missing.name} is needed: ${missing.help}`, command.name);
  const extra = given[command.positionals.length];
  if (extra !== undefined) throw usage(`"${extra}" is one argument too many`, command.name);
}

function unknownFlag(command: Command, flag: string, known: readonly Setting<unknown>[]): NodeError {
  const meant = nearest(
    flag,
    known.map(({ name }) => `--${name}`),
  );
  const advice = meant === undefined ? '' : `; did you mean ${meant}?`;
  return usage(`${command.name} has no flag ${flag}${advice}`, command.name);
}

function unknownCommand(
  first: string | undefined,
  second: string | undefined,
  context: { readonly commands: readonly Command[]; readonly group: readonly Command[] },
): NodeError {
  const { commands, group } = context;
  if (first === undefined) return usage('no command is given', '');
  if (group.length > 0) {
    const words = group.map(({ name }) => name.split(' ')[1] as string);
    const meant = second === undefined || second.startsWith('-') ? undefined : nearest(second, words);
    const what = second === undefined || second.startsWith('-') ? 'alone is no command' : `has no "${second}"`;
    return usage(
      `"${first}" ${what}; ${meant === undefined ? `there is ${words.join(', ')}` : `did you mean "${first} ${meant}"?`}`,
      first,
    );
  }
  const words = [...new Set(commands.map(({ name }) => name.split(' ')[0] as string))];
  const meant = nearest(first, words);
  return usage(`there is no command "${first}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`, '');
}

function usage(message: string, topic: string, cause?: unknown): NodeError {
  const help = `hs-node ${topic === '' ? '' : `${topic} `}--help`;
  return new NodeError('NODE_CONFIGURATION', `${message} (see "${help}")`, cause === undefined ? {} : { cause });
}
