import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EllipticSum } from '../src/index.js';
import { helpTexts } from '../src/node/cli/help.js';
import { type InstalledPackage, installPackage } from './installed-package.js';
import { binaryFile, fromHex, jsonLinesFile, type KeyValue, toHex } from './record-files.js';
import { type EllipticSumVectors, type GenesisVectors, readVectors } from './vectors.js';

const genesis = readVectors<GenesisVectors>('deso-genesis-state.json');
const vectors = readVectors<EllipticSumVectors>('ellipticsum.json');
const genesisRecords: readonly KeyValue[] = genesis.prefixes.flatMap(({ records }) =>
  records.map(([key, value]) => [fromHex(key), fromHex(value)] as const),
);
const genesisRoot = '36d07966690cc24c0f737a271e789be1c6ccd5ec60c03254225d7922c9603c0a';

let scratch: InstalledPackage;
let command: string;
/** What one run over all records of the genesis state prints. */
let wholeText: Outcome;
let wholeJson: Outcome;
/** Path of a scratch file. */
const at = (name: string) => join(scratch.folder, name);

beforeAll(async () => {
  scratch = await installPackage();
  command = at('node_modules/.bin/ellipticsum');
  writeFileSync(at('genesis.records'), binaryFile(genesisRecords));
  writeFileSync(at('genesis.jsonl'), jsonLinesFile(genesisRecords));
  for (const part of [0, 1, 2]) {
    const records = genesisRecords.filter((_, index) => index % 3 === part);
    writeFileSync(
      at(part === 1 ? `part-${part}.ndjson` : `part-${part}.records`),
      part === 1 ? jsonLinesFile(records) : binaryFile(records),
    );
  }
  [wholeText, wholeJson] = await Promise.all([
    run(['sum', 'genesis.records']),
    run(['sum', '--json', 'genesis.records']),
  ]);
}, 120_000);

afterAll(() => scratch.remove());

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  args: readonly string[],
  stdio: ('pipe' | 'ignore' | number)[] = ['pipe', 'pipe', 'pipe'],
): ChildProcess {
  return spawn(command, args, { cwd: scratch.folder, stdio });
}

async function finish(child: ChildProcess): Promise<Outcome> {
  const outputs = [child.stdout, child.stderr].map((stream) => {
    const parts: Buffer[] = [];
    stream?.on('data', (part: Buffer) => parts.push(part));
    return parts;
  });
  const [code] = await once(child, 'close');
  const [stdout = '', stderr = ''] = outputs.map((parts) => Buffer.concat(parts).toString());
  return { code, stdout, stderr };
}

/** Runs the command with these bytes on standard input. */
function run(args: readonly string[], input: Uint8Array | string = ''): Promise<Outcome> {
  // One thread where the size of the input is not known: more take time to start, and have a test of their own.
  const isPiped = args.at(-1) === '-';
  const child = start(isPiped && args[0] !== 'merge' ? [...args.slice(0, -1), '--threads', '1', '-'] : args);
  // A command that fails early does not read on.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return finish(child);
}

const json = (text: string) => JSON.parse(text);

