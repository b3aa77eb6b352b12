import { jestConfig } from '../../config/jest.mjs';

// Several processes one after the other in a test, on a machine that may be busy.
export default jestConfig({ testTimeout: 120_000 });
