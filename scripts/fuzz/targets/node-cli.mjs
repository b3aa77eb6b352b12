import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built, internals, refusals, utf8 } from '../load.mjs';

/** What an operator writes: arguments, environment, and files. */
export async function nodeCliTargets() {
  const { draftChainSpec, parseChainSpec } = await built('packages/node/dist/example-chain.js');
  const parts = await internals('node-cli', [
    'packages/node/src/cli/airdrop/journal.ts',
    'packages/node/src/cli/airdrop/plan.ts',
    'packages/node/src/cli/commands.ts',
    'packages/node/src/cli/parse-command-line.ts',
    'packages/node/src/cli/read-key-file.ts',
    'packages/node/src/config/config-sources.ts',
    'packages/node/src/config/setting.ts',
    'packages/node/src/config/settings.ts',
    'packages/node/src/sync/trusted-checksums.ts',
  ]);
  const isRefusal = refusals('NodeError', 'NODE_CONFIGURATION');
  const folder = mkdtempSync(join(tmpdir(), 'hyper-sync-fuzz-files-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const text = (input) => Buffer.from(input).toString('utf8');
  const fileOf = (name, input) => {
    const path = join(folder, name);
    writeFileSync(path, input);
    return path;
  };
  const key = '11'.repeat(32);
  const publicKey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
  const names = Object.keys(parts.nodeSettings);
  const values = [
    'node.json',
    '127.0.0.1:1',
    'off',
    'on',
    '0',
    '1000000',
    'all',
    `300:${key}`,
    'http://[::1]:1/',
    'wasm',
    'json',
  ];
  const jsonPieces = ['"', '{', '}', '[', ']', 'null', '-1', '1e400', '"__proto__"', '0', ',', ':', '""'];
  const isJsonRefusal = (error) => isRefusal(error) || error?.name === 'SyntaxError';
  const spec = {
    ...draftChainSpec({ producers: [publicKey], genesisTimeMs: 1_700_000_000_000 }),
    genesisStateRoot: key,
  };
  const plan = {
    format: 'hs-airdrop',
    version: 1,
    genesisHash: key,
    coin: publicKey,
    holdersOf: null,
    mint: '0',
    disableMinting: false,
    total: '300',
    payments: [{ to: publicKey, weight: '1', amount: '300' }],
  };
  const journal = [
    { plan: 'hash' },
    { step: 0, signed: { id: key, encoded: '00', height: 300, expires: 400 } },
    { step: 0, included: 301 },
    { step: 'mint', included: 302 },
  ];
  const base = { canContinue: true, isRefusal };
  return [
    {
      ...base,
      name: 'node-arguments',
      maxBytes: 256,
      // Arguments with line ends between them.
      seeds: [...parts.commands.map(({ name }) => `${name.replace(' ', '\n')}\n--help`), '--version'].map(utf8),
      hints: parts.commands.flatMap(({ examples }) => examples.map((line) => utf8(line.replaceAll(' ', '\n')))),
      dictionary: [
        ...names.map((name) => `\n--${parts.nodeSettings[name].name}\n`),
        '\n--json',
        '\n',
        '=',
        ...values,
      ].map(utf8),
      decode: (input) => {
        const argv = text(input)
          .split('\n')
          .filter((argument) => !argument.startsWith('--config'));
        const line = parts.parseCommandLine(argv, { commands: parts.commands, environment: {} });
        if (line.kind === 'command') parts.usageOf(line.command);
        return line.kind;
      },
    },
    {
      ...base,
      name: 'node-environment',
      maxBytes: 512,
      // A variable and its value on each line.
      seeds: [utf8('HS_NODE_LISTEN=off\nHS_NODE_CONNECT=host:1,host:2')],
      hints: names.flatMap((name) =>
        values.map((value) => utf8(`${parts.variableOf(parts.nodeSettings[name])}=${value}`)),
      ),
      dictionary: values.map(utf8),
      decode(input) {
        const environment = Object.fromEntries(
          text(input)
            .split('\n')
            .map((line) => line.split('=')),
        );
        const sources = { flags: {}, environment, file: undefined };
        for (const name of names) {
          if (environment[parts.variableOf(parts.nodeSettings[name])] !== undefined)
            parts.readSettings([name], sources);
        }
      },
    },
    {
      ...base,
      name: 'node-config-file',
      maxBytes: 1_024,
      seeds: [
        { listen: 'off', connect: ['host:1', 'host:2'], 'chunk-bytes': 1_000, 'log-level': 'warn' },
        {
          'trusted-root': [`300:${key}`],
          'trusted-checksum': [`300:${key}`],
          'hash-threads': 'all',
          url: 'http://host:1',
        },
      ].map((content) => utf8(JSON.stringify(content))),
      dictionary: [...jsonPieces, ...names.map((name) => `"${parts.nodeSettings[name].name}"`), ...values].map(utf8),
      decode(input) {
        const file = parts.readConfigFile(fileOf('config.json', input), {});
        const sources = { flags: {}, environment: {}, file };
        for (const name of names)
          if (Object.hasOwn(file.content, parts.nodeSettings[name].name)) parts.readSettings([name], sources);
      },
    },
    {
      ...base,
      name: 'node-chain-spec',
      seeds: [spec, { ...spec, hasRootsInHeaders: false }].map((value) => utf8(JSON.stringify(value))),
      dictionary: jsonPieces.map(utf8),
      decode: (input) => parseChainSpec(JSON.parse(text(input))),
      encode: (value) => utf8(JSON.stringify(value)),
      isRefusal: isJsonRefusal,
    },
    {
      ...base,
      name: 'node-key-file',
      maxBytes: 128,
      seeds: [utf8(`${key}\n`)],
      decode: (input) => parts.readKeyFile(fileOf('key', input), () => {}),
      encode: (bytes) => utf8(Buffer.from(bytes).toString('hex')),
    },
    {
      ...base,
      name: 'node-airdrop-plan',
      seeds: [plan, { ...plan, holdersOf: { coin: publicKey, height: 300, stateRoot: key } }].map((value) =>
        utf8(JSON.stringify(value)),
      ),
      dictionary: jsonPieces.map(utf8),
      decode: (input) => parts.readPlan(fileOf('plan', input)).plan,
      encode: (value) => utf8(JSON.stringify(value)),
    },
    {
      ...base,
      name: 'node-airdrop-journal',
      seeds: [utf8(journal.map((entry) => `${JSON.stringify(entry)}\n`).join(''))],
      hints: ['null\n', '{"step":0}\n'].map(utf8),
      dictionary: [...jsonPieces, '\n', '"plan"', '"step"', '"signed"', '"included"'].map(utf8),
      decode(input) {
        const read = parts.AirdropJournal.read(fileOf('journal', input), 'hash');
        return [read.signedFor(0), read.includedIn(0), read.includedIn('mint')];
      },
    },
    {
      ...base,
      name: 'node-trusted-checksum',
      maxBytes: 128,
      seeds: [utf8(`300:${key}`)],
      decode: (input) => parts.parseTrustedChecksum(text(input)),
      encode: (trusted) => utf8(parts.formatTrustedChecksum(trusted)),
    },
  ];
}
