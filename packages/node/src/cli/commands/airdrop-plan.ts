import { toHex } from '@hs/bytes';
import { formatCoins, parseCoins } from '@hs/dao-coin';
import { integer, list, optional, text, toggle, value } from '../../config/setting.js';
import { NodeError } from '../../node-error.js';
import { circulationOf, holdersAt, holdersIn } from '../airdrop/holders.js';
import { type AirdropPlan, planPositional, writePlan } from '../airdrop/plan.js';
import { shareOut } from '../airdrop/share-out.js';
import { type Command, command } from '../command.js';
import { NodeClient, nodeUrl } from '../node-client.js';
import { readChain } from '../read-chain.js';
import { accountOf, requireSameChain } from '../transaction-client.js';
import { countedText } from '../units.js';

const millionths = 1_000_000n;

export const airdropPlan: Command = command({
  name: 'airdrop plan',
  summary: 'Plans an airdrop: a share of a DAO coin for the holders of a coin, pro rata, into a file.',
  details: [
    'Holders are those of a DAO coin at a retained snapshot, or of a file with a public key and a weight on each line, such as the holders of a creator coin. The owner of the coin that is given gets nothing, nor does --exclude. ' +
      'Shares are exact: what does not divide goes to the largest remainders. Nothing is sent: look at the file, then "airdrop run" it.',
  ],
  positionals: [{ ...planPositional, help: 'new file for the plan' }],
  settings: ['chain', 'url', 'http'],
  options: {
    coin: text('coin', { placeholder: 'ACCOUNT', help: 'whose DAO coin is given: a public key or @username' }),
    holdersOf: optional(text('holders-of', { placeholder: 'ACCOUNT', help: 'whose holders get it' })),
    height: optional(
      integer('height', { help: 'the retained snapshot at which they held; the newest without it', least: 0 }),
    ),
    holders: optional(text('holders', { placeholder: 'FILE', help: 'who gets it: PUBLIC_KEY WEIGHT on each line' })),
    share: optional(
      value('share', percentage, { placeholder: 'PERCENT', help: 'how much of all coins, those of --mint included' }),
    ),
    amount: optional(value('amount', parseCoins, { placeholder: 'COINS', help: 'how much, in coins' })),
    mint: optional(value('mint', parseCoins, { placeholder: 'COINS', help: 'mint so many coins first' })),
    disableMinting: toggle('disable-minting', 'end minting for ever when all are paid'),
    exclude: list('exclude', (account) => account, { placeholder: 'ACCOUNT', help: 'who gets nothing' }),
  },
  examples: [
    'airdrop plan drop.json --chain chain.json --coin @dao --holders-of @dao --height 12000 --mint 100000000 --share 10%',
    'airdrop plan drop.json --chain chain.json --coin @dao --holders creator-coin.txt --amount 5000 --disable-minting',
  ],
  async run({ args: [path = ''], settings, options, signal }) {
    const { share, amount, mint = 0n } = options;
    if ((options.holdersOf === undefined) === (options.holders === undefined)) throw oneOf('--holders-of', '--holders');
    if ((share === undefined) === (amount === undefined)) throw oneOf('--share', '--amount');
    const chain = readChain(settings.chain);
    const node = new NodeClient(nodeUrl(settings), { signal });
    await requireSameChain(node, chain);
    const coin = toHex(await accountOf(node, options.coin));
    const excluded = new Set([coin]);
    for (const account of options.exclude) excluded.add(toHex(await accountOf(node, account)));
    const read = options.holders === undefined ? await holdersAt(node, options) : holdersIn(options.holders);
    const holdings = read.holdings
      .filter(({ holder }) => !excluded.has(holder))
      .sort((a, b) => (a.holder < b.holder ? -1 : 1));
    const total = amount ?? (((await circulationOf(node, coin)) + mint) * (share ?? 0n)) / (100n * millionths);
    if (total === 0n || holdings.length === 0) {
      const why = total === 0n ? 'the share of all coins is nothing' : 'nobody holds the coin who is not excluded';
      throw new NodeError('NODE_CONFIGURATION', `there is nothing to give: ${why}`);
    }
    const amounts = shareOut(total, holdings);
    const plan: AirdropPlan = {
      format: 'hs-airdrop',
      version: 1,
      genesisHash: toHex(chain.genesisHash),
      coin,
      holdersOf: read.holdersOf,
      mint: String(mint),
      disableMinting: options.disableMinting,
      total: String(total),
      payments: holdings
        .map(({ holder, weight }, index) => ({ to: holder, weight: String(weight), amount: String(amounts[index]) }))
        .filter((payment) => payment.amount !== '0'),
    };
    writePlan(path, plan);
    const { payments, ...facts } = plan;
    const where = read.holdersOf === null ? '' : ` who held at block ${read.holdersOf.height}`;
    return {
      data: { ...facts, file: path, payments: payments.length },
      text: `${formatCoins(total)} coins for ${countedText(payments.length, 'account')}${where}: planned in ${path}\nnext: hs-node airdrop run ${path} --key FILE`,
    };
  },
});

/** Millionths of a percent in `10%` or `0.5%`. */
function percentage(given: string): bigint {
  const [, whole = '', fraction = ''] = /^(\d{1,3})(?:\.(\d{1,6}))?%?$/.exec(given) ?? [];
  const share = BigInt(whole === '' ? 0 : whole + fraction.padEnd(6, '0'));
  if (share <= 0n || share > 100n * millionths)
    throw new RangeError(`must be a percentage such as 10% or 0.5%, not "${given}"`);
  return share;
}

function oneOf(one: string, other: string): NodeError {
  return new NodeError('NODE_CONFIGURATION', `either ${one} or ${other} is needed, and not both`);
}
