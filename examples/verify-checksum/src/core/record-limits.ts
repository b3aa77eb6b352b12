/** What one record may take. A longer one is refused as soon as its length is read, before memory is set aside for it. */
export interface RecordLimits {
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
}

export const defaultRecordLimits: RecordLimits = { maxKeyBytes: 64 * 1024, maxValueBytes: 32 * 1024 * 1024 };
