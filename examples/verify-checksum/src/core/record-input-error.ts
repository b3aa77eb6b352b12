/** Input that is not a list of records. The message says where it went wrong and why. */
export class RecordInputError extends Error {
  readonly code = 'RECORD_INPUT';

  constructor(message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'RecordInputError';
  }
}
