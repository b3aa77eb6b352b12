import { defineConfig } from 'tsup';
import { tsupConfig } from '../../config/tsup.mjs';

/** The page: everything it needs in one folder, whatever it imports bundled. */
export default defineConfig(
  tsupConfig(
    { page: 'src/page/page.ts', 'hash-worker': 'src/page/hash-worker.ts' },
    {
      platform: 'browser',
      outDir: 'dist/web',
      publicDir: 'web',
      noExternal: [/./],
      external: [],
      // Files of the library that only declare things are left out unless something of them is used: as it should be.
      esbuildOptions: (options) => {
        options.logOverride = { 'ignored-bare-import': 'silent' };
      },
    },
  ),
);
