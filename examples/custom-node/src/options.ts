import { parseArgs } from 'node:util';

export const usage = `Usage: node dist/main.js [options]

Runs two nodes of a name registry in this process: one makes blocks, the other joins by hyper sync.

  --in-process      connect the nodes without sockets
  --without-quorum  have too few members vote for the blocks, to see the newcomer refuse them
  --verbose         print what the nodes log
  --help            this text

Exit codes: 0 both nodes have the same state; 1 they have not; 2 bad arguments.
`;

export interface Options {
  readonly isInProcess: boolean;
  readonly hasQuorum: boolean;
  readonly isVerbose: boolean;
  readonly isHelpWanted: boolean;
}

/** @throws TypeError with a message for the person who typed the arguments */
export function parseOptions(args: readonly string[]): Options {
  const flag = { type: 'boolean', default: false } as const;
  const options = { 'in-process': flag, 'without-quorum': flag, verbose: flag, help: flag };
  const { values } = parseArgs({ args: [...args], options });
  return {
    isInProcess: values['in-process'],
    hasQuorum: !values['without-quorum'],
    isVerbose: values.verbose,
    isHelpWanted: values.help,
  };
}
