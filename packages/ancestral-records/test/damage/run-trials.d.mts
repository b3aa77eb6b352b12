export interface Flip {
  readonly id: number;
  readonly file: string;
  readonly offset: number;
  readonly mask: number;
}

export interface TrialResult {
  readonly class: string;
  readonly isFound?: boolean;
  readonly isSound?: boolean;
}

export function chooseFlips(
  folder: string,
  options: { readonly count: number; readonly seed: string },
): Promise<Flip[]>;

export function runTrials(
  folder: string,
  flips: readonly Flip[],
  options?: {
    readonly workers?: number;
    readonly timeoutMs?: number;
    readonly onResult?: (flip: Flip, result: TrialResult) => void;
  },
): Promise<TrialResult[]>;

export function verdict(result: TrialResult): string | undefined;