describe('ellipticsum sum', () => {
  test('prints the known checksums of the genesis state, by prefix and in total', () => {
    const { code, stdout, stderr } = wholeText;
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(lines[0]).toEqual(['prefix', 'records', 'bytes', 'checksum']);
    expect(lines.slice(1, -3).map((cells) => [Number(cells[0]), Number(cells[1]), cells[3]])).toEqual(
      genesis.prefixes.map(({ prefix, count, checksum }) => [prefix, count, checksum]),
    );
    expect(lines.slice(-3)).toEqual([['total', '1,932', '144,332', genesis.total], ['state root', genesisRoot], ['']]);
  });

  test('leaves the table of prefixes out with --no-prefix', async () => {
    const { stdout } = await run(['sum', '--no-prefix', 'genesis.records']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/ +/)[0]),
    ).toEqual(['prefix', 'total', 'state']);
  });

  test('gives the same for both formats, standard input, many files and any backend', async () => {
    expect(json(wholeJson.stdout)).toEqual({
      format: 'ellipticsum-partial-sum',
      version: 1,
      domain: genesis.dst,
      prefixes: genesis.prefixes.map(({ prefix, count, checksum, records }) => ({
        prefix,
        records: count,
        bytes: records.reduce((size, [key, value]) => size + (key.length + value.length) / 2, 0),
        sum: checksum,
      })),
      records: 1932,
      bytes: 144_332,
      total: genesis.total,
      stateRoot: genesisRoot,
    });
    const parts = ['part-0.records', 'part-1.ndjson', 'part-2.records'];
    const runs = await Promise.all([
      run(['sum', '--json', '--format', 'jsonl', '-'], readFileSync(at('genesis.jsonl'))),
      run(['sum', '--json'], readFileSync(at('genesis.records'))),
      run(['sum', '--json', ...parts.slice(0, 2), '-'], readFileSync(at('part-2.records'))),
      run(['sum', '--json', '--backend', 'noble', 'genesis.records']),
      run(['sum', '--json', '--backend', 'wasm', '--threads', '3', 'genesis.jsonl']),
    ]);
    for (const outcome of runs) expect(outcome).toEqual(wholeJson);
  });

  test('gives the element of every single record of the vectors', async () => {
    const records = vectors.records.filter(({ key }) => key !== '');
    expect(records.length).toBeGreaterThan(5);
    const total = records.reduce((sum, { point }) => sum.add(EllipticSum.decode(fromHex(point))), EllipticSum.zero);
    const pairs = records.map(({ key, value }) => [fromHex(key), fromHex(value)] as const);
    for (const write of [binaryFile, jsonLinesFile]) {
      const format = write === binaryFile ? 'binary' : 'jsonl';
      const { code, stdout } = await run(['sum', '--json', '--format', format, '-'], write(pairs));
      expect([code, json(stdout).total]).toEqual([0, toHex(total.encode())]);
    }
  });

  test('sums no records to zero', async () => {
    const { code, stdout } = await run(['sum', '--json', '-']);
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({ prefixes: [], records: 0, bytes: 0, total: '00'.repeat(32) });
  });

  test('reads values of megabytes, and refuses what is over its limits', async () => {
    const value = new Uint8Array(5_000_000).fill(3);
    writeFileSync(at('big.records'), binaryFile([[Uint8Array.of(9), value]]));
    const { code, stdout } = await run(['sum', '--json', 'big.records']);
    const total = toHex(EllipticSum.ofRecord(Uint8Array.of(9), value).encode());
    expect([code, json(stdout).total]).toEqual([0, total]);
    const refused = await run(['sum', '--max-value-bytes', '4999999', 'big.records']);
    expect([refused.code, refused.stdout]).toEqual([3, '']);
    expect(refused.stderr).toContain('ELLIPTICSUM_RECORD_TOO_LARGE');
  });

  test('uses the domain it is given, and says so', async () => {
    const record: KeyValue = [Uint8Array.of(1), Uint8Array.of(2)];
    const { stdout } = await run(['sum', '--domain', 'another', '-'], binaryFile([record]));
    const sum = EllipticSum.ofRecord(...record, { domain: 'another' });
    expect(stdout).toContain(toHex(sum.encode()));
    expect(stdout).toMatch(/^domain {2}another$/m);
  });

  test('with --ascending refuses keys out of order, over all files', async () => {
    expect((await run(['sum', '--ascending', 'genesis.records'])).code).toBe(0);
    const { code, stderr } = await run(['sum', '--ascending', 'genesis.records', 'genesis.records']);
    expect([code, stderr]).toEqual([
      3,
      'ellipticsum: genesis.records: record 1: its key is not greater than the key before it (ELLIPTICSUM_KEYS_NOT_ASCENDING)\n',
    ]);
  });
});

