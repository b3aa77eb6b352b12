import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { nodeSettings, runSettings } from '../src/config/settings.js';
import { cleanUp, testFolder } from './support/cleanups.js';

const root = join(import.meta.dirname, '..');
const repository = join(root, '..', '..');
const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8');
const flags = runSettings.map((name) => `--${nodeSettings[name].name}`).concat('--config');
const packages = ['ellipticsum', 'ancestral-records', 'wire', 'sync-progress', 'dao-coin', 'node'];

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, with continued lines joined and comments left out. */
function instructionsOf(dockerfile: string): readonly Instruction[] {
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', text = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
      return { name, text };
    });
}

describe('the Dockerfile', () => {
  const instructions = instructionsOf(read('Dockerfile'));
  const last = instructions.findLastIndex(({ name }) => name === 'FROM');
  const final = instructions.slice(last);
  const textsOf = (name: string, among = instructions) =>
    among.filter((one) => one.name === name).map(({ text }) => text);

  test('has only instructions that Docker knows, two stages on one pinned base, and copies from a stage that is there', () => {
    const known = [
      'FROM',
      'WORKDIR',
      'COPY',
      'RUN',
      'ENV',
      'USER',
      'VOLUME',
      'EXPOSE',
      'STOPSIGNAL',
      'HEALTHCHECK',
      'ENTRYPOINT',
    ];
    expect(instructions.filter(({ name }) => !known.includes(name))).toEqual([]);
    expect(textsOf('FROM')).toEqual(['node:24-bookworm-slim AS build', 'node:24-bookworm-slim']);
    expect(textsOf('COPY')).toEqual(['. .', '--from=build /app /app']);
  });

  test('the result runs without root, is told its signals, and keeps its data in a volume that it may write', () => {
    expect(textsOf('USER')).toEqual(['node']);
    expect(textsOf('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(textsOf('VOLUME')).toEqual(['/data']);
    expect(textsOf('RUN', final)).toEqual(['mkdir /data && chown node:node /data']);
    expect(final.findIndex(({ name }) => name === 'USER')).toBeGreaterThan(
      final.findIndex(({ name }) => name === 'RUN'),
    );
    expect(JSON.parse(textsOf('ENTRYPOINT')[0] ?? '')[0]).toBe('node');
  });

  test('what it runs is in the packed package, and what it sets are settings', () => {
    const [, command = ''] = textsOf('HEALTHCHECK')[0]?.split(' CMD ') ?? [];
    const run = [...JSON.parse(textsOf('ENTRYPOINT')[0] ?? ''), ...JSON.parse(command)] as string[];
    const paths = run.filter((part) => part.startsWith('/app/node_modules/@hs/node/'));
    expect(paths).toHaveLength(2);
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
    for (const path of paths) {
      const inPackage = path.replace('/app/node_modules/@hs/node/', '');
      expect([path, existsSync(join(root, inPackage)), files.includes(inPackage.split('/')[0] ?? '')]).toEqual([
        path,
        true,
        true,
      ]);
    }
    const variables = [...(textsOf('ENV')[0] ?? '').matchAll(/\b(HS_NODE_\w+)=(\S+)/g)];
    const known = runSettings.map((name) => `HS_NODE_${nodeSettings[name].name.toUpperCase().replaceAll('-', '_')}`);
    expect(variables.length).toBeGreaterThan(3);
    expect(variables.map(([, name]) => name as string).filter((name) => !known.includes(name))).toEqual([]);
  });

  test('it packs every package that the node needs, with the tools that the repository pins', () => {
    const steps = textsOf('RUN').join('\n');
    const packed = /for name in ([a-z -]+);/.exec(steps)?.[1]?.split(' ');
    expect(packed).toEqual(packages);
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    const needed = Object.keys(dependencies).filter((name) => name.startsWith('@hs/'));
    expect(needed.map((name) => name.slice(4)).filter((name) => !packed?.includes(name))).toEqual([]);
    const { packageManager } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    const tools = [...steps.matchAll(/npx --yes (\S+)/g)].map(([, tool]) => tool);
    expect(new Set(tools)).toEqual(new Set([packageManager]));
    for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'turbo.json']) {
      expect(existsSync(join(repository, file))).toBe(true);
    }
  });
});

describe('the health check', () => {
  test.each([
    [200, 0],
    [503, 1],
  ] as const)('of a node that answers %d ends with %d', async (status, code) => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end('{"phase":"headers","text":"verifying"}');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    cleanUp(() => server.close());
    const { port } = server.address() as AddressInfo;
    const env = { ...process.env, HS_NODE_HTTP: `0.0.0.0:${port}` };
    const run = promisify(execFile)(process.execPath, [join(root, 'deploy', 'healthcheck.mjs')], { env });
    const { stdout, code: ended } = await run.then((done) => ({ ...done, code: 0 })).catch((error) => error);
    expect([ended, stdout]).toEqual([code, 'headers: verifying\n']);
  });

  test('without a node ends with 1', () => {
    const env = { ...process.env, HS_NODE_HTTP: '127.0.0.1:1' };
    expect(spawnSync(process.execPath, [join(root, 'deploy', 'healthcheck.mjs')], { env }).status).toBe(1);
  });
});

describe('the systemd unit', () => {
  const unit = read('hs-node.service');

  test('runs the command with flags that there are, as a user of its own, and leaves decisions to people', () => {
    const [, start = ''] = /^ExecStart=(.+)$/m.exec(unit) ?? [];
    expect(start).toMatch(/^\/usr\/bin\/env hs-node run /);
    const used = start.split(' ').filter((part) => part.startsWith('--'));
    expect(used.filter((flag) => !flags.includes(flag))).toEqual([]);
    expect(unit).toMatch(/^User=hs-node$/m);
    expect(unit).toMatch(/^RestartPreventExitStatus=2 3$/m);
    const [, folder] = /^StateDirectory=(.+)$/m.exec(unit) ?? [];
    expect(start).toContain(`--data /var/lib/${folder}/`);
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  test(`is one that systemd takes${hasSystemd ? '' : ', as far as its sections show without systemd'}`, () => {
    expect([...unit.matchAll(/^\[(\w+)\]$/gm)].map(([, section]) => section)).toEqual(['Unit', 'Service', 'Install']);
    const settings = unit.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('['));
    expect(settings.filter((line) => !/^[A-Z]\w+=/.test(line))).toEqual([]);
    if (!hasSystemd) return;
    const file = join(testFolder(), 'hs-node.service');
    writeFileSync(file, unit);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    expect([status, stderr.trim()]).toEqual([0, '']);
  });
});

test('the README of the folder names every file in it', () => {
  const listed = [...read('README.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name as string);
  expect(listed.filter((name) => !existsSync(join(root, 'deploy', name)))).toEqual([]);
  expect(listed).toContain('grafana-dashboard.json');
});
