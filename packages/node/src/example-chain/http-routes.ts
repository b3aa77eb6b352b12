import {
  type BalanceEntry,
  balanceEntryCodec,
  type CoinEntry,
  holdersKeyPrefix,
  holdingsKeyPrefix,
  type ProfileEntry,
  pkidOf,
  pkidOfUsername,
  profileOf,
  publicKeyOf,
} from '@hs/dao-coin';
import { HttpError } from '../http/http-error.js';
import type { HttpNode } from '../http/http-node.js';
import {
  amountSchema,
  arrayOf,
  countSchema,
  flagSchema,
  hexSchema,
  type JsonSchema,
  objectSchema,
  textSchema,
} from '../http/json-schema.js';
import { hexParameter, optionalHexParameter, textParameter } from '../http/parameter.js';
import { allowStaleParameter, heightParameter, requireSynced, syncedErrors } from '../http/require-synced.js';
import type { Reply, Route, RouteRequest } from '../http/route.js';
import { limitParameter, requireCursor } from '../http/routes/state-routes.js';
import { readStateAt, type StateAt } from '../http/state-at.js';
import { balanceOfPublicKey } from './balance.js';
import type { ExampleHeader } from './header.js';
import { longestStateKeyBytes } from './state-keys.js';

const at = { height: countSchema, stateRoot: hexSchema(32) };
const publicKeySchema = hexSchema(33);

const coinSchema: JsonSchema = objectSchema({
  circulation: amountSchema,
  holders: amountSchema,
  isMintingDisabled: flagSchema,
  transferRestriction: { type: 'integer', minimum: 0, maximum: 255 },
});

const profileSchema: JsonSchema = objectSchema({ username: textSchema, description: textSchema, coin: coinSchema });

const balanceSchema: JsonSchema = objectSchema({
  holder: publicKeySchema,
  creator: publicKeySchema,
  balance: amountSchema,
});

const accountParameter = hexParameter(
  { name: 'publicKey', place: 'path', description: 'A compressed public key: 33 bytes as hex.' },
  { minimum: 33, maximum: 33 },
);
const usernameParameter = textParameter(
  { name: 'username', place: 'path', description: 'A username; the case of letters does not matter.' },
  { pattern: '^[A-Za-z0-9_]{1,25}$', expected: 'a username: letters, digits and underscores' },
);
const cursorParameter = optionalHexParameter(
  { name: 'cursor', place: 'query', description: 'The `next` of the page before.' },
  { minimum: 1, maximum: longestStateKeyBytes + 1 },
);

const utf8 = new TextDecoder();

