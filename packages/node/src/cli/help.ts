import { type Setting, variableOf } from '../config/setting.js';
import { type NodeSettings, nodeSettings } from '../config/settings.js';
import type { Command } from './command.js';
import { exitCodeMeanings } from './exit-codes.js';
import { commonFlags, usageOf } from './parse-command-line.js';

const precedence =
  'A setting comes from its flag, else from its environment variable (--log-level is HS_NODE_LOG_LEVEL), else from the JSON\n' +
  'file that --config or HS_NODE_CONFIG names ({ "log-level": "debug" }), else from its default.';

/** Help for a topic: a command, a group of commands, or everything. */
export function helpText(topic: string, commands: readonly Command[]): string {
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return commandHelp(command);
  const chosen = commands.filter(({ name }) => topic === '' || name.startsWith(`${topic} `));
  const width = Math.max(...chosen.map(({ name }) => name.length)) + 2;
  const lines = chosen.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
  const head = topic === '' ? 'usage: hs-node COMMAND [flags]' : `usage: hs-node ${topic} COMMAND [flags]`;
  const parts = [head, lines.join('\n'), `"hs-node COMMAND --help" says more about each. ${precedence}`];
  if (topic === '') parts.push(`Exit codes:\n${exitCodeLines().join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function commandHelp(command: Command): string {
  const { summary, details, positionals, examples } = command;
  const own = Object.values(command.options);
  const shared = command.settings.map((name): Setting<unknown> => nodeSettings[name]);
  const all = [...own, ...shared, ...commonFlags];
  const width = Math.max(
    ...all.map((setting) => flagText(setting).length),
    ...positionals.map(({ name }) => name.length),
  );
  const row = (left: string, right: string): string => `  ${left.padEnd(width + 2)}${right}`;
  const rows = (settings: readonly Setting<unknown>[]): string =>
    settings.map((setting) => row(flagText(setting), meaningOf(setting))).join('\n');
  const parts = [`usage: ${usageOf(command)}`, summary, ...details];
  if (positionals.length > 0) parts.push(positionals.map(({ name, help }) => row(name, help)).join('\n'));
  if (own.length > 0) parts.push(`Flags:\n${rows(own)}`);
  if (shared.length > 0) {
    parts.push(`Settings, which can also stand in the environment or in a config file:\n${rows(shared)}`);
  }
  parts.push(`Flags of all commands:\n${rows(commonFlags)}`);
  parts.push(`Examples:\n${examples.map((example) => `  hs-node ${example}`).join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function flagText({ name, kind, placeholder }: Setting<unknown>): string {
  return kind === 'switch' ? `--${name}` : `--${name} ${placeholder}`;
}

function meaningOf({ help, default: preset }: Setting<unknown>): string {
  return preset === undefined ? help : `${help} (default ${preset})`;
}

function exitCodeLines(): string[] {
  return Object.entries(exitCodeMeanings).map(([code, meaning]) => `  ${code.padEnd(5)}${meaning}`);
}

/** The whole manual in Markdown: what `docs/cli.md` holds. */
export function manual(commands: readonly Command[]): string {
  const settings = Object.entries(nodeSettings) as [keyof NodeSettings, Setting<unknown>][];
  const parts = [
    '# The command `hs-node`',
    'This page is what `hs-node help --markdown` prints; a test compares them.',
    table(
      ['command', 'what it does'],
      commands.map(({ name, summary }) => [`[\`${name}\`](#${anchorOf(name)})`, summary]),
    ),
    '## Settings',
    `${precedence.replaceAll(/(--[a-z-]+|HS_NODE_[A-Z_]+|\{.*?\})/g, '`$1`')} A list is a repeated flag, a text with commas, or an array of strings. ` +
      'An empty environment variable counts as none. Each command takes the settings that it names; the config file may hold all of them, and a name that is no setting is refused. ' +
      '`hs-node config print` shows what each setting is and where it comes from.',
    table(
      ['flag and key in the config file', 'environment', 'what it is', 'default'],
      settings.map(([, setting]) => [
        `\`--${setting.name} ${setting.placeholder}\``,
        `\`${variableOf(setting)}\``,
        setting.help,
        setting.default === undefined ? '' : `\`${setting.default}\``,
      ]),
    ),
    '## Output',
    'Results go to standard output, progress and messages to standard error. With `--json` standard output is one JSON document on one line: what the command found ' +
      'or did, or `{ "error": { "code", "message", "details" } }`. Codes are those of the READMEs of the packages. Long work shows how far it is: on a terminal as a line that changes, otherwise as a line every five seconds.',
    'The first Ctrl-C (or SIGTERM) ends what is under way cleanly, and what is done stays done; the second one ends the process at once. Databases survive that, too.',
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(exitCodeMeanings).map(([code, meaning]) => [code, meaning]),
    ),
    '## Commands',
    ...commands.flatMap(commandManual),
  ];
  return `${parts.join('\n\n')}\n`;
}

function commandManual(command: Command): string[] {
  const { name, summary, details, positionals, examples } = command;
  const parts = [`### ${name}`, `\`${usageOf(command)}\``, summary, ...details];
  const own = Object.values(command.options).map((setting) => [`\`${flagText(setting)}\``, meaningOf(setting)]);
  const rows = [...positionals.map((positional) => [`\`${positional.name}\``, positional.help]), ...own];
  if (rows.length > 0) parts.push(table(['argument', 'meaning'], rows));
  if (command.settings.length > 0) {
    parts.push(`Settings: ${command.settings.map((each) => `\`--${nodeSettings[each].name}\``).join(', ')}.`);
  }
  parts.push(['```sh', ...examples.map((example) => `hs-node ${example}`), '```'].join('\n'));
  return parts;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function anchorOf(name: string): string {
  return name.replaceAll(' ', '-');
}
