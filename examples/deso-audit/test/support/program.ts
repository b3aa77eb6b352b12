import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuditReport } from '../../src/report/report.js';

export const exampleFolder: string = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the built program in a process of its own. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
}

export function start(args: readonly string[]): Running {
  return started(process.execPath, ['dist/main.js', ...args]);
}

/** As on a disk that is full when a file has this many kibibytes. */
export function runWithFullDisk(kibibytes: number, args: readonly string[]): Promise<Outcome> {
  const limits = `trap '' XFSZ; ulimit -f ${2 * kibibytes}; exec "$0" "$@"`;
  return started('sh', ['-c', limits, process.execPath, 'dist/main.js', ...args]).ended;
}

function started(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { cwd: exampleFolder });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

export function run(args: readonly string[]): Promise<Outcome> {
  return start(args).ended;
}

export function reportOf({ stdout, stderr }: Outcome): AuditReport {
  if (stdout === '') throw new Error(`no report: ${stderr}`);
  return JSON.parse(stdout) as AuditReport;
}

/** A data folder that is deleted at the end of the test. */
export class TemporaryFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'deso-audit-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
