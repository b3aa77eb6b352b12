/** A change of the layout of entries, which holds from a height on. In the order of their version numbers, 1 to 4. */
export const encoderMigrations = [
  'unlimitedDerivedKeys',
  'associationsAndAccessGroups',
  'balanceModel',
  'proofOfStake1StateSetup',
] as const;

/** Name of a change of layout. */
export type EncoderMigration = (typeof encoderMigrations)[number];

/** What a network's entries are laid out by. Nothing is taken from global settings. */
export interface EncoderParams {
  /** From which height on each change of layout holds; never falling in the order of {@link encoderMigrations}. */
  readonly migrationHeights: Readonly<Record<EncoderMigration, number>>;
}

/** The Go node's parameters for its networks. */
export const encoderParams: Readonly<Record<'mainnet' | 'testnet' | 'regtest', EncoderParams>> =
  /* @__PURE__ */ Object.freeze({
    mainnet: /* @__PURE__ */ heights(166_066, 205_386, 226_839, 349_167),
    testnet: /* @__PURE__ */ heights(467_217, 596_555, 683_058, 1_113_866),
    regtest: /* @__PURE__ */ heights(0, 0, 1, 1),
  });

function heights(
  unlimitedDerivedKeys: number,
  associationsAndAccessGroups: number,
  balanceModel: number,
  proofOfStake1StateSetup: number,
): EncoderParams {
  return Object.freeze({
    migrationHeights: Object.freeze({
      unlimitedDerivedKeys,
      associationsAndAccessGroups,
      balanceModel,
      proofOfStake1StateSetup,
    }),
  });
}

/** Heights of version 0, which holds from the first block on, and of the migrations. @throws RangeError */
export function versionHeights({ migrationHeights }: EncoderParams): readonly number[] {
  const found = [0, ...encoderMigrations.map((name) => migrationHeights[name])];
  for (const [version, height] of found.entries()) {
    if (!Number.isSafeInteger(height) || height < (found[version - 1] ?? 0)) {
      throw new RangeError('migration heights must be safe integers that never fall from one migration to the next');
    }
  }
  return found;
}
