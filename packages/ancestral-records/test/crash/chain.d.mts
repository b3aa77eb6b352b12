import type { RecordChange, StateHasher, StateRootFunction } from '../../src/index.js';

export const period: number;
export const hasher: StateHasher;
export const stateRoot: StateRootFunction;
/** The changes of the block at a height: always the same. */
export function changesOf(height: number): RecordChange[];
export function wideChangesOf(height: number): RecordChange[];
