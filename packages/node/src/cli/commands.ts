import type { Command } from './command.js';
import { airdropPlan } from './commands/airdrop-plan.js';
import { airdropRun, airdropStatus } from './commands/airdrop-run.js';
import { chainCreate, chainShow } from './commands/chain.js';
import { configPrint } from './commands/config-print.js';
import { helpCommand } from './commands/help-command.js';
import { keysAccount, keysGenerate, keysShow } from './commands/keys.js';
import { peers } from './commands/peers.js';
import { rebuild } from './commands/rebuild.js';
import { repair } from './commands/repair.js';
import { rewind } from './commands/rewind.js';
import { run } from './commands/run.js';
import { snapshotExport } from './commands/snapshot-export.js';
import { snapshotImport } from './commands/snapshot-import.js';
import { snapshotInspect } from './commands/snapshot-inspect.js';
import { snapshotVerify } from './commands/snapshot-verify.js';
import { status } from './commands/status.js';
import { txBurn, txCreateProfile, txDisableMinting, txMint, txRestrict, txSend, txTransfer } from './commands/tx.js';
import { verify } from './commands/verify.js';

/** All commands of `hs-node`, in the order of the help. */
export const commands: readonly Command[] = [
  run,
  status,
  peers,
  snapshotExport,
  snapshotImport,
  snapshotInspect,
  snapshotVerify,
  verify,
  repair,
  rebuild,
  rewind,
  chainCreate,
  chainShow,
  keysGenerate,
  keysShow,
  keysAccount,
  txCreateProfile,
  txMint,
  txBurn,
  txTransfer,
  txRestrict,
  txDisableMinting,
  txSend,
  airdropPlan,
  airdropRun,
  airdropStatus,
  configPrint,
  helpCommand(() => commands),
];
