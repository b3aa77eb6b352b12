import { recordBytes, type SimulatedRecord } from './simulated-snapshot.js';

/** Records of one answer; they stay in memory until nothing has a part of them. */
export interface SimulatedChunk {
  readonly peer: string;
  readonly records: readonly SimulatedRecord[];
  readonly bytes: number;
  users: number;
}

/** What is kept for an attempt. */
export interface KeptRecords {
  readonly peer: string;
  readonly range: number;
  readonly records: SimulatedRecord[];
  readonly chunks: SimulatedChunk[];
}

/** The newcomer's memory: what it keeps for its attempts, and how many bytes that holds. */
export class SimulatedMemory {
  readonly #kept = new Map<number, KeptRecords>();
  heldBytes = 0;

  get attempts(): Iterable<number> {
    return this.#kept.keys();
  }

  get size(): number {
    return this.#kept.size;
  }

  of(attempt: number): KeptRecords | undefined {
    return this.#kept.get(attempt);
  }

  keep(
    chunk: SimulatedChunk,
    part: { readonly attempt: number; readonly range: number; readonly fromRecord: number; readonly toRecord: number },
  ): KeptRecords {
    const { attempt, range, fromRecord, toRecord } = part;
    const kept = this.#kept.get(attempt) ?? { peer: chunk.peer, range, records: [], chunks: [] };
    kept.records.push(...chunk.records.slice(fromRecord, toRecord));
    kept.chunks.push(chunk);
    if (chunk.users === 0) this.heldBytes += chunk.bytes;
    chunk.users++;
    this.#kept.set(attempt, kept);
    return kept;
  }

  discard(attempt: number): void {
    const kept = this.#kept.get(attempt);
    this.#kept.delete(attempt);
    for (const chunk of kept?.chunks ?? []) {
      chunk.users--;
      if (chunk.users === 0) this.heldBytes -= chunk.bytes;
    }
  }
}

export function createChunk(peer: string, records: readonly SimulatedRecord[]): SimulatedChunk {
  return { peer, records, bytes: recordBytes(records), users: 0 };
}
