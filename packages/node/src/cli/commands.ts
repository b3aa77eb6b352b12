import type { Command } from './command.js';
import { configPrint } from './commands/config-print.js';
import { helpCommand } from './commands/help-command.js';
import { keysAccount, keysGenerate, keysShow } from './commands/keys.js';
import { peers } from './commands/peers.js';
import { run } from './commands/run.js';
import { status } from './commands/status.js';

/** All commands of `hs-node`, in the order of the help. */
export const commands: readonly Command[] = [
  run,
  status,
  peers,
  keysGenerate,
  keysShow,
  keysAccount,
  configPrint,
  helpCommand(() => commands),
];
