/** Every link of every document leads somewhere, every sample runs, and every command that is shown exists. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transformSync } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const run = promisify(execFile);
/** Built, downloaded or private: no documents of the project. */
const skipped = new Set(['node_modules', 'dist', 'packed', 'coverage', '.git', '.turbo', '.network', '.changeset']);

function* markdownFiles(folder = root) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (skipped.has(entry.name) || path === join(root, 'docs', 'api')) continue;
    if (entry.isDirectory()) yield* markdownFiles(path);
    else if (entry.name.endsWith('.md')) yield path;
  }
}

const documents = [...markdownFiles()].map((path) => ({
  path,
  name: relative(root, path),
  text: readFileSync(path, 'utf8'),
}));

/** Fenced blocks of a document. */
function blocksOf({ text }) {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
}

/** A document without its fenced blocks and code spans. */
function proseOf({ text }) {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, (span) => span.replace(/[[\]()]/g, ' '));
}

/** The anchors that GitHub makes of headings. */
function anchorsOf({ text }) {
  const seen = new Map();
  const anchors = new Set();
  for (const [, heading] of text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

test('there are documents, and links of all of them lead to files and headings that exist', () => {
  assert.ok(documents.length > 20);
  const broken = [];
  let checked = 0;
  for (const document of documents) {
    for (const [, target] of proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, anchor] = target.split('#');
      const path = file === '' ? document.path : resolve(dirname(document.path), file);
      // A folder shows its README.
      const known = documents.find((other) => other.path === path || other.path === join(path, 'README.md'));
      const isThere =
        existsSync(path) && (anchor === undefined || (known !== undefined && anchorsOf(known).has(anchor)));
      if (!isThere) broken.push(`${document.name}: ${target}`);
      checked++;
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(checked > 100);
});

test('links, anchors and blocks are found', () => {
  const document = { text: '# A `b` c\n\n## A b, c!\n\n```ts\n# no heading [x](y)\n```\n\n[z](w#v) `[n](o)`\n' };
  assert.deepEqual([...anchorsOf(document)], ['a-b-c', 'a-b-c-1']);
  assert.deepEqual(
    [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target),
    ['w#v'],
  );
  assert.deepEqual(
    blocksOf(document).map(({ language }) => language),
    ['ts'],
  );
});

describe('samples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hyper-sync-documents-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const packages = readdirSync(join(root, 'packages'));
  const from = (name, owner) => [name, join(root, 'packages', owner, 'node_modules', ...name.split('/'))];
  const modules = [
    ...packages.map((name) => [`@hs/${name}`, join(root, 'packages', name)]),
    ...[from('memory-level', 'ancestral-records'), from('classic-level', 'node'), from('@noble/curves', 'node')],
    ['@types/node', join(root, 'node_modules', '@types', 'node')],
  ];
  for (const [name, target] of modules) {
    const path = join(folder, 'node_modules', ...name.split('/'));
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, 'junction');
  }

  // READMEs of packages are run by the packages' own tests.
  const isOwn = ({ name }) => /^packages[\\/][^\\/]+[\\/]README\.md$/.test(name);
  const samples = documents
    .filter((document) => !isOwn(document))
    .flatMap((document) => blocksOf(document).map((block) => ({ ...block, name: document.name })))
    .filter(({ language }) => language === 'ts')
    .map((sample, i) => ({ ...sample, title: `${sample.name}, ts sample ${i}`, file: `sample-${i}` }));

  test('each package runs those of its README', () => {
    for (const name of packages) {
      const tests = readdirSync(join(root, 'packages', name, 'test'));
      assert.ok(
        tests.some((file) => /^readme.*\.test\.ts$/.test(file)),
        name,
      );
    }
  });

  test('are there, and have the types that they say', async () => {
    assert.ok(samples.length >= 6);
    for (const { file, code } of samples) writeFileSync(join(folder, `${file}.mts`), code);
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
    const lib = ['--lib', 'es2023,dom,esnext.disposable', '--types', 'node'];
    const files = samples.map(({ file }) => `${file}.mts`);
    const { code, stdout } = await run(process.execPath, [compiler, ...options, ...lib, ...files], {
      cwd: folder,
    }).then(
      () => ({ code: 0, stdout: '' }),
      (error) => error,
    );
    assert.equal(code, 0, stdout);
  });

  for (const { title, file, code } of samples) {
    test(`${title} runs`, { timeout: 120_000 }, async () => {
      const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
      const { code: script } = transformSync(code, { loader: 'ts', target: 'es2022', tsconfigRaw });
      writeFileSync(join(folder, `${file}.mjs`), script);
      await run(process.execPath, [`${file}.mjs`], { cwd: folder, timeout: 110_000 });
    });
  }

  test('in JSON and JavaScript can be read', () => {
    for (const document of documents) {
      for (const { language, code } of blocksOf(document)) {
        if (language === 'json') JSON.parse(code);
        if (language === 'js') transformSync(code, { loader: 'js', format: 'esm' });
      }
    }
  });
});

describe('commands', () => {
  const shown = documents.flatMap((document) =>
    blocksOf(document)
      .filter(({ language }) => language === 'sh' || language === 'console')
      .flatMap(({ language, code }) => commandsOf(code, language))
      .map((words) => ({ words, document })),
  );
  const ofProgram = (program) => shown.filter(({ words }) => words[0] === program);
  /** Whoever reads these needs no help from here. */
  const ordinary = [
    'cat',
    'cp',
    'curl',
    'df',
    'du',
    'echo',
    'export',
    'head',
    'kill',
    'mkdir',
    'printf',
    'rm',
    'tail',
    'tar',
  ];
  const others = [
    'biome',
    'docker',
    'journalctl',
    'systemctl',
    'sudo',
    'useradd',
    'install',
    'turbo',
    'git',
    'sleep',
    'chmod',
  ];

  test('are of programs that are known here', () => {
    assert.ok(shown.length > 60);
    const known = new Set([...ordinary, ...others, 'npm', 'npx', 'node', 'cd', 'hs-node', 'ellipticsum']);
    const unknown = shown.filter(({ words: [program] }) => !known.has(program));
    assert.deepEqual(
      unknown.map(({ words, document }) => `${document.name}: ${words.join(' ')}`),
      [],
    );
  });

  test('of hs-node have the flags that its help names', async () => {
    const bin = join(root, 'packages', 'node', 'bin', 'hs-node.js');
    const helps = new Map();
    const helpOf = async (...args) => {
      const key = args.join(' ');
      if (!helps.has(key)) helps.set(key, (await run(process.execPath, [bin, ...args, '--help'])).stdout);
      return helps.get(key);
    };
    const names = [...(await helpOf()).matchAll(/^ {2}([a-z]+(?: [a-z-]+)?) {2,}\S/gm)].map(([, name]) => name);
    assert.ok(names.includes('run') && names.includes('snapshot export'));
    const found = ofProgram('hs-node');
    assert.ok(found.length > 30);
    for (const { words, document } of found) {
      const [, first, second] = words;
      const where = `${document.name}: ${words.join(' ')}`;
      if (first === 'help' || first === '--help' || first === '--version') continue;
      const name = names.find((each) => each === first || each === `${first} ${second}`);
      assert.ok(name !== undefined, where);
      const help = await helpOf(...name.split(' '));
      for (const flag of flagsOf(words))
        assert.ok(new RegExp(`(^|\\s)${flag}(\\s|,|$)`, 'm').test(help), `${where}: ${flag}`);
    }
  });

  test('of ellipticsum have the flags that its help names', async () => {
    const bin = join(root, 'packages', 'ellipticsum', 'bin', 'ellipticsum.js');
    const found = ofProgram('ellipticsum').filter(({ words }) => words[1] !== '--help');
    assert.ok(found.length > 3);
    for (const { words } of found) {
      const { stdout } = await run(process.execPath, [bin, words[1], '--help']);
      for (const flag of flagsOf(words)) assert.ok(stdout.includes(`${flag} `), words.join(' '));
    }
  });

  test('of npm are scripts that exist, of node files that exist', () => {
    const manifestNear = (folder) =>
      existsSync(join(folder, 'package.json')) ? folder : manifestNear(dirname(folder));
    for (const { words, document } of [...ofProgram('npm'), ...ofProgram('node'), ...ofProgram('cd')]) {
      const where = `${document.name}: ${words.join(' ')}`;
      const folders = [dirname(document.path), manifestNear(dirname(document.path)), root];
      if (words[0] === 'npm') {
        const script = words[1] === 'run' ? words.find((word, i) => i > 1 && !word.startsWith('-')) : words[1];
        if (['install', 'init', 'ci', 'uninstall', 'pack'].includes(script) && words[1] !== 'run') continue;
        const scripts = folders
          .slice(1)
          .map((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts);
        assert.ok(
          scripts.some((each) => each?.[script] !== undefined),
          where,
        );
      } else {
        const target = words.find((word, i) => i > 0 && !word.startsWith('-'));
        // A name in capitals or a scratch folder is the reader's own.
        if (target === undefined || words.includes('-p') || words.includes('-e') || /^(~|\/|\.\.\/|my-)/.test(target))
          continue;
        assert.ok(
          folders.some((folder) => existsSync(join(folder, target))),
          where,
        );
      }
    }
  });

  test('of npm start have the options of the example', async () => {
    const { stdout } = await run(process.execPath, [join(root, 'examples', 'full-node', 'dist', 'main.js'), '--help']);
    for (const { text } of documents) {
      for (const [, flag] of text.matchAll(/npm start -- (--\w+)/g)) assert.ok(stdout.includes(flag), flag);
    }
  });
});

/** The commands of a block, each as words. In `console` blocks only what follows a prompt. */
function commandsOf(code, language) {
  const lines = code.replace(/\\\n\s*/g, ' ').split('\n');
  const typed =
    language === 'console' ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2)) : lines;
  return typed
    .map((line) => line.replace(/(^|\s)#.*$/, ''))
    .flatMap((line) =>
      line.replace(/'[^']*'|"[^"]*"/g, (quoted) => quoted.replace(/[\s|;&]/g, '_')).split(/\|\||&&|[|;&](?!\d)/),
    )
    .map((command) =>
      command
        .trim()
        .split(/\s+/)
        .filter((word, i, words) => !isAssignment(word, i, words)),
    )
    .filter(([program]) => program !== undefined && program !== '');
}

/** `NAME=value` before a command. */
function isAssignment(word, i, words) {
  return /^[A-Z_]+=/.test(word) && words.slice(0, i).every((each) => /^[A-Z_]+=/.test(each));
}

/** What is behind `npx` counts as the program itself. */
function flagsOf(words) {
  return words.filter((word) => word.startsWith('--')).map((word) => word.replace(/=.*$/, ''));
}
