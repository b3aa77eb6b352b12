import { NodeError } from '../node-error.js';

/**
 * Something that a command can be told: once as a flag, and for a setting of the node also by its environment variable or
 * its key in the config file. Name, meaning, default and reader stand here and nowhere else.
 */
export interface Setting<Value> {
  /** As in `--name`, and the key in the config file. */
  readonly name: string;
  readonly kind: 'value' | 'list' | 'switch';
  /** What the help writes for the value. */
  readonly placeholder: string;
  readonly help: string;
  readonly default: string | undefined;
  /** True if there must be a value. */
  readonly isRequired: boolean;
  /** Value of the texts that were given: one, or any number for a list; none if there is no default. @throws Error saying why not */
  read(texts: readonly string[]): Value;
}

/** What all kinds of settings are described by. */
export interface SettingSpec {
  readonly help: string;
  readonly placeholder?: string;
  readonly default?: string;
}

/** One value, read by `read`. Without a default it must be given, unless it is made {@link optional}. */
export function value<Value>(name: string, read: (text: string) => Value, spec: SettingSpec): Setting<Value> {
  return {
    name,
    kind: 'value',
    placeholder: spec.placeholder ?? 'TEXT',
    help: spec.help,
    default: spec.default,
    isRequired: spec.default === undefined,
    read: ([first = '']) => read(first),
  };
}

export function text(name: string, spec: SettingSpec): Setting<string> {
  return value(name, (given) => given, spec);
}

/** A whole number from `least` (default 1). */
export function integer(name: string, spec: SettingSpec & { readonly least?: number }): Setting<number> {
  const { least = 1 } = spec;
  const expected = least === 1 ? 'must be a positive integer' : `must be an integer from ${least}`;
  const read = (given: string): number => {
    const number = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < least) throw new RangeError(`${expected}, not "${given}"`);
    return number;
  };
  return value(name, read, { placeholder: 'NUMBER', ...spec });
}

export function choice<const Value extends string>(
  name: string,
  allowed: readonly Value[],
  spec: SettingSpec,
): Setting<Value> {
  const read = (given: string): Value => {
    const found = allowed.find((candidate) => candidate === given);
    if (found === undefined) throw new RangeError(`must be one of ${allowed.join(', ')}, not "${given}"`);
    return found;
  };
  return value(name, read, { placeholder: 'WORD', ...spec });
}

/** The same setting, `undefined` if it is not given. */
export function optional<Value>(setting: Setting<Value>): Setting<Value | undefined> {
  return {
    ...setting,
    isRequired: false,
    read: (texts) => (texts.length === 0 ? undefined : setting.read(texts)),
  };
}

/** Any number of values: a repeated flag, a text with commas in the environment, an array in the config file. */
export function list<Item>(
  name: string,
  read: (text: string) => Item,
  spec: Omit<SettingSpec, 'default'>,
): Setting<readonly Item[]> {
  return {
    name,
    kind: 'list',
    placeholder: spec.placeholder ?? 'TEXT',
    help: `${spec.help}; may be repeated`,
    default: undefined,
    isRequired: false,
    read: (texts) => texts.map(read),
  };
}

/** A flag that is there or not. */
export function toggle(name: string, help: string): Setting<boolean> {
  return {
    name,
    kind: 'switch',
    placeholder: '',
    help,
    default: undefined,
    isRequired: false,
    read: (texts) => texts.length > 0,
  };
}

/** The environment variable of a setting. */
export function variableOf(setting: Pick<Setting<unknown>, 'name'>): string {
  return `HS_NODE_${setting.name.toUpperCase().replaceAll('-', '_')}`;
}

/** Reads a setting from where it was found. @throws NODE_CONFIGURATION naming the setting and the source */
export function readFrom<Value>(
  setting: Setting<Value>,
  found: { readonly texts: readonly string[]; readonly where: string },
): Value {
  const { name } = setting;
  const { texts, where } = found;
  if (texts.length === 0 && setting.isRequired) {
    throw new NodeError('NODE_CONFIGURATION', `--${name} is needed: ${setting.help}`, { details: { name } });
  }
  try {
    return setting.read(texts);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `${name} (from ${where}) ${/^must /.test(why) ? why : `is wrong: ${why}`}`;
    throw new NodeError('NODE_CONFIGURATION', message, { details: { name, source: where } });
  }
}
