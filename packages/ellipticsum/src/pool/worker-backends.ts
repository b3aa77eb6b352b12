import { createBackend, type SelectedBackend } from '../create-backend.js';

/** Opens a backend by name for one domain. */
export type OpenBackend = (name: string, domain: string) => Promise<SelectedBackend>;

/** The backends that workers can open: those of `createBackend`. */
export const openWorkerBackend: OpenBackend = async (name, domain) =>
  createBackend({ backend: name as SelectedBackend['name'], domain });
