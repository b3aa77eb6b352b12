import { findSetting, readSetting } from '../../config/config-sources.js';
import { type Setting, variableOf } from '../../config/setting.js';
import { type NodeSettings, nodeSettings } from '../../config/settings.js';
import { type Command, command } from '../command.js';
import { columnsText } from '../units.js';

const names = Object.keys(nodeSettings) as (keyof NodeSettings)[];

export const configPrint: Command = command({
  name: 'config print',
  summary: 'Shows every setting, its value and where it comes from, and checks them.',
  details: [
    'Takes all settings as flags, so that a command line can be tried. What is printed with --json under "settings" has the form of a config file.',
  ],
  settings: names.filter((name) => name !== 'chain' && name !== 'key'),
  options: { chain: { ...nodeSettings.chain, isRequired: false }, key: { ...nodeSettings.key, isRequired: false } },
  examples: ['config print', 'config print --config node.json --sync block --json'],
  async run({ sources }) {
    const rows = names.map((name) => {
      const setting: Setting<unknown> = nodeSettings[name];
      const { texts, source, where } = findSetting(setting, sources);
      if (texts.length > 0) readSetting(setting, sources);
      const value = setting.kind === 'list' ? texts : texts[0];
      return { name: setting.name, value, source, where };
    });
    const known = new Set(['HS_NODE_CONFIG', ...names.map((name) => variableOf(nodeSettings[name]))]);
    const unknownVariables = Object.keys(sources.environment)
      .filter((variable) => variable.startsWith('HS_NODE_') && !known.has(variable))
      .sort();
    const given = rows.filter(({ value }) => value !== undefined && value.length > 0);
    const settings = Object.fromEntries(given.map(({ name, value }) => [name, value]));
    const origins = Object.fromEntries(rows.map(({ name, where }) => [name, where]));
    const lines = rows.map(({ name, value, source, where }) => {
      const shown = typeof value === 'string' ? value : (value ?? []).join(', ');
      return [name, shown === '' ? '-' : shown, source === 'none' ? '' : `from ${where}`];
    });
    const strays = unknownVariables.map((variable) => `${variable} is set, but is no setting`);
    return {
      data: { settings, origins, configFile: sources.file?.path ?? null, unknownVariables },
      text: [columnsText(lines), ...strays].join('\n'),
    };
  },
});