describe('ellipticsum verify', () => {
  const wrong = `11${genesis.total.slice(2)}`;
  const notRoot = `00${genesisRoot.slice(2)}`;

  test('exits with 1 for another sum, and says what was expected', async () => {
    const { code, stdout, stderr } = await run(['verify', '--expect', wrong, 'genesis.records']);
    expect(stdout).toBe(`${wholeText.stdout}MISMATCH: neither the total nor the state root is ${wrong}\n`);
    expect([code, stderr]).toEqual([1, '']);
  });

  test('prints what the README shows', async () => {
    const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
    const [, args = '', shown] = /\$ npx @hs\/ellipticsum (.*)\n([^`]*)```/.exec(readme) ?? [];
    expect(await run(args.split(' '))).toEqual({ code: 0, stdout: shown, stderr: '' });
  });

  test('notices one changed bit', async () => {
    const changed = binaryFile(genesisRecords);
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    expect((await run(['verify', '--expect', genesis.total, '-'], changed)).code).toBe(1);
  });

  test('does not take an empty input for anything', async () => {
    expect((await run(['verify', '--expect', genesis.total, '-'])).code).toBe(1);
  });

  test('prints its verdict and the sum with --json', async () => {
    const [good, bad] = await Promise.all([
      run(['verify', '--json', '--expect', genesisRoot, 'genesis.records']),
      run(['verify', '--json', '--expect-total', genesis.total, '--expect-root', notRoot, 'genesis.records']),
    ]);
    const sum = json(wholeJson.stdout);
    expect(json(good.stdout)).toEqual({
      isMatch: true,
      checks: [{ option: '--expect', expected: genesisRoot, isMatch: true }],
      sum,
    });
    expect(json(bad.stdout)).toEqual({
      isMatch: false,
      checks: [
        { option: '--expect-total', expected: genesis.total, isMatch: true },
        { option: '--expect-root', expected: notRoot, isMatch: false },
      ],
      sum,
    });
    expect([good.code, bad.code]).toEqual([0, 1]);
  });
});

describe('ellipticsum merge', () => {
  beforeAll(async () => {
    const files = ['part-0.records', 'part-1.ndjson', 'part-2.records'];
    const sums = await Promise.all(files.map((file) => run(['sum', '--json', file])));
    for (const [index, { stdout }] of sums.entries()) writeFileSync(at(`part-${index}.json`), stdout);
  });

  test('prints exactly what one run over all records prints, in text and in JSON, of merged parts too', async () => {
    const parts = ['part-0.json', 'part-1.json', 'part-2.json'];
    const two = await run(['merge', '--json', ...parts.slice(1)]);
    const [text, three, nested] = await Promise.all([
      run(['merge', ...parts]),
      run(['merge', '--json', ...parts]),
      run(['merge', '--json', '-', 'part-0.json'], two.stdout),
    ]);
    expect(text).toEqual(wholeText);
    expect([three, nested]).toEqual([wholeJson, wholeJson]);
  });

  test('compares with what is expected', async () => {
    const [good, bad] = await Promise.all([
      run(['merge', '--expect', genesis.total, 'part-0.json', 'part-1.json', 'part-2.json']),
      run(['merge', '--expect', genesis.total, 'part-0.json', 'part-1.json']),
    ]);
    expect(good.stdout).toBe(`${wholeText.stdout}OK: the total is as expected\n`);
    expect([good.code, bad.code]).toEqual([0, 1]);
  });

  test('warns of the same sum twice', async () => {
    const { code, stderr } = await run(['merge', 'part-0.json', 'part-1.json', 'part-0.json']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^ellipticsum: warning: part-0\.json and part-0\.json have the same sum/);
  });

  test('refuses other domains, and what is no partial sum', async () => {
    const { stdout } = await run(['sum', '--json', '--domain', 'another', 'part-0.records']);
    writeFileSync(at('other-domain.json'), stdout);
    writeFileSync(at('wrong.json'), readFileSync(at('part-0.json'), 'utf8').replace('"records": ', '"records": 1'));
    const cases = [
      [['part-0.json', 'other-domain.json'], 'other-domain.json', 'ELLIPTICSUM_DOMAIN_MISMATCH'],
      [['part-0.json', 'wrong.json'], 'wrong.json', 'ELLIPTICSUM_INVALID_PARTIAL_SUM'],
      [['genesis.records'], 'genesis.records', 'ERR_ENCODING_INVALID_ENCODED_DATA'],
      [['nowhere.json'], 'nowhere.json', 'ENOENT'],
    ] as const;
    for (const [files, name, code] of cases) {
      const outcome = await run(['merge', ...files]);
      expect([outcome.code, outcome.stdout]).toEqual([3, '']);
      expect(outcome.stderr).toMatch(new RegExp(`^ellipticsum: ${name}: .*${code}`, 's'));
    }
  });
});

describe('bad input ends with exit code 3, a message that says where, and nothing on standard output', () => {
  const [key, value] = [Uint8Array.of(5), Uint8Array.of(6)];
  const two = binaryFile([
    [key, value],
    [key, value],
  ]);

  test.each([
    ['a file that is not there', ['nowhere.records'], '', 'nowhere.records: ENOENT'],
    ['a folder', ['node_modules'], '', 'node_modules: EISDIR'],
    [
      'a truncated binary file',
      ['-'],
      two.slice(0, 7),
      'standard input: record 2, byte 7: .*ELLIPTICSUM_TRUNCATED_INPUT',
    ],
    ['an empty key', ['-'], Uint8Array.of(1, 5, 0, 0), 'record 2, byte 3: .*ELLIPTICSUM_EMPTY_KEY'],
    [
      'a bad line',
      ['--format', 'jsonl', '-'],
      '{"key":"05","value":""}\n{"key":05}',
      'line 2, record 2, byte 31: .*ELLIPTICSUM_MALFORMED_RECORD',
    ],
    ['JSON that is not called so', ['-'], '{"key":"05","value":""}\n', 'looks like JSON; say --format jsonl'],
    ['a bad file behind good ones', ['genesis.records', '-'], '\0', 'standard input: record 1, byte 0: '],
  ])('%s', async (_, args, input, message) => {
    const { code, stdout, stderr } = await run(['sum', ...args], input);
    expect(stderr).toMatch(new RegExp(`^ellipticsum: .*${message}`));
    expect(stderr.trim().split('\n').length).toBe(1);
    expect([code, stdout]).toEqual([3, '']);
  });

  test('an output that cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    const { code, stderr } = await finish(start(['sum', 'genesis.records'], ['ignore', full, 'pipe']));
    closeSync(full);
    expect([code, stderr]).toEqual([3, 'ellipticsum: standard output: ENOSPC: no space left on device, write\n']);
  });
});

describe('wrong arguments end with exit code 2', () => {
  test.each([
    [[], 'a command is missing'],
    [['sum', '--expect', genesis.total], "Unknown option '--expect'"],
    [['verify', 'genesis.records'], 'verify needs --expect'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^ellipticsum: .*\nTry "ellipticsum --help"\.\n$/s);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('so does a backend that the engine has no means for; without a wish, another is taken', async () => {
    const jitless = (...args: string[]) =>
      finish(
        spawn(process.execPath, ['--jitless', '--no-warnings', command, ...args], {
          cwd: scratch.folder,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      );
    writeFileSync(at('few.records'), binaryFile(genesisRecords.slice(0, 3)));
    for (const threads of ['1', '2']) {
      const wish = await jitless('sum', '--backend', 'wasm', '--threads', threads, 'few.records');
      expect(wish.stderr).toMatch(/^ellipticsum: --backend wasm: /m);
      expect([wish.code, wish.stdout]).toEqual([2, '']);
    }
    const free = await jitless('sum', '--progress', '--json', 'few.records');
    expect(free.stderr).toMatch(/^backend noble, 1 thread\n {2}not wasm-simd: .+\n {2}not wasm: .+\n/m);
    expect(free).toMatchObject({ code: 0, stdout: (await run(['sum', '--json', 'few.records'])).stdout });
  });
});

type CommandName = Exclude<keyof typeof helpTexts, 'main'>;

/** Arguments with which each command succeeds and fails. */
const cases: Readonly<Record<CommandName, { readonly good: string[]; readonly bad: string[]; readonly code: number }>> =
  {
    sum: { good: ['genesis.records'], bad: ['genesis.records', '--threads', '0'], code: 2 },
    verify: {
      good: ['--expect', genesis.total, 'genesis.records'],
      bad: ['--expect', genesis.total, 'part-0.records'],
      code: 1,
    },
    merge: { good: ['whole.json'], bad: ['genesis.jsonl'], code: 3 },
  };

describe('every command', () => {
  beforeAll(() => writeFileSync(at('whole.json'), wholeJson.stdout));

  test('has a case here', () => {
    expect(['main', ...Object.keys(cases)].sort()).toEqual(Object.keys(helpTexts).sort());
  });

  test.each(Object.entries(cases))(
    '%s succeeds and fails, in words and as JSON, and has a help',
    async (name, each) => {
      const { good, bad, code } = each;
      const [help, words, asJson, wrong, wrongJson] = await Promise.all(
        [['--help'], good, ['--json', ...good], bad, ['--json', ...bad]].map((args) => run([name, ...args])),
      );
      expect(help).toEqual({ code: 0, stdout: helpTexts[name as CommandName], stderr: '' });
      expect(words).toMatchObject({ code: 0, stdout: expect.stringContaining(genesis.total), stderr: '' });
      expect(asJson).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.stringify(json(asJson?.stdout ?? ''))).toContain(`"total":"${genesis.total}"`);
      for (const outcome of [wrong, wrongJson]) expect(outcome?.code).toBe(code);
      // A verdict is a result; anything else leaves standard output empty.
      if (code === 1) expect(json(wrongJson?.stdout ?? '')).toMatchObject({ isMatch: false });
      else expect([wrong?.stdout, wrongJson?.stdout]).toEqual(['', '']);
      if (code !== 1) expect(wrong?.stderr).toMatch(/^ellipticsum: \S/);
    },
  );
});

describe('help and version', () => {
  test.each([[['--help']], [['sum', '-h']], [['verify', '--help']], [['merge', '--help']]])('%j', async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^usage: ellipticsum /);
  });

  test('the version is that of the package', async () => {
    const { version } = json(readFileSync(at('node_modules/@hs/ellipticsum/package.json'), 'utf8'));
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('progress', () => {
  test('goes to standard error when asked for, with backend, rate and what was done', async () => {
    const { stdout, stderr } = await run(['sum', '--progress', 'genesis.records']);
    expect(stdout).toBe(wholeText.stdout);
    expect(wholeText.stderr).toBe('');
    expect(stderr).toMatch(
      /^backend (wasm-simd|wasm|noble), 1 thread\n[\s\S]*1,932 records in [\d.]+ s, [\d,]+ records\/s\n$/,
    );
  });

  test('comes while records do, with the time left if the size is known', async () => {
    const records = Array.from({ length: 4 }, () => genesisRecords).flat();
    writeFileSync(at('long.records'), binaryFile(records));
    const known = run(['sum', '--progress', '--backend', 'noble', 'long.records']);

    const child = start(['sum', '--progress', '--backend', 'noble', '--threads', '1']);
    const outcome = finish(child);
    child.stdin?.write(binaryFile(records.slice(0, 3000)));
    const first = new Promise((resolve) => child.stderr?.on('data', (text) => /MiB/.test(text) && resolve(undefined)));
    await first;
    child.stdin?.end();
    const { code, stderr } = await outcome;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^[\d,]+ records, [\d.]+ MiB, [\d,]+ records\/s$/m);
    expect(stderr).not.toContain('left');
    expect((await known).stderr).toMatch(
      /^[\d,]+ records, [\d.]+ MiB, \d+ %, [\d,]+ records\/s, (\d+ min )?\d+ s left$/m,
    );
  });
});

describe('a command that is stopped', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s exits with %i, while it waits for input and while it hashes, on this thread or on others',
    async (signal, exitCode) => {
      for (const input of [
        binaryFile(genesisRecords.slice(0, 10)),
        binaryFile(Array.from({ length: 40 }, () => genesisRecords).flat()),
      ]) {
        const threads = signal === 'SIGINT' ? '1' : '2';
        const child = start(['sum', '--progress', '--backend', 'noble', '--threads', threads]);
        const outcome = finish(child);
        child.stdin?.on('error', () => {});
        child.stdin?.write(input);
        await once(child.stderr as NodeJS.ReadableStream, 'data');
        child.kill(signal);
        const { code, stdout, stderr } = await outcome;
        expect(stderr).toContain(`ellipticsum: stopped by ${signal}\n`);
        expect([code, stdout]).toEqual([exitCode, '']);
      }
    },
  );

  test('by a reader that went away keeps its exit code', async () => {
    for (const [expected, code] of [
      [genesis.total, 0],
      [`11${genesis.total.slice(2)}`, 1],
    ] as const) {
      const child = start(['verify', '--threads', '1', '--expect', expected, '-']);
      child.stdout?.destroy();
      await new Promise((resolve) => setTimeout(resolve, 100));
      child.stdin?.end(binaryFile(genesisRecords));
      expect(await finish(child)).toEqual({ code, stdout: '', stderr: '' });
    }
  });
});
