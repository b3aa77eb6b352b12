import { readFileSync } from 'node:fs';
import { NodeError } from '../node-error.js';
import { readFrom, type Setting, variableOf } from './setting.js';
import { type NodeSettings, nodeSettings } from './settings.js';

/** Where settings come from, in the order in which they count: flags, environment, config file; then the defaults. */
export interface ConfigSources {
  /** By the names of the settings. */
  readonly flags: Readonly<Record<string, string | readonly string[] | boolean | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
}

/** A config file that was read. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** The texts of one setting, and which source they are from. */
export interface FoundSetting {
  readonly texts: readonly string[];
  readonly source: 'flag' | 'environment' | 'file' | 'default' | 'none';
  /** In words, for messages. */
  readonly where: string;
}

const byName: ReadonlyMap<string, Setting<unknown>> = new Map(
  Object.values(nodeSettings).map((setting: Setting<unknown>) => [setting.name, setting]),
);

/**
 * Reads the config file that `path` or `HS_NODE_CONFIG` names, if any does.
 *
 * @throws NODE_CONFIGURATION if it cannot be read, or names a setting that does not exist
 */
export function readConfigFile(
  path: string | undefined,
  environment: ConfigSources['environment'],
): ConfigFile | undefined {
  const chosen = path ?? environment['HS_NODE_CONFIG'] ?? '';
  if (chosen === '') return undefined;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(chosen, 'utf8'));
  } catch (cause) {
    throw wrongFile(chosen, `cannot read the config file ${chosen}`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw wrongFile(chosen, `the config file ${chosen} is not a JSON object`);
  }
  for (const name of Object.keys(content)) {
    if (byName.has(name)) continue;
    const known = [...byName.keys()].join(', ');
    throw wrongFile(chosen, `the config file ${chosen} has an unknown setting: ${name}; there are ${known}`, { name });
  }
  return { path: chosen, content: content as Record<string, unknown> };
}

/** Finds one setting in the first source that has it. @throws NODE_CONFIGURATION for a wrong kind of value in the config file */
export function findSetting(setting: Setting<unknown>, { flags, environment, file }: ConfigSources): FoundSetting {
  const { name } = setting;
  const flag = flags[name];
  if (flag !== undefined) {
    const texts = typeof flag === 'boolean' ? (flag ? [''] : []) : typeof flag === 'string' ? [flag] : flag;
    return { texts, source: 'flag', where: `--${name}` };
  }
  if (byName.get(name) === setting) {
    const variable = variableOf(setting);
    const given = environment[variable];
    if (given !== undefined && given !== '') {
      const texts = setting.kind === 'list' ? given.split(',').filter((item) => item !== '') : [given];
      return { texts, source: 'environment', where: variable };
    }
    if (file !== undefined && Object.hasOwn(file.content, name)) {
      return { texts: textsInFile(setting, file), source: 'file', where: `the config file ${file.path}` };
    }
  }
  const { default: preset } = setting;
  return preset === undefined
    ? { texts: [], source: 'none', where: 'nowhere' }
    : { texts: [preset], source: 'default', where: 'the default' };
}

/** Reads one setting from the first source that has it. @throws NODE_CONFIGURATION naming the setting and the source */
export function readSetting<Value>(setting: Setting<Value>, sources: ConfigSources): Value {
  return readFrom(setting, findSetting(setting, sources));
}

/** Reads some settings of the node. @throws NODE_CONFIGURATION naming the setting and the source */
export function readSettings<const Name extends keyof NodeSettings>(
  names: readonly Name[],
  sources: ConfigSources,
): Pick<NodeSettings, Name> {
  const entries = names.map((name) => [name, readSetting<unknown>(nodeSettings[name], sources)]);
  return Object.fromEntries(entries) as Pick<NodeSettings, Name>;
}

function textsInFile(setting: Setting<unknown>, { path, content }: ConfigFile): readonly string[] {
  const given = content[setting.name];
  const items: readonly unknown[] = setting.kind === 'list' && Array.isArray(given) ? given : [given];
  return items.map((item) => {
    if (typeof item === 'string') return item;
    if (typeof item === 'number' && setting.placeholder === 'NUMBER') return String(item);
    const expected = setting.kind === 'list' ? 'a list of strings' : 'a string';
    const message = `${setting.name} (from the config file ${path}) must be ${expected}`;
    throw wrongFile(path, message, { name: setting.name });
  });
}

function wrongFile(path: string, message: string, more: { readonly cause?: unknown; readonly name?: string } = {}) {
  const { cause, name } = more;
  const details = name === undefined ? { path } : { path, name };
  return new NodeError('NODE_CONFIGURATION', message, cause === undefined ? { details } : { cause, details });
}
