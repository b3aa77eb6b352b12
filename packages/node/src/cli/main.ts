/**
 * The command `hs-node`.
 *
 * The command line, the environment and the config file say what to do; a command does it and gives its result as data and
 * in words; one of the two goes to standard output in the end. Progress, notes and errors go to standard error. The exit
 * code says in what way it ended.
 */
import { packageVersion } from '../package-version.js';
import { commands } from './commands.js';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.js';
import { helpText } from './help.js';
import { interruptedExitCode, watchInterruption } from './interruption.js';
import { parseCommandLine } from './parse-command-line.js';
import { causesOf, errorData, jsonText, resultText } from './print-result.js';
import { ProgressLine } from './progress-line.js';

const { argv, env, stderr, stdout } = process;
const progress = new ProgressLine(stderr, { nowMs: () => performance.now() });

function note(line: string): void {
  progress.clear();
  stderr.write(`hs-node: ${line}\n`);
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const line = parseCommandLine(args, { commands, environment: env });
  if (line.kind === 'version') {
    stdout.write(`${packageVersion()}\n`);
    return exitCodes.ok;
  }
  if (line.kind === 'help') {
    stdout.write(helpText(line.topic, commands));
    return exitCodes.ok;
  }
  const { command, ...invocation } = line;
  const { signal, received } = watchInterruption(note);
  try {
    const result = await command.run({ ...invocation, signal, progress, note });
    progress.clear();
    stdout.write(resultText(result, line.isJson));
    return result.exitCode ?? exitCodes.ok;
  } catch (error) {
    const interruptedBy = received();
    if (interruptedBy === undefined) throw error;
    // Whatever was broken off says so in its own way.
    fail(signal.reason, args);
    return interruptedExitCode(interruptedBy);
  }
}

function fail(error: unknown, args: readonly string[]): ExitCode {
  note(error instanceof Error ? error.message : String(error));
  for (const cause of error instanceof Error ? causesOf(error) : []) stderr.write(`  because: ${cause}\n`);
  if (args.includes('--json')) stdout.write(`${jsonText(errorData(error))}\n`);
  return exitCodeOf(error);
}

/** Whoever read our output may stop reading. */
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed),
  );
}

const args = argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (error) {
  process.exitCode = fail(error, args);
}
