import { toHex } from '@hs/bytes';
import { formatCoins, parseCoins, transferRestrictions } from '@hs/dao-coin';
import { type Transaction, transactionCodec, transactionHash } from '@hs/wire';
import { choice, optional, type Setting, text, toggle, value } from '../../config/setting.js';
import type { NodeSettings } from '../../config/settings.js';
import type { TransactionOptions } from '../../example-chain/wallet.js';
import { NodeError } from '../../node-error.js';
import { type Command, type CommandOptions, command, type OptionValues } from '../command.js';
import { accountOf, TransactionClient, transactionSettings } from '../transaction-client.js';

const sendOptions = {
  noWait: toggle('no-wait', 'do not wait until the transaction is in a block'),
  dryRun: toggle('dry-run', 'sign and try the transaction on the present state, but do not send it'),
};
const coinOption = text('coin', { placeholder: 'ACCOUNT', help: 'whose DAO coin: a public key or @username' });
const toOption = text('to', { placeholder: 'ACCOUNT', help: 'who gets it: a public key or @username' });
const amountOption: Setting<bigint> = value('amount', parseCoins, {
  placeholder: 'COINS',
  help: 'an amount of coins such as 1.5; up to 18 decimals',
});
const nanosOption: Setting<bigint> = value(
  'nanos',
  (given) => {
    if (!/^[1-9]\d{0,19}$/.test(given)) throw new RangeError(`must be a positive whole number, not "${given}"`);
    return BigInt(given);
  },
  { placeholder: 'NUMBER', help: 'an amount in nanos of the money of the chain' },
);
const yesOption = toggle('yes', 'do it, although it cannot be undone');

const restrictions = {
  unrestricted: transferRestrictions.unrestricted,
  'profile-owner-only': transferRestrictions.profileOwnerOnly,
  'dao-members-only': transferRestrictions.daoMembersOnly,
  'permanently-unrestricted': transferRestrictions.permanentlyUnrestricted,
} as const;

/** A command that signs one transaction, tries it on the present state, sends it, and waits for its block. */
function transactionCommand<const Options extends CommandOptions>(spec: {
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  readonly example: string;
  readonly isFinal?: (options: OptionValues<Options>) => boolean;
  make(
    client: TransactionClient,
    options: OptionValues<Options>,
    nonce: TransactionOptions,
  ): Promise<{ readonly transaction: Transaction; readonly done: string }>;
}): Command {
  return command({
    name: spec.name,
    summary: spec.summary,
    details: [
      'The transaction is tried on the present state by the rules of the chain before it is sent, so that it fails early and says why. --key signs it; the fee is the least that the chain takes.',
    ],
    settings: transactionSettings,
    options: { ...spec.options, ...sendOptions, yes: yesOption } as Options &
      typeof sendOptions & { yes: Setting<boolean> },
    examples: [`${spec.name} ${spec.example} --chain chain.json --key alice.key`],
    async run({ settings, options, signal, note, progress }) {
      const { noWait, dryRun, yes } = options as unknown as { noWait: boolean; dryRun: boolean; yes: boolean };
      if (spec.isFinal?.(options) === true && !yes && !dryRun) {
        throw new NodeError('NODE_CONFIGURATION', `${spec.name} cannot be undone: say --yes if that is what you want`);
      }
      const client = await openClient(settings, { signal, note });
      const { transaction, done } = await spec.make(client, options, await client.nonce());
      await client.tryOut(transaction);
      const id = toHex(transactionHash(transaction));
      const data = { id, feeNanos: transaction.feeNanos, signer: transaction.publicKey, encoded: encoded(transaction) };
      if (dryRun)
        return { data: { ...data, status: 'not-sent' }, text: `would have ${done}: transaction ${id}, not sent` };
      await client.submit(transaction);
      if (noWait) return { data: { ...data, status: 'waiting' }, text: `sent: transaction ${id} waits for a block` };
      progress.show(() => `waiting for a block with transaction ${id}`);
      const { height, blockHash } = await client.included(transaction);
      return {
        data: { ...data, status: 'included', height, blockHash },
        text: `${done}: transaction ${id} in block ${height}`,
      };
    },
  });
}

