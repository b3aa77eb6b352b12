/** Jobs of the worker by name. */
export const jobs: Readonly<Record<string, object>>;
