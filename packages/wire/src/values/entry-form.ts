/**
 * `stored`: as in the database, every entry with its encoder type and version. `checksum`: without these, at every level, as a value
 * enters the state checksum.
 */
export type EntryForm = 'stored' | 'checksum';
