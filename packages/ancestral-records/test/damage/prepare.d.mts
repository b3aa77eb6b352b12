export function prepare(folder: string, size: { readonly records: number; readonly changes: number }): Promise<void>;
