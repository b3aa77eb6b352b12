import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openLog } from '../src/log/open-log.js';
import { prettyLine } from '../src/log/pretty-line.js';
import { NodeError } from '../src/node-error.js';
import { testFolder } from './support/cleanups.js';

const packages = join(import.meta.dirname, '..', '..');

async function linesOf(format: 'json' | 'pretty' | 'auto', level: 'info' | 'debug' | 'silent'): Promise<string[]> {
  const file = join(testFolder(), 'folder', 'node.log');
  const { logger, close } = await openLog({ level, format, file });
  logger.debug({ height: 3 }, 'block connected');
  const err = new NodeError('NODE_DATABASE', 'cannot write', { cause: new Error('no space left') });
  logger.error({ err, folder: '/data' }, 'the node cannot go on');
  await close();
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

describe('the log', () => {
  test.each(['json', 'auto'] as const)(
    'as %s in a file: one object a line, errors with code and cause',
    async (format) => {
      const lines = (await linesOf(format, 'debug')).map((line) => JSON.parse(line));
      expect(lines).toMatchObject([
        { level: 20, height: 3, msg: 'block connected' },
        {
          level: 50,
          folder: '/data',
          err: { code: 'NODE_DATABASE', message: 'cannot write', cause: { message: 'no space left' } },
        },
      ]);
    },
  );

  test('pretty: time, level, message, fields, and what caused an error', async () => {
    expect((await linesOf('pretty', 'debug')).map((line) => line.replace(/^\d\d:\d\d:\d\d/, 'TIME'))).toEqual([
      'TIME debug block connected height=3',
      'TIME error the node cannot go on folder=/data',
      '         cannot write (NODE_DATABASE)',
      '         because: no space left',
    ]);
  });

  test('a level leaves out what is below it', async () => {
    expect(await linesOf('json', 'info')).toHaveLength(1);
    expect(await linesOf('json', 'silent')).toHaveLength(0);
  });

  test('a file that cannot be written is an error of the configuration', async () => {
    await expect(openLog({ level: 'info', format: 'json', file: '/dev/null/node.log' })).rejects.toMatchObject({
      code: 'NODE_CONFIGURATION',
    });
  });

  test('what peers choose cannot move the cursor, begin a line or fill the screen', () => {
    const line = JSON.stringify({
      level: 30,
      time: 0,
      msg: 'peer\nconnected',
      agent: `a\u001b[2J\r\n${'x'.repeat(500)}`,
    });
    const plain = prettyLine(line, { isColoured: false });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(plain.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
    expect(plain.length).toBeLessThan(250);
    expect(prettyLine(line, { isColoured: true })).toContain('\u001b[36minfo \u001b[0m');
  });

  test('libraries never log: only the node, and the command of ellipticsum, write to anybody', () => {
    const found: string[] = [];
    for (const name of ['ellipticsum', 'ancestral-records', 'wire', 'sync-progress', 'dao-coin', 'node']) {
      for (const file of readdirSync(join(packages, name, 'src'), { recursive: true }).map(String)) {
        if (!file.endsWith('.ts')) continue;
        const source = readFileSync(join(packages, name, 'src', file), 'utf8');
        if (/\bconsole\.|from 'pino'|process\.std(?:out|err)\.write/.test(source)) found.push(`${name}/${file}`);
      }
    }
    const allowed = /^(?:node\/(?:cli|log)\/|ellipticsum\/node\/cli\/)/;
    expect(found.filter((file) => !allowed.test(file))).toEqual([]);
    expect(found).toContain('node/log/open-log.ts');
  });

  test('the README has a policy for every level', () => {
    const readme = readFileSync(join(packages, 'node', 'README.md'), 'utf8');
    const levels = [...readme.matchAll(/^\| `(error|warn|info|debug|trace)` \|/gm)].map(([, level]) => level);
    expect(levels).toEqual(['error', 'warn', 'info', 'debug']);
  });
});