function openClient(
  settings: Pick<NodeSettings, (typeof transactionSettings)[number]>,
  context: { readonly signal: AbortSignal; readonly note: (line: string) => void },
): Promise<TransactionClient> {
  return TransactionClient.open(settings, context);
}

function encoded(transaction: Transaction): string {
  return toHex(transactionCodec.encode(transaction));
}

export const txCreateProfile: Command = transactionCommand({
  name: 'tx create-profile',
  summary: 'Creates the profile of the signer, which a DAO coin needs, or changes it.',
  options: {
    username: text('username', { placeholder: 'NAME', help: 'letters, digits and underscores; taken or free is said' }),
    description: optional(text('description', { help: 'about the profile' })),
  },
  example: '--username alice',
  async make({ wallet }, { username, description }, nonce) {
    const fields = { username, ...(description === undefined ? {} : { description }) };
    return { transaction: wallet.updateProfile(fields, nonce), done: `the profile @${username} stands` };
  },
});

export const txMint: Command = transactionCommand({
  name: 'tx mint',
  summary: "Mints coins of the signer's own DAO coin.",
  options: { amount: amountOption },
  example: '--amount 1000000',
  async make({ wallet }, { amount }, nonce) {
    return { transaction: wallet.mint(amount, nonce), done: `minted ${formatCoins(amount)} coins` };
  },
});

export const txBurn: Command = transactionCommand({
  name: 'tx burn',
  summary: 'Burns coins that the signer holds.',
  options: { coin: coinOption, amount: amountOption },
  example: '--coin @dao --amount 2.5',
  async make(client, { coin, amount }, nonce) {
    const creator = await accountOf(client.node, coin);
    return {
      transaction: client.wallet.burn(creator, { amount, ...nonce }),
      done: `burned ${formatCoins(amount)} coins`,
    };
  },
});

export const txTransfer: Command = transactionCommand({
  name: 'tx transfer',
  summary: 'Transfers coins of a DAO coin to somebody.',
  options: { coin: coinOption, to: toOption, amount: amountOption },
  example: '--coin @dao --to @bob --amount 2.5',
  async make(client, { coin, to, amount }, nonce) {
    const [creator, receiverPublicKey] = [await accountOf(client.node, coin), await accountOf(client.node, to)];
    const transaction = client.wallet.transferDaoCoin(creator, { receiverPublicKey, amount, ...nonce });
    return { transaction, done: `transferred ${formatCoins(amount)} coins to ${to}` };
  },
});

export const txRestrict: Command = transactionCommand({
  name: 'tx restrict',
  summary: "Says who may transfer the signer's DAO coin; permanently-unrestricted is final.",
  options: {
    transfers: choice('transfers', Object.keys(restrictions) as (keyof typeof restrictions)[], {
      help: `${Object.keys(restrictions).join(', ')}`,
    }),
  },
  example: '--transfers dao-members-only',
  isFinal: ({ transfers }) => transfers === 'permanently-unrestricted',
  async make({ wallet }, { transfers }, nonce) {
    const transaction = wallet.updateTransferRestriction(restrictions[transfers], nonce);
    return { transaction, done: `transfers are ${transfers}` };
  },
});

export const txDisableMinting: Command = transactionCommand({
  name: 'tx disable-minting',
  summary: "Ends the minting of the signer's DAO coin for ever; needs --yes.",
  options: {},
  example: '--yes',
  isFinal: () => true,
  async make({ wallet }, _options, nonce) {
    return { transaction: wallet.disableMinting(nonce), done: 'minting is disabled for ever' };
  },
});

export const txSend: Command = transactionCommand({
  name: 'tx send',
  summary: 'Sends money of the chain to somebody.',
  options: { to: toOption, nanos: nanosOption },
  example: '--to @bob --nanos 1000000',
  async make(client, { to, nanos }, nonce) {
    const transaction = client.wallet.transfer(
      [{ publicKey: await accountOf(client.node, to), amountNanos: nanos }],
      nonce,
    );
    return { transaction, done: `sent ${nanos} nanos to ${to}` };
  },
});