/** Routes of the example chain: accounts, profiles, and who holds how much of which DAO coin. */
export function exampleChainRoutes(node: HttpNode<ExampleHeader>): readonly Route[] {
  /** Reads at the height that the request names. */
  const read = (
    { get, signal }: RouteRequest,
    answer: (state: StateAt) => Promise<Readonly<Record<string, unknown>>>,
  ): Promise<Reply> => {
    requireSynced(node, { isStaleAllowed: get(allowStaleParameter) });
    return readStateAt(node.store, { height: get(heightParameter), signal }, async (state) => ({
      json: { height: state.height, stateRoot: state.stateRoot, ...(await answer(state)) },
    }));
  };
  const stateErrors = [...syncedErrors, 'HTTP_BUSY', 'HTTP_HEIGHT_UNAVAILABLE'] as const;
  const shared = { method: 'GET', tag: 'coins', errors: stateErrors } as const;
  const pageSchema = objectSchema({ ...at, balances: arrayOf(balanceSchema), 'next?': hexSchema() });
  const page = { 200: { description: 'A page, in key order. `next` is missing on the last one.', schema: pageSchema } };
  const pageParameters = [accountParameter, cursorParameter, limitParameter, heightParameter, allowStaleParameter];

  return [
    {
      ...shared,
      path: '/v1/accounts/{publicKey}',
      operationId: 'getAccount',
      summary: 'An account: its balance, and its profile if it has one.',
      description: 'A key that was never used is an account with nothing.',
      parameters: [accountParameter, heightParameter, allowStaleParameter],
      replies: {
        200: {
          description: 'The account.',
          schema: objectSchema({
            ...at,
            publicKey: publicKeySchema,
            pkid: publicKeySchema,
            balanceNanos: amountSchema,
            'profile?': profileSchema,
          }),
        },
      },
      handle: (request) =>
        read(request, async (state) => {
          const publicKey = request.get(accountParameter);
          const pkid = await pkidOf(state, publicKey);
          const profile = await profileOf(state, pkid);
          const balanceNanos = await balanceOfPublicKey(state, publicKey);
          return { publicKey, pkid, balanceNanos, profile: profile && describeProfile(profile) };
        }),
    },
    {
      ...shared,
      path: '/v1/accounts/{publicKey}/coins',
      operationId: 'listCoinsOfAccount',
      summary: 'The DAO coins that an account holds, in pages.',
      parameters: pageParameters,
      replies: page,
      handle: (request) => read(request, (state) => listBalances(state, request, holdingsKeyPrefix)),
    },
    {
      ...shared,
      path: '/v1/coins/{publicKey}/holders',
      operationId: 'listHoldersOfCoin',
      summary: 'Who holds the DAO coin of a profile, in pages.',
      description: 'Name a snapshot height to get all pages of one state, for instance to pay holders pro rata.',
      parameters: pageParameters,
      replies: page,
      handle: (request) => read(request, (state) => listBalances(state, request, holdersKeyPrefix)),
    },
    {
      ...shared,
      path: '/v1/usernames/{username}',
      operationId: 'getUsername',
      summary: 'Who has a username.',
      parameters: [usernameParameter, heightParameter, allowStaleParameter],
      replies: {
        200: {
          description: 'The public key of the profile.',
          schema: objectSchema({ ...at, username: textSchema, publicKey: publicKeySchema }),
        },
      },
      errors: [...stateErrors, 'HTTP_RECORD_NOT_FOUND'],
      handle: (request) =>
        read(request, async (state) => {
          const username = request.get(usernameParameter);
          const pkid = await pkidOfUsername(state, username);
          if (pkid === undefined) throw new HttpError('HTTP_RECORD_NOT_FOUND', 'nobody has this username');
          return { username, publicKey: await publicKeyOf(state, pkid) };
        }),
    },
  ];
}

async function listBalances(
  state: StateAt,
  { get }: RouteRequest,
  prefixOf: (pkid: Uint8Array) => Uint8Array,
): Promise<Readonly<Record<string, unknown>>> {
  const prefix = prefixOf(await pkidOf(state, get(accountParameter)));
  const cursor = requireCursor(get(cursorParameter), prefix);
  const { records, next } = await state.page({ prefix, cursor, limit: get(limitParameter) });
  const balances = [];
  for (const { value } of records) balances.push(await describeBalance(state, balanceEntryCodec.decode(value)));
  return { balances, next };
}

async function describeBalance(
  state: StateAt,
  { holderPkid, creatorPkid, balance }: BalanceEntry,
): Promise<Readonly<Record<string, unknown>>> {
  return { holder: await publicKeyOf(state, holderPkid), creator: await publicKeyOf(state, creatorPkid), balance };
}

function describeProfile({ username, description, daoCoinEntry }: ProfileEntry): Readonly<Record<string, unknown>> {
  return {
    username: utf8.decode(username),
    description: utf8.decode(description),
    coin: describeCoin(daoCoinEntry),
  };
}

function describeCoin(coin: CoinEntry): Readonly<Record<string, unknown>> {
  const { coinsInCirculation, numberOfHolders, isMintingDisabled, transferRestriction } = coin;
  return { circulation: coinsInCirculation, holders: numberOfHolders, isMintingDisabled, transferRestriction };
}
