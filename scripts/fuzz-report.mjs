/**
 * `npm run fuzz:report`: writes docs/fuzzing.md from scripts/fuzz/log.jsonl, to which `npm run fuzz -- --log scripts/fuzz/log.jsonl` appends, and
 * scripts/fuzz/findings.json, which says what became of each finding. Fails if a finding in the log has no end.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const folder = join(root, 'scripts', 'fuzz');
export const reportFile = join(root, 'docs', 'fuzzing.md');

/** The lines of the log, each what one run found of one target. */
export function readLog(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/**
 * The report.
 *
 * @throws Error if a finding in the log is not among `findings`
 */
export function fuzzReport(log, findings) {
  for (const { target, findings: found } of log) {
    for (const { kind, message } of found) {
      const isKnown = findings.some(
        (known) => known.target === target && known.kind === kind && message.includes(known.message),
      );
      if (!isKnown) throw new Error(`nothing is said of a finding of ${target}: ${kind}: ${message}`);
    }
  }
  const seconds = sum(log, 'cpuSeconds');
  return `# Fuzzing

Every decoder of the repository is fuzzed: ${new Set(log.map(({ target }) => target)).size} targets, ${counted(sum(log, 'executions'))} inputs, ${minutes(seconds)} minutes of processor time in the runs below. \`npm run fuzz:report\` has made
this page from the log of those runs; a test holds it against the log.

\`npm run build && npm run fuzz -- --seconds 600 --seed 1 --save\` fuzzes: inputs are made of others by changes, and those that run code which none has run before are kept, by V8's own
precise coverage. What is kept is shortened, committed (\`scripts/fuzz/corpus\`), and tried again by every test run, with some hundred inputs near it. Each input must keep these rules:

- No error but the typed ones that the decoder is documented to throw.
- No more than 0.2 seconds; an input that takes for ever ends the run, which names it.
- No more memory asked for than a fixed sum and a multiple of the input's length (64 KiB and 64 times, where the target does not say otherwise).
- All of the input is consumed: with a byte more it is refused, unless it then may be something else.
- What was decoded encodes, and the encoding decodes to what encodes to it again; where there is one encoding only, it is the input.
- The input is not changed.

Some targets check more: a frame decoder gives the same frames however the stream is cut; a record that is written anew enters the checksum unchanged; a transaction that is
refused leaves the state alone, and one that is connected is taken back exactly from its undo data; chunks that are accepted get a download ahead; both signature libraries give the same verdict. For
each rule there is a decoder that breaks it, which the fuzzer must find.

## Targets

"Code run" counts characters of source: what the corpus of the first run ran, and what the last one's runs. "New" are inputs that runs have added to the corpus.

| target | runs | CPU seconds | inputs | code run | corpus | new | findings |
|---|---|---|---|---|---|---|---|
${byTarget(log).map(targetRow).join('\n')}
| together | ${new Set(log.map(runName)).size} | ${counted(Math.round(seconds))} | ${counted(sum(log, 'executions'))} | | ${counted(
    sum(
      byTarget(log).map((lines) => lines.at(-1)),
      'corpus',
    ),
  )} | ${counted(sum(log, 'added'))} | ${counted(log.reduce((count, line) => count + line.findings.length, 0))} |

## Findings

What fuzzing has found so far, also while the targets were written, before there was a log.

| target | rule | finding | what became of it |
|---|---|---|---|
${findings.map(({ target, kind, finding, became }) => `| \`${target}\` | ${kind} | ${finding} | ${became} |`).join('\n')}

## Runs

| begun (UTC) | seed | Node | targets | CPU minutes |
|---|---|---|---|---|
${byRun(log).map(runRow).join('\n')}
`;
}

function targetRow(lines) {
  const [first] = lines;
  const last = lines.at(-1);
  const found = lines.reduce((count, line) => count + line.findings.length, 0);
  const code = `${counted(first.charactersGiven)} to ${counted(last.characters)}`;
  return `| \`${first.target}\` | ${lines.length} | ${sum(lines, 'cpuSeconds').toFixed(0)} | ${counted(sum(lines, 'executions'))} | ${code} | ${last.corpus} | ${sum(lines, 'added')} | ${found} |`;
}

function runRow(lines) {
  const [{ startedAt, seed, node }] = lines;
  return `| ${startedAt.replace('T', ' ')} | ${seed} | ${node} | ${lines.length} | ${minutes(sum(lines, 'cpuSeconds'))} |`;
}

const runName = ({ seed, node }) => `${seed} ${node}`;
const byTarget = (log) => grouped(log, ({ target }) => target);
const byRun = (log) => grouped(log, runName);

function grouped(list, nameOf) {
  const groups = new Map();
  for (const item of list) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return [...groups.values()];
}

const sum = (list, name) => list.reduce((total, item) => total + item[name], 0);
const counted = (value) => value.toLocaleString('en-US');
const minutes = (seconds) => (seconds / 60).toFixed(1);

/** What docs/fuzzing.md has to be. */
export function committedReport() {
  const log = readLog(readFileSync(join(folder, 'log.jsonl'), 'utf8'));
  return fuzzReport(log, JSON.parse(readFileSync(join(folder, 'findings.json'), 'utf8')));
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) writeFileSync(reportFile, committedReport());
