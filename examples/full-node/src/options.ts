import { parseArgs } from 'node:util';

/** What the example was asked to do. */
export interface Options {
  readonly kind: 'run';
  /** Leave the network running at the end. */
  readonly isKept: boolean;
  /** Share of the usual amount of transactions; below 1 for a quick look. */
  readonly scale: number;
}

export const usage = `usage: npm start [-- options]

Starts three full nodes on this machine, fills their chain with signed transactions, and lets two newcomers join:
one by hyper sync, one by block sync.

  --keep        leave the network running at the end and say how to look at it
  --scale N     share of the usual amount of transactions, above 0 (default 1)
  --help        this text

Exit code 0 only if every check of the report held; 1 if one did not, 2 for wrong options, 130 after Ctrl-C.
`;

/** What the command line says; `wrong` with a message fit for the terminal. */
export function readOptions(
  args: readonly string[],
): Options | { readonly kind: 'help' } | { readonly kind: 'wrong'; readonly message: string } {
  let values: { readonly keep?: boolean; readonly scale?: string; readonly help?: boolean };
  try {
    const options = {
      keep: { type: 'boolean' },
      scale: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    } as const;
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return { kind: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help === true) return { kind: 'help' };
  const scale = values.scale === undefined ? 1 : Number(values.scale);
  if (!(scale > 0 && scale <= 10)) {
    return { kind: 'wrong', message: '--scale must be a number above 0 and at most 10' };
  }
  return { kind: 'run', isKept: values.keep === true, scale };
}
